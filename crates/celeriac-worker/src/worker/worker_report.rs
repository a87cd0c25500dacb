/// How a worker's life went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerReport {
    /// Tasks that ended in SUCCESS.
    pub succeeded: u64,
    /// In FAILURE.
    pub failed: u64,
    /// In RETRY.
    pub retried: u64,
    /// Messages given back.
    pub released: u64,
    /// Messages dead-lettered.
    pub dead_lettered: u64,
}
