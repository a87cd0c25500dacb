/// A queue to work on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerQueue {
    /// Celery name.
    pub name: String,
    /// Share of the work where queues are weighted; 1.
    pub weight: u32,
}

impl WorkerQueue {
    /// A queue of weight 1.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            weight: 1,
        }
    }
}
