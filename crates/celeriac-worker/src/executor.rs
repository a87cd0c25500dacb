use std::sync::Arc;

use celeriac_core::{Broker, Clock, Delivery, Registry, ResultStore, Router, Settings, StateMap};
use celeriac_producer::Client;

use crate::{Outcome, Shutdown};

/// Runs deliveries: one in, one outcome out. Shared by the worker and the Lambda function.
#[derive(Clone)]
pub struct Executor {
    #[expect(dead_code, reason = "skeleton")]
    parts: Arc<ExecutorParts>,
}

/// What an executor is made of.
pub struct ExecutorParts {
    /// The tasks.
    pub registry: Arc<Registry>,
    /// For re-sends.
    pub broker: Arc<dyn Broker>,
    /// The ledger; `None` with `disabled://` results.
    pub store: Option<Arc<dyn ResultStore>>,
    /// For children.
    pub client: Client,
    /// For callbacks.
    pub router: Router,
    /// Shared state of the app.
    pub state: Arc<StateMap>,
    /// All settings.
    pub settings: Arc<Settings>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// `celeriac@host`, for leases and extended results.
    pub node_name: String,
}

impl Executor {
    /// An executor; needs a tokio runtime.
    pub fn new(_parts: ExecutorParts) -> Self { todo!() }

    /// Runs one delivery to its outcome. Never panics and never fails: what goes wrong is an outcome too. Not
    /// cancel-safe; `shutdown` is how to end it early.
    pub async fn execute(&self, _delivery: Delivery, _shutdown: &Shutdown) -> Outcome { todo!() }
}
