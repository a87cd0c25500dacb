//! The rendering for EventBridge Scheduler against an evaluator written from AWS's documentation.

mod differences;
mod equivalence;
mod evaluator;
mod intervals;
mod local_clock;
mod refusals;
mod sample;
mod texts;
