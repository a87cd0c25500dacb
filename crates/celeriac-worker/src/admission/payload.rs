//! What a message says to run, and what is to follow it. A hostile or damaged payload is the one
//! thing here that could take a process with it, so that it is read after the claim, which counts
//! the run, and never on a thread that keeps leases and visibility.

use std::sync::Arc;

use celeriac_core::Delivery;
use celeriac_protocol::{DecodeError, Embed, Envelope, Payload};
use tokio::task;

use crate::call::Call;
use crate::engine::Engine;

/// Bytes that are read where they are: in a tenth of a millisecond.
const SMALL: usize = 32 * 1024;

/// Reads a message without its payload.
pub(super) async fn envelope(
    engine: &Engine,
    delivery: &mut Delivery,
) -> Result<Envelope, DecodeError> {
    if delivery.body.len() <= SMALL {
        return Envelope::decode(&delivery.body, &engine.limits);
    }
    let body = std::mem::take(&mut delivery.body);
    let limits = engine.limits;
    let decode = move || (Envelope::decode(&body, &limits), body);
    let (read, body) = Box::pin(elsewhere(decode)).await;
    delivery.body = body;
    read
}

/// Reads the payload.
pub(super) async fn read(engine: &Engine, call: &Call) -> Result<Payload, DecodeError> {
    let (envelope, limits) = (Arc::clone(&call.envelope), engine.limits);
    if let Some(accepted) = &engine.parts.settings.accept_content {
        accepted.check(&envelope)?;
    }
    let is_compressed = envelope.headers.compression.is_some();
    if envelope.body.len() <= SMALL && !is_compressed {
        return envelope.payload(&limits);
    }
    Box::pin(elsewhere(move || envelope.payload(&limits))).await
}

/// What follows a task in its workflow; nothing where the payload cannot be read.
pub(super) async fn embed(engine: &Engine, call: &Call) -> Embed {
    let payload = read(engine, call).await;
    payload.map(|payload| payload.embed).unwrap_or_default()
}

async fn elsewhere<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> T {
    match task::spawn_blocking(read).await {
        Ok(read) => read,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => std::future::pending().await, // the runtime is ending
        },
    }
}
