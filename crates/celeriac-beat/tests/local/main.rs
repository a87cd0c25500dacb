//! Local beats over a store and a broker that fail when they are told to, by a clock that the tests
//! move.

mod cpu;
mod fake_clock;
mod fake_store;
mod faults;
mod handover;
mod outages;
mod recorder;
mod runs;
mod scene;
