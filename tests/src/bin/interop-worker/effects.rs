//! Tasks that leave a line in a file: what really ran, and how often.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::time::SystemTime;

use celeriac::prelude::*;

#[task(name = "w.effects")]
pub(crate) async fn effects(path: String, ident: String) -> TaskResult<String> {
    effect(&path, &ident)?;
    Ok(ident)
}

/// Leaves its id when it begins and `ident` when it ends.
#[task(name = "w.slow_effects")]
pub(crate) async fn slow_effects(
    ctx: Context,
    path: String,
    ident: String,
    seconds: f64,
) -> TaskResult<String> {
    effect(&path, ctx.id())?;
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    effect(&path, &ident)?;
    Ok(ident)
}

/// The same on a thread.
#[task(name = "w.slow_thread")]
pub(crate) fn slow_thread(
    ctx: Context,
    path: String,
    ident: String,
    seconds: f64,
) -> TaskResult<String> {
    effect(&path, ctx.id())?;
    std::thread::sleep(Duration::from_secs_f64(seconds));
    effect(&path, &ident)?;
    Ok(ident)
}

#[task(name = "w.ignored", ignore_result)]
pub(crate) async fn ignored(path: String, ident: String) -> TaskResult<String> {
    effect(&path, &ident)?;
    Ok("ignored".to_owned())
}

#[task(name = "w.retry_once", max_retries = 3)]
pub(crate) async fn retry_once(
    ctx: Context,
    path: String,
    ident: String,
    #[default(1.0)] countdown: f64,
) -> TaskResult<u32> {
    if ctx.retries() < 1 {
        return Err(TaskError::Retry {
            countdown: Some(Duration::from_secs_f64(countdown)),
            eta: None,
            max_retries: None,
            cause: Some(Failure::new("ValueError", "try again").into()),
            with: None,
        });
    }
    effect(&path, &ident)?;
    Ok(ctx.retries())
}

/// One appended line is one run; a write this short is atomic.
fn effect(path: &str, ident: &str) -> io::Result<()> {
    let now = SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap_or_default()
        .as_secs_f64();
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(format!("{ident} rust {now:.3}\n").as_bytes())
}
