use std::pin::{Pin, pin};
use std::time::Duration;

use celeriac_core::{BrokerErrorKind, Capabilities, Delivery};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

use crate::LocalBroker;
use crate::message_row;
use crate::queue_row::QueueRow;

/// SQS: the longest long poll.
const MAX_WAIT: Duration = Duration::from_secs(20);
/// How often a long poll looks for what another process did: often at first, then less so.
const LOOK_SOONEST: Duration = Duration::from_millis(5);
const LOOK_LATEST: Duration = Duration::from_millis(40);

impl LocalBroker {
    pub(crate) async fn long_poll(
        &self,
        queue: &str,
        max: usize,
        wait: Duration,
        visibility: Duration,
    ) -> Result<Vec<Delivery>, BrokerErrorKind> {
        let name = self.name(queue)?;
        Capabilities::sqs(queue).check_visibility(visibility)?;
        check_wait(wait)?;

        let deadline = Instant::now() + wait;
        let waker = self.database.wakers().of(&name);
        let mut woken = pin!(waker.notified());
        loop {
            // from here on no change is missed
            woken.as_mut().enable();
            let received = self.take(&name, max, visibility).await?;
            if !received.is_empty() || max == 0 {
                return Ok(under_name(received, queue));
            }
            if !self
                .wait_until_due(&name, deadline, &waker, woken.as_mut())
                .await?
            {
                return Ok(Vec::new());
            }
        }
    }

    async fn take(
        &self,
        name: &str,
        max: usize,
        visibility: Duration,
    ) -> Result<Vec<Delivery>, BrokerErrorKind> {
        let (queue, now) = (name.to_owned(), self.database.now().0);
        let taken = self.database.write(move |transaction| {
            let queue = QueueRow::find_or_create(transaction, &queue)?;
            let taken = message_row::take(transaction, &queue, max, visibility, now)?;
            Ok((taken, queue.dead_letter))
        });
        let (taken, dead_letter) = taken.await?;
        if let Some(dead_letter) = dead_letter {
            self.database
                .wakers()
                .messages(&dead_letter, taken.redriven);
        }
        Ok(taken.deliveries)
    }

    /// Waits until there is something to receive; `false` if there is nothing before the deadline.
    /// `woken` hears of this process's changes from before the last receive on.
    async fn wait_until_due<'w>(
        &self,
        name: &str,
        deadline: Instant,
        waker: &'w Notify,
        mut woken: Pin<&mut Notified<'w>>,
    ) -> Result<bool, BrokerErrorKind> {
        // nobody else writes into our memory
        let shared = self.database.path().is_some();
        let mut look_in = LOOK_SOONEST;
        loop {
            // a look costs less than a receive, and does not wait for writers
            let next_due = match self.look(name).await? {
                Look::Due => return Ok(true),
                Look::Later(next_due) => next_due,
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            let pauses = [next_due, shared.then_some(look_in)];
            let pause = pauses.into_iter().flatten().fold(left, Duration::min);
            tokio::select! {
                () = woken.as_mut() => {
                    woken.set(waker.notified());
                    woken.as_mut().enable();
                }
                () = tokio::time::sleep(pause) => look_in = (look_in * 2).min(LOOK_LATEST),
            }
        }
    }

    async fn look(&self, name: &str) -> Result<Look, BrokerErrorKind> {
        let (queue, now) = (name.to_owned(), self.database.now().0);
        let looked = self.database.read(move |transaction| {
            let Some(queue) = QueueRow::find(transaction, &queue)? else {
                return Ok(Look::Later(None));
            };
            if message_row::is_due(transaction, &queue, now)? {
                return Ok(Look::Due);
            }
            let next = message_row::next_due(transaction, &queue, now)?;
            Ok(Look::Later(next.map(|next| {
                Duration::from_micros(next.saturating_sub(now).unsigned_abs())
            })))
        });
        Ok(looked.await?)
    }
}

/// What a receive would find.
enum Look {
    /// A message.
    Due,
    /// Nothing before this time is over, or until something is sent.
    Later(Option<Duration>),
}

/// The queue's name as the caller has it, without the prefix.
fn under_name(received: Vec<Delivery>, queue: &str) -> Vec<Delivery> {
    let named = received.into_iter().map(|delivery| Delivery {
        queue: queue.to_owned(),
        ..delivery
    });
    named.collect()
}

fn check_wait(wait: Duration) -> Result<(), BrokerErrorKind> {
    if wait > MAX_WAIT {
        let (actual, limit) = (
            wait.as_secs().max(MAX_WAIT.as_secs() + 1),
            MAX_WAIT.as_secs(),
        );
        return Err(BrokerErrorKind::LimitExceeded {
            what: "wait in seconds",
            actual,
            limit,
        });
    }
    Ok(())
}
