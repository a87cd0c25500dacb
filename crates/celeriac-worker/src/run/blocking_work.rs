use std::fmt;
use std::sync::Arc;

use celeriac_core::{Arguments, Context, TaskError};
use celeriac_protocol::Value;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tracing::{Instrument as _, Span};

use super::panics::{self, PanicReport};

/// What a run's code came to.
pub(crate) type Returned = Result<Result<Value, TaskError>, PanicReport>;
/// The function of a blocking task.
pub(crate) type BlockingFunction =
    Arc<dyn Fn(Context, Arguments) -> Result<Value, TaskError> + Send + Sync>;

/// The right to one thread. A task that overran its time keeps it until it ends.
pub(crate) struct Slot(
    #[expect(dead_code, reason = "held until dropped")] pub(super) OwnedSemaphorePermit,
);

/// Where the functions of blocking tasks run. The default is threads of the system's.
pub trait Threads: Send + Sync + 'static {
    /// Lets the work be done where it may block. Work that is dropped undone fails its task.
    fn run(&self, work: BlockingWork);
}

/// One call of a blocking task's function.
pub struct BlockingWork {
    pub(crate) function: BlockingFunction,
    pub(crate) context: Context,
    pub(crate) arguments: Arguments,
    pub(crate) slot: Slot,
    pub(crate) reply: oneshot::Sender<Returned>,
    /// The run's, for what the function logs.
    pub(crate) span: Span,
}

impl BlockingWork {
    /// Calls the function on this thread. It never panics: a panic is how the task ended.
    pub fn call(self) {
        let (function, context, arguments) = (self.function, self.context, self.arguments);
        let _in_span = self.span.entered();
        let returned = panics::catch(move || function(context, arguments));
        drop(self.slot);
        let _ = self.reply.send(returned); // nobody waits after a hard time limit
    }

    /// Lets a future stand for the function, where there are no threads. As a thread does, it goes
    /// on when nobody waits for it any more.
    pub async fn call_as<F>(self, stand_in: impl FnOnce(Context, Arguments) -> F)
    where
        F: Future<Output = Result<Value, TaskError>>,
    {
        let code = stand_in(self.context, self.arguments).instrument(self.span);
        let returned = panics::caught(code).await;
        drop(self.slot);
        let _ = self.reply.send(returned);
    }
}

impl fmt::Debug for BlockingWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingWork")
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}
