use std::time::Duration;

use async_trait::async_trait;
use celeriac_protocol::{ResultMeta, UtcTime};

use crate::{StoreError, TaskIdentity};

/// The ledger: one item per task id, which is also Celery's result item, so that Python reads it at
/// every moment.
///
/// Each item has Celery's three attributes and celeriac's own: attempt (the fencing token, raised
/// by every claim), runs (started runs of the present try that have not ended), retries, lease,
/// nonce, and whose the id is. An item without celeriac's own attributes was written by Python.
///
/// Batches are split to the store's limits; each entry has its own outcome, in the entries' order.
/// Every write carries a nonce: a refusal that our own earlier, unanswered write caused is success,
/// so every method is idempotent.
#[async_trait]
pub trait Ledger: Send + Sync + 'static {
    /// How many entries travel in one request (DynamoDB: 25 statements). Larger batches are split.
    fn max_batch(&self) -> usize {
        25
    }

    /// Creates the table where it is missing: on-demand, TTL on. Idempotent.
    async fn declare(&self) -> Result<(), StoreError>;

    /// Whether the table is there and can be read.
    async fn check(&self) -> Result<(), StoreError>;

    /// Takes tasks for running. Refused if the id is another task's, or the task is final, stale or
    /// leased by another.
    async fn claim(&self, batch: Vec<Claim>) -> Vec<Result<ClaimOutcome, StoreError>>;

    /// Extends leases that are still held, and never shortens one. One that ran out is held as long
    /// as nobody took it; one that a completion ended is lost, so a late heartbeat never brings it
    /// back. An item that is gone (Python's `forget` deletes it) is put back.
    async fn renew(&self, batch: Vec<Lease>) -> Vec<Result<LeaseOutcome, StoreError>>;

    /// Shows a state of a running task (STARTED, PROGRESS, any text) to readers. Conditional on the
    /// attempt, and on the claim not having ended; an item that is gone is put back.
    async fn update_state(&self, batch: Vec<StateUpdate>) -> Vec<Result<LeaseOutcome, StoreError>>;

    /// Ends a claim: with a final state, a retry, or nothing (released). Conditional on the
    /// attempt; a final state is never overwritten. `StoreErrorKind::TooLarge` writes nothing: the
    /// claim stands and can be completed otherwise.
    async fn complete(&self, batch: Vec<Completion>) -> Vec<Result<CompletionOutcome, StoreError>>;

    /// The tasks' records, `None` for unknown ones. Strongly consistent.
    async fn get(&self, task_ids: &[String]) -> Vec<Result<Option<Record>, StoreError>>;

    /// Empties final results: `get` answers `None`, while the id stays known as final until its TTL
    /// (a tombstone), so a redelivery does not run it again. An id that is unknown or not final yet
    /// is left as it is.
    async fn forget(&self, task_ids: &[String]) -> Vec<Result<(), StoreError>>;
}

/// A wish to run a task.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent answers to independent questions"
)]
pub struct Claim {
    /// Which task.
    pub task_id: String,
    /// Whose the id is.
    pub identity: TaskIdentity,
    /// Whether a run is to follow. Without one, only an end is to be stored: it is no word on what
    /// another's message under this id comes to.
    pub to_run: bool,
    /// Its queue takes over tasks from others (`lambda_spill_queue`, a task's `spill`): it may be
    /// another than the one whose message had the id first.
    pub takes_over: bool,
    /// Its message replaces an earlier one of this id (Celery's `replace`): the task may have another
    /// name.
    pub replaces: bool,
    /// Which try it is, by [`try_number`](crate::try_number). Lower than the item's: the message is
    /// stale.
    pub retries: u32,
    /// Who claims, for people.
    pub owner: String,
    /// Random, new for every claim.
    pub nonce: String,
    /// How long the claim holds without renewal.
    pub lease: Duration,
    /// What readers see while it runs: PENDING, or STARTED with `track_started`. A RETRY that
    /// stands there is kept unless this is STARTED.
    pub shown: ResultMeta,
    /// The nonce of the claim whose run sent this try, if it is a retry: that run is over, so its
    /// lease does not hold the task up. A nonce, since it cannot be guessed as an attempt can.
    pub sent_by: Option<String>,
    /// Answer [`ClaimOutcome::Isolate`] instead of claiming if this would be the run of this number
    /// (from 1) of the present try: the caller sees to it first that nothing else runs beside it,
    /// so that nothing else can be to blame for its loss. `None`: nothing does so already, or it
    /// does not matter.
    pub isolate_at: Option<u32>,
    /// The nonces of this process's earlier claims of the task whose answer never came. Such a
    /// claim may have gone through, but it began no run: it neither holds the task nor counts.
    pub unanswered: Vec<String>,
    /// The message has been seen before (receive count over 1, or a retry), so an item is likely
    /// there already: look first.
    pub likely_known: bool,
}

