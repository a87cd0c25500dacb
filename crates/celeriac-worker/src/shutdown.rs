//! The signals that tell a process to end, and the tokens by which its parts hear of it. What a
//! worker does then, and when, is in `worker/drain.rs`; a Lambda function cancels the tokens by its
//! own clock (`phases.rs` of `celeriac-lambda`).

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The phases of an ending worker: running, draining (nothing new starts), notice (running tasks
/// are told), now (running tasks are cancelled and released).
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    /// Nothing new starts.
    pub draining: CancellationToken,
    /// Running tasks are told through `Context::soft_time_limit`. A task that ends with an error
    /// after that is given back instead of failed. A worker tells them when a fifth of
    /// `worker_shutdown_timeout` is left, so that a task which listens is not disturbed while it
    /// still has time.
    pub notice: CancellationToken,
    /// What still runs is cancelled and given back.
    pub now: CancellationToken,
    /// When it will come, if that is known beforehand.
    pub deadline: Option<Deadline>,
}

/// The end of a Lambda invocation, known from its start.
#[derive(Clone, Debug)]
pub struct Deadline {
    /// When `now` will be.
    pub at: Instant,
    /// How long the whole invocation has.
    pub total: Duration,
    /// The queue of a long-running worker that takes over what would outlive it:
    /// `lambda_spill_queue`.
    pub spill: Option<String>,
}

impl Deadline {
    /// How long until then.
    pub fn remaining(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }
}

impl Shutdown {
    /// A shutdown that nobody has asked for yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, with a deadline that is known.
    pub fn with_deadline(deadline: Deadline) -> Self {
        Self {
            deadline: Some(deadline),
            ..Self::default()
        }
    }

    /// A shutdown asked for by signals: the first SIGTERM or SIGINT starts draining, which for the log
    /// means `finishing` something, and the second ends everything now. Needs a tokio runtime.
    ///
    /// # Errors
    /// If the process cannot listen for signals.
    pub fn on_signals(finishing: &'static str) -> std::io::Result<Self> {
        let shutdown = Self::new();
        let mut signals = Signals::listen()?;
        let told = shutdown.clone();
        tokio::spawn(async move {
            let name = signals.next().await;
            tracing::info!(
                "{name}: warm shutdown, finishing {finishing}; signal again to stop immediately"
            );
            told.drain();
            let name = signals.next().await;
            tracing::warn!("{name} again: cold shutdown, stopping now");
            told.end_now();
        });
        Ok(shutdown)
    }

    /// Nothing new starts from here on.
    pub fn drain(&self) {
        self.draining.cancel();
    }

    /// Running tasks are cancelled and given back.
    pub fn end_now(&self) {
        self.draining.cancel();
        self.notice.cancel();
        self.now.cancel();
    }

    /// Tokens of one worker's own: they follow these, and cancelling them changes nothing here.
    pub(crate) fn child(&self) -> Self {
        Self {
            draining: self.draining.child_token(),
            notice: self.notice.child_token(),
            now: self.now.child_token(),
            deadline: self.deadline.clone(),
        }
    }
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> &'static str {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        "Ctrl-C"
    }
}
