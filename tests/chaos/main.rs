//! What must hold while things go wrong, on ministack and on SQLite: worker processes that are
//! killed, stopped, lied to and fed with rubbish; and what a task costs in requests and time.

mod beat;
mod beat_process;
mod broken_bodies;
mod budget;
mod chords;
mod counted;
mod dev;
mod effects;
mod function;
mod function_process;
mod killed;
mod latency;
mod lost_answers;
mod malformed;
mod metrics;
mod permissions;
mod scene;
mod schedule_evaluator;
mod schedules;
mod stopped;
mod visibility;
mod worker_process;

/// Written from AWS's documentation alone, for the crate that renders expressions.
#[path = "../../crates/celeriac-beat/tests/eventbridge/evaluator.rs"]
mod evaluator;
#[path = "../../crates/celeriac-beat/tests/eventbridge/local_clock.rs"]
#[expect(dead_code, reason = "the crate's own tests use all of it")]
mod local_clock;
