//! The Rust side of the interop and chaos tests: an app whose tasks are those of
//! `tests/interop/celery_app.py`.

mod canvases;
mod effects;
mod outcomes;
mod requests;
mod values;

use celeriac::prelude::*;

#[tokio::main]
async fn main() -> ExitCode {
    let app = App::new("interop")
        .task(values::add)
        .task(values::defaults)
        .task(values::identity)
        .task(values::values)
        .task(values::noop)
        .task(canvases::total)
        .task(canvases::silent_total)
        .task(canvases::echo)
        .task(canvases::boom)
        .task(canvases::double)
        .task(canvases::next_two)
        .task(canvases::spread)
        .task(canvases::again)
        .task(effects::effects)
        .task(effects::slow_effects)
        .task(effects::slow_thread)
        .task(effects::ignored)
        .task(effects::retry_once)
        .task(outcomes::fail)
        .task(outcomes::panic)
        .task(outcomes::panic_blocking)
        .task(outcomes::retry_exhaust)
        .task(outcomes::sleep)
        .task(outcomes::sleep_started)
        .task(outcomes::sleep_hard)
        .task(outcomes::sleep_soft)
        .task(outcomes::reject)
        .task(outcomes::ignore)
        .task(requests::progress)
        .task(requests::request_info)
        .task(requests::scheduled);
    app.run().await
}
