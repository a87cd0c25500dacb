use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use celeriac_core::{Clock, ClockJumps, Lease, LeaseOutcome, Ledger};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Keeps the leases of running tasks: renews each in batches when half of it is over, and says when
/// one is lost.
pub(crate) struct LeaseKeeper {
    shared: Arc<Shared>,
    _alive: DropGuard,
}

struct Shared {
    leases: Mutex<Leases>,
    /// There is a lease to keep, after a time without any.
    woken: Notify,
    lease: Duration,
}

#[derive(Default)]
struct Leases {
    by_key: BTreeMap<u64, HeldLease>,
    next_key: u64,
}

struct HeldLease {
    task_id: String,
    attempt: u64,
    renew_at: Instant,
    lost: CancellationToken,
}

/// A lease that is kept while this lives.
pub(crate) struct LeaseGuard {
    /// `None`: another guard keeps it.
    key: Option<u64>,
    shared: Arc<Shared>,
    lost: CancellationToken,
}

impl LeaseKeeper {
    pub(crate) fn spawn(store: Arc<dyn Ledger>, lease: Duration, clock: Arc<dyn Clock>) -> Self {
        let shared = Arc::new(Shared {
            leases: Mutex::default(),
            woken: Notify::new(),
            lease,
        });
        let ended = CancellationToken::new();
        let alive = ended.clone().drop_guard();
        let kept = Arc::clone(&shared);
        let jumps = ClockJumps::of(clock);
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = ended.cancelled() => {}
                () = keep(store, kept, lease, jumps) => {}
            }
        });
        Self {
            shared,
            _alive: alive,
        }
    }

    /// Holds a lease that was taken `since`.
    pub(crate) fn hold(&self, task_id: &str, attempt: u64, since: Instant) -> LeaseGuard {
        let lost = CancellationToken::new();
        let lease = HeldLease {
            task_id: task_id.to_owned(),
            attempt,
            renew_at: since + self.shared.lease / 2,
            lost: lost.clone(),
        };
        let mut leases = self.shared.leases();
        let key = leases.next_key;
        leases.next_key += 1;
        let first = leases.by_key.is_empty();
        leases.by_key.insert(key, lease);
        drop(leases);
        if first {
            self.shared.woken.notify_one();
        }
        LeaseGuard {
            key: Some(key),
            shared: Arc::clone(&self.shared),
            lost,
        }
    }
}

impl LeaseGuard {
    /// Cancelled when another attempt has the task, or it is final.
    pub(crate) fn lost(&self) -> &CancellationToken {
        &self.lost
    }

    /// Another guard, which keeps the lease from here on instead of this one.
    pub(crate) fn pass_on(&mut self) -> Self {
        Self {
            key: self.key.take(),
            shared: Arc::clone(&self.shared),
            lost: self.lost.clone(),
        }
    }
}

impl Drop for LeaseGuard {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.shared.leases().by_key.remove(&key);
        }
    }
}

impl Shared {
    fn leases(&self) -> MutexGuard<'_, Leases> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those past half of their lease; they are looked at again soon in case the renewal fails.
    fn due(&self) -> Vec<(u64, Lease)> {
        let now = Instant::now();
        let again = now + self.lease / 8;
        let mut leases = self.leases();
        let due = leases
            .by_key
            .iter_mut()
            .filter(|(_, lease)| lease.renew_at <= now);
        due.map(|(key, lease)| {
            lease.renew_at = again;
            (
                *key,
                Lease {
                    task_id: lease.task_id.clone(),
                    attempt: lease.attempt,
                    lease: self.lease,
                },
            )
        })
        .collect()
    }

    fn all_are_due(&self) {
        let now = Instant::now();
        for lease in self.leases().by_key.values_mut() {
            lease.renew_at = now;
        }
    }

    fn renewed(&self, key: u64, since: Instant) {
        if let Some(lease) = self.leases().by_key.get_mut(&key) {
            lease.renew_at = since + self.lease / 2;
        }
    }

    fn lost(&self, key: u64) {
        if let Some(lease) = self.leases().by_key.remove(&key) {
            lease.lost.cancel();
        }
    }
}

async fn keep(store: Arc<dyn Ledger>, shared: Arc<Shared>, lease: Duration, jumps: ClockJumps) {
    let tick = (lease / 16).clamp(Duration::from_millis(10), Duration::from_secs(5));
    loop {
        if shared.leases().by_key.is_empty() {
            shared.woken.notified().await;
        }
        if jumps.look() {
            shared.all_are_due(); // the machine slept: they have lapsed, or will soon
        }
        let due = shared.due();
        if !due.is_empty() {
            // a slow answer must not delay the next ones
            tokio::spawn(renew(Arc::clone(&store), Arc::clone(&shared), due));
        }
        tokio::time::sleep(tick).await;
    }
}

async fn renew(store: Arc<dyn Ledger>, shared: Arc<Shared>, due: Vec<(u64, Lease)>) {
    let since = Instant::now();
    let (keys, leases): (Vec<u64>, Vec<Lease>) = due.into_iter().unzip();
    for (key, answer) in keys.into_iter().zip(store.renew(leases).await) {
        match answer {
            Ok(LeaseOutcome::Held) => shared.renewed(key, since),
            Ok(LeaseOutcome::Lost) => shared.lost(key),
            Err(error) => tracing::warn!("cannot renew a lease, trying again: {error}"),
        }
    }
}
