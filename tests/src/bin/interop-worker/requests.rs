//! Tasks that look at themselves, and show what they do.

use celeriac::prelude::*;
use serde::Serialize;

#[task(name = "w.progress")]
pub(crate) async fn progress(
    ctx: Context,
    #[default(2.0)] seconds: f64,
) -> TaskResult<&'static str> {
    ctx.progress(json!({"current": 5, "total": 10})).await?;
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    Ok("done")
}

/// What a running task knows about itself.
#[derive(Serialize)]
pub(crate) struct Known {
    id: String,
    root_id: String,
    parent_id: Option<String>,
    group: Option<String>,
    retries: u32,
    headers: Value,
    queue: String,
    eta: Option<String>,
}

#[task(name = "w.request_info")]
pub(crate) async fn request_info(ctx: Context) -> TaskResult<Known> {
    let own = ctx
        .headers()
        .iter()
        .filter(|(name, _)| name.starts_with("x-"))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Ok(Known {
        id: ctx.id().to_owned(),
        root_id: ctx.root_id().to_owned(),
        parent_id: ctx.parent_id().map(str::to_owned),
        group: ctx.group().map(str::to_owned),
        retries: ctx.retries(),
        headers: Value::Dict(own),
        queue: ctx.queue().to_owned(),
        eta: ctx.eta().map(UtcTime::to_iso),
    })
}

/// The time that a schedule fired for, by the clocks of its zone.
#[task(name = "w.scheduled")]
pub(crate) async fn scheduled(ctx: Context) -> TaskResult<String> {
    Ok(ctx.scheduled_time().to_string())
}
