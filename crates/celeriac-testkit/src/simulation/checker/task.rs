use std::collections::{BTreeMap, BTreeSet};

use celeriac_protocol::{State, UtcTime};

use super::super::item_view::ItemView;
use super::super::plan::TaskPlan;
use super::of_canvases::Turn;

/// A run: of which process, and its attempt.
pub(crate) type RunKey = (String, u64);

/// A run, and the retries it runs with: without the ledger every run is attempt 1, and one process
/// may run two tries of a task at once.
pub(crate) type TryKey = (RunKey, u32);

/// What was seen of one task.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent answers to independent questions"
)]
pub(crate) struct Tracked {
    pub(crate) plan: TaskPlan,
    /// Whose consequence it is, and as what.
    pub(crate) parent: Option<(String, Role)>,
    /// What stands around it in its canvas.
    pub(crate) turn: Turn,
    /// The client knows that the broker has it.
    pub(crate) accepted: bool,
    /// From when on it may run.
    pub(crate) due: UtcTime,
    /// When each retry is to run, by its number and the attempt that wished it.
    pub(crate) wished: BTreeMap<(u32, u64), UtcTime>,
    /// When it is due by the wish of the attempt whose RETRY was stored, by its number.
    pub(crate) retries_due: BTreeMap<u32, UtcTime>,
    /// The retries of its messages in the queues, by queue and number; `None` where the ledger
    /// counts them.
    pub(crate) messages: BTreeMap<(String, u64), Option<u32>>,
    /// It went from its queue to another.
    pub(crate) moved: bool,
    /// It is in a dead-letter queue.
    pub(crate) dead_letters: BTreeSet<(String, u64)>,
    /// Its message was sent at least once.
    pub(crate) sent: bool,
    /// The arguments it was sent with first.
    pub(crate) arguments: Option<String>,
    pub(crate) item: Option<ItemView>,
    /// The final state it had, whatever became of the item.
    pub(crate) ended: Option<ItemView>,
    /// Until when the lease was given, in true time.
    pub(crate) leased_until: UtcTime,
    pub(crate) highest_attempt: u64,
    /// Python wrote or deleted its item.
    pub(crate) touched_by_python: bool,
    /// Python deleted its item, and with it what was known of its ends and its runs.
    pub(crate) forgotten: bool,
    /// After that, an earlier attempt stands there again: by a claim of its first delivery, which
    /// could not know, or by a renewal that was long under way.
    pub(crate) begun_anew: bool,
    /// A function is being invoked with it, and will be again if that fails.
    pub(crate) invoked: bool,
    /// Functions that run.
    pub(crate) running: BTreeSet<TryKey>,
    /// Runs that were claimed, and of which the ledger knows no end; by their retries. Whether the
    /// function of one that is lost had started, nobody can tell.
    pub(crate) open: BTreeMap<RunKey, u32>,
    /// The other task that ended the process of its last lost run.
    pub(crate) lost_to: Option<String>,
    /// Functions that ended by themselves.
    pub(crate) finished: u32,
}

/// What a consequence is to its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Next,
    Errback,
}

/// Adds a task and all that may follow it.
pub(super) fn track(
    plan: &TaskPlan,
    parent: Option<(String, Role)>,
    tasks: &mut BTreeMap<String, Tracked>,
) {
    tasks.insert(plan.id.clone(), Tracked::new(plan, parent));
    let roles = [(&plan.next, Role::Next), (&plan.errback, Role::Errback)];
    for (other, role) in roles {
        if let Some(other) = other {
            track(other, Some((plan.id.clone(), role)), tasks);
        }
    }
}

impl Tracked {
    fn new(plan: &TaskPlan, parent: Option<(String, Role)>) -> Self {
        Self {
            plan: plan.clone(),
            parent,
            turn: Turn::default(),
            accepted: false,
            due: UtcTime(0),
            wished: BTreeMap::new(),
            retries_due: BTreeMap::new(),
            messages: BTreeMap::new(),
            moved: false,
            dead_letters: BTreeSet::new(),
            sent: false,
            arguments: None,
            item: None,
            ended: None,
            leased_until: UtcTime(0),
            highest_attempt: 0,
            touched_by_python: false,
            forgotten: false,
            begun_anew: false,
            invoked: false,
            running: BTreeSet::new(),
            open: BTreeMap::new(),
            lost_to: None,
            finished: 0,
        }
    }

    /// Whether the end of a process is a lost run of this task: one that counts towards poison, and
    /// is not found to be over the limit already.
    pub(super) fn is_lost_with(&self, process: &str, max_lost_runs: u32) -> bool {
        let runs = self.running.iter().any(|((of, _), _)| of == process);
        let claimed = self.item.as_ref().is_some_and(|item| {
            item.is_leased() && item.owner.as_deref() == Some(process) && item.runs <= max_lost_runs
        });
        runs || claimed
    }

    /// The ledger counts another retry. Where the holder stored it, its wish counts, and none of a
    /// run that stood still meanwhile.
    pub(super) fn retry_counted(&mut self, before: Option<&ItemView>, after: &ItemView) {
        let holder = before.and_then(|before| before.attempt);
        let wish = holder.and_then(|holder| self.wished.get(&(after.retries, holder)));
        if let (Some(due), State::Retry) = (wish, &after.state) {
            let stored = self.retries_due.get(&after.retries).copied();
            // a run of before Python's deletion may start now, by the wish of its own try
            let earlier = stored.filter(|stored| self.forgotten && stored < due);
            self.retries_due
                .insert(after.retries, earlier.unwrap_or(*due));
        }
    }

    /// From when on a retry may run. Where none was stored, any that was wished may have been sent;
    /// without the ledger one may be stored, and another sent.
    pub(super) fn retry_due(&self, retries: u32) -> Option<UtcTime> {
        let all = (retries, 0)..=(retries, u64::MAX);
        let earliest = || self.wished.range(all).map(|(_, due)| *due).min();
        let stored = self.retries_due.get(&retries).copied();
        let stored = stored.filter(|_| !self.leaves_no_trace());
        stored.or_else(earliest)
    }

    /// A final state stands there.
    pub(crate) fn is_final(&self) -> bool {
        self.item.as_ref().is_some_and(ItemView::is_final)
    }

    /// Whether what comes after it in its group has to wait for it.
    pub(crate) fn must_be_over(&self) -> bool {
        self.accepted && !self.is_over() && !self.moved && !self.messages.is_empty()
    }

    /// Without the ledger its end leaves no trace.
    pub(crate) fn leaves_no_trace(&self) -> bool {
        self.plan.ignore_result
    }

    /// Whether nothing more has to become of it.
    pub(crate) fn is_over(&self) -> bool {
        self.ended.is_some()
            || !self.dead_letters.is_empty()
            || (self.leaves_no_trace() && self.finished > 0)
    }
}
