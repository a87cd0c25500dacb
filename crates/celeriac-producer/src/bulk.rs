use celeriac_core::{SendError, TaskSignature};
use futures_util::{Stream, StreamExt};

use crate::{AsyncResult, Client};

/// Calls between the stream and the broker: enough to keep every request in flight full, little
/// memory.
const WINDOW: usize = 256;

impl Client {
    /// Sends every call of a stream, in batches, and gives their results in the stream's order. A
    /// failed send is its own item; the others go on.
    ///
    /// At most 256 calls are held at any time, so that a stream of a million needs no memory for
    /// them: what is not polled is not read from `calls`. Calls to one FIFO queue keep their order.
    /// Drop the stream to stop; calls taken already are still sent, except those that wait for room
    /// in a full buffer.
    ///
    /// ```no_run
    /// # use celeriac_core::SendError;
    /// # async fn example(client: celeriac_producer::Client) -> Result<(), SendError> {
    /// use futures_util::{StreamExt, TryStreamExt, stream};
    /// use celeriac_core::TaskSignature;
    ///
    /// let square = |n| TaskSignature::<i64>::new("tasks.square").arg(n);
    /// let sent = client.send_all(stream::iter(0..1_000_000).map(square));
    /// let sent = sent.try_fold(0, |count, _result| async move { Ok(count + 1) });
    /// assert_eq!(sent.await?, 1_000_000);
    /// # Ok(()) }
    /// ```
    pub fn send_all<T, In, S>(
        &self,
        calls: S,
    ) -> impl Stream<Item = Result<AsyncResult<T>, SendError>> + use<T, In, S>
    where
        S: Stream<Item = TaskSignature<T, In>>,
    {
        let client = self.clone();
        calls
            // one after the other: that is the order on the queue
            .then(move |call| accept(client.clone(), call))
            .map(|accepted| async move { accepted?.await })
            .buffered(WINDOW)
    }
}

async fn accept<T, In>(
    client: Client,
    call: TaskSignature<T, In>,
) -> Result<impl Future<Output = Result<AsyncResult<T>, SendError>> + Send, SendError> {
    let (call, options) = call.into_parts()?;
    client.accept(call, options).await
}
