//! What must hold while things go wrong, on ministack and on SQLite: worker processes that are killed, stopped, lied to and fed
//! with rubbish; and what a task costs in requests and time.

mod broken_bodies;
mod budget;
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
mod stopped;
mod visibility;
mod worker_process;
