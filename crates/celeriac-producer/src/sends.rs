use celeriac_core::canvas::{Canvas, Chain, Chord, Group};
use celeriac_core::{SendError, SendOptions, TaskSignature};
use celeriac_protocol::{Signature, Value, Workflow};

use crate::canvas::ResultTree;
use crate::{AsyncResult, Client, GroupResult};

/// What a [`Client`] sends: a task, or a canvas.
pub trait Sends: Canvas + Send {
    /// Where its result is.
    type Handle;

    /// Of results that will be there.
    #[doc(hidden)]
    fn handle(client: &Client, tree: ResultTree) -> Self::Handle;

    /// Sends it.
    #[doc(hidden)]
    fn send_by(
        self,
        client: &Client,
    ) -> impl Future<Output = Result<Self::Handle, SendError>> + Send;
}

impl<T, In> Sends for TaskSignature<T, In> {
    type Handle = AsyncResult<T>;

    fn handle(client: &Client, tree: ResultTree) -> AsyncResult<T> {
        client.result_of(tree)
    }

    async fn send_by(self, client: &Client) -> Result<AsyncResult<T>, SendError> {
        client.send_signature(self).await
    }
}

impl<T, In> Sends for Chain<T, In> {
    type Handle = AsyncResult<T>;

    fn handle(client: &Client, tree: ResultTree) -> AsyncResult<T> {
        client.result_of(tree)
    }

    async fn send_by(self, client: &Client) -> Result<AsyncResult<T>, SendError> {
        Ok(Self::handle(client, start(client, self).await?))
    }
}

impl<T, In> Sends for Chord<T, In> {
    type Handle = AsyncResult<T>;

    fn handle(client: &Client, tree: ResultTree) -> AsyncResult<T> {
        client.result_of(tree)
    }

    async fn send_by(self, client: &Client) -> Result<AsyncResult<T>, SendError> {
        Ok(Self::handle(client, start(client, self).await?))
    }
}

impl<T, In> Sends for Group<T, In> {
    type Handle = GroupResult<T>;

    fn handle(client: &Client, tree: ResultTree) -> GroupResult<T> {
        client.group_result_of(tree)
    }

    async fn send_by(self, client: &Client) -> Result<GroupResult<T>, SendError> {
        Ok(Self::handle(client, start(client, self).await?))
    }
}

impl Sends for Workflow {
    type Handle = AsyncResult<Value>;

    fn handle(client: &Client, tree: ResultTree) -> AsyncResult<Value> {
        client.result_of(tree)
    }

    async fn send_by(self, client: &Client) -> Result<AsyncResult<Value>, SendError> {
        Ok(Self::handle(client, start(client, self).await?))
    }
}

impl Sends for Signature {
    type Handle = AsyncResult<Value>;

    fn handle(client: &Client, tree: ResultTree) -> AsyncResult<Value> {
        client.result_of(tree)
    }

    async fn send_by(self, client: &Client) -> Result<AsyncResult<Value>, SendError> {
        self.into_workflow()?.send_by(client).await
    }
}

async fn start(client: &Client, canvas: impl Canvas) -> Result<ResultTree, SendError> {
    client
        .start(canvas.into_workflow()?, SendOptions::default())
        .await
}
