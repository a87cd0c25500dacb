use celeriac_core::canvas::{Canvas, Chain, Chord, Group};
use celeriac_core::{SendError, SendOptions, TaskSignature};
use celeriac_protocol::{Signature, Value, Workflow};

use crate::canvas::ResultTree;
use crate::{AsyncResult, Client, GroupResult};

/// What a [`Client`] sends: a task, or a canvas.
pub trait Sends: Canvas + Send {
    /// Where its result is.
    type Handle;

    /// Sends it.
    #[doc(hidden)]
    fn send_by(
        self,
        client: &Client,
    ) -> impl Future<Output = Result<Self::Handle, SendError>> + Send;
}

impl<T, In> Sends for TaskSignature<T, In> {
    type Handle = AsyncResult<T>;

    async fn send_by(self, client: &Client) -> Result<AsyncResult<T>, SendError> {
        client.send_signature(self).await
    }
}

impl<T, In> Sends for Chain<T, In> {
    type Handle = AsyncResult<T>;

    async fn send_by(self, client: &Client) -> Result<AsyncResult<T>, SendError> {
        Ok(client.result_of(start(client, self).await?))
    }
}

impl<T, In> Sends for Chord<T, In> {
    type Handle = AsyncResult<T>;

    async fn send_by(self, client: &Client) -> Result<AsyncResult<T>, SendError> {
        Ok(client.result_of(start(client, self).await?))
    }
}

impl<T, In> Sends for Group<T, In> {
    type Handle = GroupResult<T>;

    async fn send_by(self, client: &Client) -> Result<GroupResult<T>, SendError> {
        Ok(client.group_result_of(start(client, self).await?))
    }
}

impl Sends for Workflow {
    type Handle = AsyncResult<Value>;

    async fn send_by(self, client: &Client) -> Result<AsyncResult<Value>, SendError> {
        Ok(client.result_of(start(client, self).await?))
    }
}

impl Sends for Signature {
    type Handle = AsyncResult<Value>;

    async fn send_by(self, client: &Client) -> Result<AsyncResult<Value>, SendError> {
        self.into_workflow()?.send_by(client).await
    }
}

async fn start(client: &Client, canvas: impl Canvas) -> Result<ResultTree, SendError> {
    client
        .start(canvas.into_workflow()?, SendOptions::default())
        .await
}
