use tokio_util::sync::CancellationToken;

/// The phases of an ending worker: running, draining (nothing new starts), now (running tasks are cancelled and released).
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    /// Nothing new starts.
    pub draining: CancellationToken,
    /// What still runs is cancelled and given back.
    pub now: CancellationToken,
}
