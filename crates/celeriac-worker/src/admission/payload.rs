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

/// Reads a message without its payload. That of protocol 1 has the task's name and id in it: it is
/// read here, up to a size, and elsewhere.
pub(super) async fn envelope(
    engine: &Engine,
    delivery: &mut Delivery,
) -> Result<Arc<Envelope>, DecodeError> {
    let limits = engine.limits;
    let read = if delivery.body.len() <= SMALL {
        Envelope::decode_outer(&delivery.body, &limits)
    } else {
        let body = std::mem::take(&mut delivery.body);
        let decode = move || (Envelope::decode_outer(&body, &limits), body);
        let (read, body) = Box::pin(elsewhere(decode)).await;
        delivery.body = body;
        read
    };
    let envelope = Arc::new(read?);
    if envelope.is_identified() {
        return Ok(envelope);
    }
    check(engine, &envelope)?;
    let identified = move || Arc::unwrap_or_clone(envelope).identified(&limits);
    Box::pin(elsewhere(identified)).await.map(Arc::new)
}

/// `accept_content`.
fn check(engine: &Engine, envelope: &Envelope) -> Result<(), DecodeError> {
    let accepted = engine.parts.settings.accept_content.as_ref();
    accepted.map_or(Ok(()), |accepted| accepted.check(envelope))?;
    Ok(())
}

/// Reads the payload.
pub(super) async fn read(engine: &Engine, call: &Call) -> Result<Payload, DecodeError> {
    let (envelope, limits) = (Arc::clone(&call.envelope), engine.limits);
    check(engine, &envelope)?;
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
