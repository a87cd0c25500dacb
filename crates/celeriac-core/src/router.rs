use celeriac_protocol::Dict;
use thiserror::Error;

/// `task_routes`, `task_default_queue` (SPEC 5).
#[derive(Clone, Debug, Default)]
pub struct Router {
    routes: Vec<Route>,
    default_queue: String,
}

/// One route: which names, to where.
#[derive(Clone, Debug)]
pub struct Route {
    /// An exact name, a glob (with `*`), or a regex written `re:...` (match at the start).
    pub pattern: String,
    /// Where to.
    pub target: RouteTarget,
}

/// A queue, and any other `apply_async` options.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RouteTarget {
    /// The queue.
    pub queue: Option<String>,
    /// `apply_async` options; a call's own option wins.
    pub options: Dict,
}

/// A route that cannot be.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("task_routes: `{pattern}`: {reason}")]
pub struct RouterError {
    /// As given.
    pub pattern: String,
    /// What is wrong.
    pub reason: String,
}

impl Router {
    /// Compiles the patterns. Exact names are looked up first, then patterns in order.
    pub fn new(_routes: Vec<Route>, _default_queue: impl Into<String>) -> Result<Self, RouterError> { todo!() }
    /// The first route of this name, if any.
    pub fn lookup(&self, _task: &str) -> Option<&RouteTarget> { let _ = &self.routes; todo!() }
    /// `task_default_queue`.
    pub fn default_queue(&self) -> &str { &self.default_queue }
}
