//! The worker on SQLite.

mod accept_content;
mod beat;
mod canvas;
mod celery_reads;
mod detached;
mod endings;
mod health;
mod identity;
mod isolation;
mod life;
mod log;
mod malformed;
mod order;
mod outcomes;
mod refused_canvas;
mod retries;
mod shutdown;
mod sleeping_machine;
mod support;
mod troubles;
mod worker_accepts;
