use std::sync::Arc;

use celeriac_protocol::{Envelope, Limits};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A decoded message with its arguments, result and copies takes about this many times its body.
const BYTES_PER_BODY_BYTE: usize = 8;
/// Memory is counted in these.
const UNIT: usize = 1 << 10;

/// How many tasks run at once in this process, all invocations together: by number, and by the
/// memory that their messages take.
pub(crate) struct Room {
    tasks: Arc<Semaphore>,
    memory: Arc<Semaphore>,
    units: u32,
}

/// The right of one task to run, until it is dropped.
pub(crate) struct RunPermit {
    _task: OwnedSemaphorePermit,
    _memory: OwnedSemaphorePermit,
}

impl Room {
    /// For this many tasks in a function of this much memory, of which half is for their messages.
    pub(crate) fn new(tasks: usize, function_megabytes: usize) -> Self {
        let bytes = function_megabytes.max(1) << 19;
        let units = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX);
        Self {
            tasks: Arc::new(Semaphore::new(tasks.max(1))),
            memory: Arc::new(Semaphore::new(units as usize)),
            units,
        }
    }

    /// Waits until this message may run; one that is larger than all of the memory runs alone. Permits
    /// are given in the order in which they were asked for.
    pub(crate) async fn permit(&self, body: &str) -> Option<RunPermit> {
        self.permit_for(weight(body).await).await
    }

    async fn permit_for(&self, body_bytes: usize) -> Option<RunPermit> {
        let units = body_bytes.saturating_mul(BYTES_PER_BODY_BYTE) / UNIT + 1;
        let units = u32::try_from(units).unwrap_or(u32::MAX).min(self.units);
        let task = Arc::clone(&self.tasks).acquire_owned().await.ok()?;
        let memory = Arc::clone(&self.memory)
            .acquire_many_owned(units)
            .await
            .ok()?;
        Some(RunPermit {
            _task: task,
            _memory: memory,
        })
    }
}

/// Bytes of a message's body, or of what its payload is decompressed, which may be a thousand times
/// as many.
async fn weight(body: &str) -> usize {
    let limits = Limits::default();
    let whole = body.len();
    match Envelope::decode_outer(body, &limits) {
        Ok(envelope) if envelope.headers.compression.is_some() => {
            let counted = move || envelope.decompressed_len(&limits);
            let counted = tokio::task::spawn_blocking(counted).await;
            counted.map_or(whole, |bytes| bytes.max(whole))
        }
        _ => whole,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use celeriac_protocol::{
        Compression, Headers, Payload, Properties, Serializer, Value, WireForm,
    };
    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn large_messages_wait_for_memory_and_the_largest_runs_alone() {
        let room = Room::new(10, 16); // 8 MiB for messages: 1 MiB of bodies
        let small = room.permit_for(100).await.expect("a permit");
        let half = room.permit_for(600 << 10).await.expect("a permit");
        let wait = Duration::from_millis(10);
        assert!(timeout(wait, room.permit_for(600 << 10)).await.is_err());
        drop((small, half));
        let huge = timeout(wait, room.permit_for(100 << 20))
            .await
            .expect("alone");
        assert!(timeout(wait, room.permit_for(1)).await.is_err());
        drop(huge);
        assert!(timeout(wait, room.permit_for(1)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_so_many_tasks() {
        let room = Room::new(1, 128);
        let only = room.permit_for(1).await;
        assert!(
            timeout(Duration::from_millis(10), room.permit_for(1))
                .await
                .is_err()
        );
        drop(only);
        assert!(room.permit_for(1).await.is_some());
    }

    #[tokio::test]
    async fn a_compressed_message_weighs_what_it_becomes() {
        let payload = Payload {
            args: vec![Value::Str("x".repeat(2 << 20))],
            ..Payload::default()
        };
        let message = |compression| {
            let headers = Headers {
                task: "t".to_owned(),
                id: "id".to_owned(),
                ..Headers::default()
            };
            let properties = Properties::default();
            Envelope::new(headers, properties, &payload, Serializer::Json, compression)
                .expect("an envelope")
                .encode(WireForm::Celery)
        };
        let compressed = message(Some(Compression::Gzip));
        assert!(compressed.len() < 20_000);
        let bytes = weight(&compressed).await;
        assert!((2 << 20..(2 << 20) + 100).contains(&bytes), "{bytes}");
        let plain = message(None);
        assert_eq!(weight(&plain).await, plain.len());
        assert_eq!(weight("no message").await, 10);
    }
}
