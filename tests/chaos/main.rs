//! What must hold while things go wrong: worker processes on ministack that are killed, stopped and lied to.

mod effects;
mod killed;
mod lost_answers;
mod scene;
mod stopped;
mod visibility;
mod worker_process;