impl Claim {
    /// Whether its message may be one of this task.
    pub(crate) fn may_be_of(&self, task: &TaskIdentity) -> bool {
        let taken_over = self.takes_over && self.identity.name == task.name;
        taken_over || self.identity.may_be(task) || self.replaces && self.identity.may_follow(task)
    }

    /// Whether its task has a name that the id may be of.
    pub(crate) fn may_be_named(&self, task: &TaskIdentity) -> bool {
        self.replaces || self.identity.name == task.name
    }

    /// Whether the id is another task's from now on.
    pub(crate) fn renames(&self, task: &TaskIdentity) -> bool {
        self.replaces && self.identity.name != task.name
    }

    /// Whose the id is once this claim has it.
    pub fn binding(&self) -> TaskIdentity {
        if self.to_run {
            self.identity.clone()
        } else {
            self.identity.clone().without_a_run()
        }
    }
}

/// The answer to a claim.
#[expect(
    clippy::large_enum_variant,
    reason = "made, taken apart and gone: never kept"
)]
#[derive(Clone, Debug, PartialEq)]
pub enum ClaimOutcome {
    /// Ours: run it.
    Claimed(Claimed),
    /// Final already, `forget`ten or revoked: acknowledge without running.
    Final(ResultMeta),
    /// Another holds it until then: make the message invisible for as long.
    Leased {
        /// When the lease ends.
        until: UtcTime,
    },
    /// So many of its runs were lost that it is to run with nothing beside it
    /// ([`Claim::isolate_at`]). Nothing is taken.
    Isolate,
    /// The id is another task's: nothing is changed, and the message does not belong here.
    Conflict(TaskIdentity),
    /// A newer try of the same task is on its way: acknowledge without running.
    Stale {
        /// The item's `retries`.
        retries: u32,
    },
}

/// A claim held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The fencing token, from 1.
    pub attempt: u64,
    /// Started runs of this try, this one included; over 1 means that an earlier run never ended.
    pub runs: u32,
}

/// A claim to be kept.
#[derive(Clone, Debug)]
pub struct Lease {
    /// Which task.
    pub task_id: String,
    /// Our fencing token.
    pub attempt: u64,
    /// From now.
    pub lease: Duration,
}

/// Whether the claim is still ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseOutcome {
    /// Yes.
    Held,
    /// No: another attempt took it, or it is final (revoked, say). Cancel the run.
    Lost,
}

/// A state to be shown.
#[derive(Clone, Debug)]
pub struct StateUpdate {
    /// Which task.
    pub task_id: String,
    /// Our fencing token.
    pub attempt: u64,
    /// What readers see.
    pub meta: ResultMeta,
}

/// The end of a claim.
#[derive(Clone, Debug)]
pub struct Completion {
    /// Which task.
    pub task_id: String,
    /// Our fencing token.
    pub attempt: u64,
    /// Random, new for every completion.
    pub nonce: String,
    /// How it ended.
    pub kind: CompletionKind,
}

/// How a claim ended.
#[derive(Clone, Debug)]
pub enum CompletionKind {
    /// With a final state, kept until the item's TTL.
    Final(ResultMeta),
    /// With a final state for readers, of a message that could not be read. It says nothing of the
    /// task: the next claim passes it.
    Unread(ResultMeta),
    /// A next try was sent with this `retries`; readers see RETRY.
    Retry {
        /// The new message's `retries`.
        retries: u32,
        /// The RETRY meta.
        meta: ResultMeta,
        /// Until then nobody may claim the task: a lease that nobody holds, under an attempt of
        /// its own. `None`: it is due at once.
        due: Option<UtcTime>,
    },
    /// Without an end (shutdown, `Ignore`, `Reject` with requeue): the lease ends at once, the run
    /// does not count, readers see what stood there. Earlier runs that were lost stay counted.
    Released,
    /// The same, but the lease holds on: the run was given up while its code goes on (a thread
    /// cannot be killed). Nobody may take the task before that is over, so the holder goes on
    /// renewing.
    Detached {
        /// From now.
        lease: Duration,
    },
}

/// What became of a completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletionOutcome {
    /// Stored.
    Stored,
    /// A final state stood there already; ours was dropped. Acknowledge the message.
    AlreadyFinal,
    /// A newer attempt has the task; ours was dropped. Leave the message alone: its receipt is not
    /// ours any more.
    Superseded,
}

/// A stored task.
#[derive(Clone, Debug)]
pub struct Record {
    /// Celery's result.
    pub meta: ResultMeta,
    /// When it was written.
    pub written_at: UtcTime,
    /// Our fencing token's last value; 0 where Python wrote the item.
    pub attempt: u64,
    /// Whose the id is, where a claim of celeriac's said so.
    pub identity: Option<TaskIdentity>,
}
