use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use celeriac_core::{BrokerError, Delivery};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::prefetch::Grant;
use super::running_worker::RunningWorker;
use super::worker_error::WorkerError;

/// The wait of the receivers that come with a backlog: they end when it does.
const SHORT_WAIT: Duration = Duration::from_secs(1);
/// A receive that is not answered by then waits for a first message.
const QUIET: Duration = Duration::from_millis(200);
/// The longest pause after failed receives.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

type Answer = Result<Vec<Delivery>, BrokerError>;

/// Receives from one queue until draining: one long poll while it is idle, up to `max_receivers`
/// receives at once while they come back full and there is room.
pub(crate) struct Receiver {
    worker: Arc<RunningWorker>,
    lane: usize,
    /// Helpers of this receiver.
    helpers: Arc<AtomicUsize>,
}

impl Receiver {
    pub(crate) fn new(worker: Arc<RunningWorker>, lane: usize) -> Self {
        Self {
            worker,
            lane,
            helpers: Arc::default(),
        }
    }

    /// The receiver that always is. Ends when draining.
    pub(crate) async fn run(self) {
        let mut answered = false;
        while let Some(grant) = self.room().await {
            match self
                .receive(grant, self.worker.options.wait, answered)
                .await
            {
                ControlFlow::Break(()) => return,
                ControlFlow::Continue(full) => {
                    answered |= full.is_some();
                    if full == Some(true) {
                        self.add_helpers();
                    }
                }
            }
        }
    }

    /// Waits for room; `None` when draining.
    async fn room(&self) -> Option<Grant> {
        loop {
            let changed = self.worker.room.notified();
            tokio::pin!(changed);
            changed.as_mut().enable(); // before looking, so that no change goes by
            if self.worker.shutdown.draining.is_cancelled() {
                return None;
            }
            if let Some(grant) = self.grant(true) {
                return Some(grant);
            }
            tokio::select! {
                biased;
                () = changed => {}
                () = self.worker.shutdown.draining.cancelled() => return None,
            }
        }
    }

    fn grant(&self, first: bool) -> Option<Grant> {
        self.worker.prefetch().grant(self.lane, first)
    }

    /// Starts as many helpers as there is room for.
    fn add_helpers(&self) {
        while self.helpers.load(Ordering::Relaxed) + 1 < self.worker.options.max_receivers {
            let Some(grant) = self.grant(false) else {
                return;
            };
            self.helpers.fetch_add(1, Ordering::Relaxed);
            let helper = Self {
                worker: Arc::clone(&self.worker),
                lane: self.lane,
                helpers: Arc::clone(&self.helpers),
            };
            tokio::spawn(helper.help(grant));
        }
    }

    /// Receives as long as it comes back full and there is room.
    async fn help(self, mut grant: Grant) {
        scopeguard::defer! {
            self.helpers.fetch_sub(1, Ordering::Relaxed);
        }
        let wait = SHORT_WAIT.min(self.worker.options.wait);
        while let ControlFlow::Continue(Some(true)) = self.receive(grant, wait, true).await {
            match self.grant(false) {
                Some(next) => grant = next,
                None => return,
            }
        }
    }

    /// One receive. Goes on with whether it came back full, or with `None` after a failure and its
    /// pause; breaks when draining.
    async fn receive(
        &self,
        grant: Grant,
        wait: Duration,
        answered: bool,
    ) -> ControlFlow<(), Option<bool>> {
        let asked = grant.messages;
        let lane = &self.worker.lanes[self.lane];
        let limit = wait + self.worker.options.stuck_after;
        let (poll, mut answer) = self.poll(asked, wait);
        let answer = tokio::select! {
            biased;
            answer = self.answer(&mut answer, limit) => answer,
            () = self.worker.shutdown.draining.cancelled() => {
                // what the poll brings from here on it gives back itself
                answer.close();
                let deliveries = answer.try_recv().ok().and_then(Result::ok).unwrap_or_default();
                self.worker.take_on(grant, deliveries).await;
                return ControlFlow::Break(());
            }
        };
        match answer {
            Some(Ok(deliveries)) => {
                lane.answered();
                let full = deliveries.len() >= asked;
                self.worker.take_on(grant, deliveries).await;
                ControlFlow::Continue(Some(full))
            }
            Some(Err(error)) => {
                self.worker.take_on(grant, Vec::new()).await;
                self.failed(error, answered).await
            }
            None => {
                poll.abort();
                self.worker.take_on(grant, Vec::new()).await;
                let times = lane.restarted();
                tracing::warn!(
                    queue = lane.queue,
                    times,
                    "a receive got no answer within {limit:?}: the receiver was stuck and was restarted"
                );
                ControlFlow::Continue(None)
            }
        }
    }

    /// The answer, if it comes within `limit`. A lane whose receive takes a while has no backlog,
    /// which lets others receive.
    async fn answer(
        &self,
        answer: &mut oneshot::Receiver<Answer>,
        limit: Duration,
    ) -> Option<Answer> {
        let quiet = QUIET.min(limit);
        if let Ok(answer) = timeout(quiet, &mut *answer).await {
            return answer.ok();
        }
        self.worker.prefetch().quiet(self.lane);
        self.worker.room.notify_waiters();
        timeout(limit.saturating_sub(quiet), answer)
            .await
            .ok()?
            .ok()
    }

    /// A receive that outlives its receiver: when nobody waits for it any more, it gives back what
    /// it brings.
    fn poll(
        &self,
        messages: usize,
        wait: Duration,
    ) -> (tokio::task::AbortHandle, oneshot::Receiver<Answer>) {
        let (reply, answer) = oneshot::channel();
        let (worker, lane) = (Arc::clone(&self.worker), self.lane);
        let poll = async move {
            let queue = &worker.lanes[lane].queue;
            let counted = worker.lanes[lane].receive();
            let receive = worker
                .broker()
                .receive(queue, messages, wait, worker.options.visibility);
            let answer = tokio::select! {
                biased;
                answer = receive => answer,
                () = worker.polls_over.cancelled() => return,
            };
            drop(counted);
            if let Err(Ok(late)) = reply.send(answer) {
                worker.release(late).await;
            }
        };
        (self.worker.polls.spawn(poll).abort_handle(), answer)
    }

    async fn failed(&self, error: BrokerError, answered: bool) -> ControlFlow<(), Option<bool>> {
        let lane = &self.worker.lanes[self.lane];
        let failures = lane.failed();
        if error.is_no_queue() && !answered {
            self.worker.fail(WorkerError::Broker(error));
            return ControlFlow::Break(());
        }
        let pause = crate::waits::redelivery(failures, LONGEST_PAUSE).mul_f64(0.5);
        tracing::warn!(
            queue = lane.queue,
            failures,
            "cannot receive messages; retrying in {pause:.1?}: {error}"
        );
        tokio::select! {
            biased;
            () = tokio::time::sleep(pause) => ControlFlow::Continue(None),
            () = self.worker.shutdown.draining.cancelled() => ControlFlow::Break(()),
        }
    }
}
