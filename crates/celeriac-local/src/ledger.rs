use std::time::Duration;

use celeriac_core::{
    Claim, ClaimDecision, ClaimOutcome, Claimed, ClockJumps, CompleteDecision, Completion,
    CompletionKind, CompletionOutcome, Lease, LeaseOutcome, LedgerItem, Record, StateUpdate,
    StoreErrorKind, UNREAD, decide_claim, decide_complete, first_claim,
};
use celeriac_protocol::{ResultMeta, State, UtcTime, Value};
use rusqlite::Transaction;

use crate::item_format::ItemFormat;
use crate::ledger_row::LedgerRow;
use crate::queue_row::micros;

/// How long a claim holds that was put back by a write that brings no lease: until the next
/// renewal.
const PUT_BACK_LEASE: Duration = Duration::from_mins(1);

/// One entry's result, or a failure of the database, which undoes the whole batch.
pub(crate) type Entry<T> = rusqlite::Result<Result<T, StoreErrorKind>>;

/// An entry and what it shows to readers, encoded (or too large to be) before the transaction
/// begins.
pub(crate) struct Encoded<E> {
    pub(crate) entry: E,
    pub(crate) shown: Result<Option<Vec<u8>>, StoreErrorKind>,
}

/// The ledger within one transaction, at one moment.
pub(crate) struct LedgerTransaction<'a> {
    pub(crate) transaction: &'a Transaction<'a>,
    pub(crate) format: &'a ItemFormat,
    pub(crate) now: UtcTime,
    pub(crate) jumps: &'a ClockJumps,
    pub(crate) ttl: Duration,
}

impl LedgerTransaction<'_> {
    pub(crate) fn claim(&self, Encoded { entry, shown }: &Encoded<Claim>) -> Entry<ClaimOutcome> {
        let (claim, first) = (entry, first_claim(entry, self.now));
        let shown = match shown {
            Ok(shown) => shown.clone().unwrap_or_default(),
            Err(refused) => return Ok(Err(refused.clone())),
        };
        let new = self.taken(claim, &first, shown);
        if !claim.likely_known && new.insert(self.transaction)? {
            return Ok(Ok(ClaimOutcome::Claimed(first)));
        }
        let found = self.find(&claim.task_id)?;
        let decision = found
            .as_ref()
            .map(|row| decide_claim(&self.spared(row, claim), claim, self.now));
        let row = match (decision, found) {
            (Some(ClaimDecision::Answer(ClaimOutcome::Final(_))), Some(row)) => {
                return Ok(self
                    .final_meta(&claim.task_id, &row)
                    .map(ClaimOutcome::Final));
            }
            (Some(ClaimDecision::Answer(answer)), _) => return Ok(Ok(answer)),
            (
                Some(ClaimDecision::Take {
                    claimed,
                    keep_result,
                    binds,
                }),
                Some(before),
            ) => {
                let mut row = self.taken(claim, &claimed, new.result);
                if keep_result {
                    (row.status, row.result) = (before.status, before.result);
                }
                if !binds {
                    row.identity = before.identity;
                }
                row
            }
            _ => new,
        };
        row.put(self.transaction)?;
        Ok(Ok(ClaimOutcome::Claimed(Claimed {
            attempt: row.attempt,
            runs: row.runs,
        })))
    }

    pub(crate) fn renew(&self, lease: &Lease) -> Entry<LeaseOutcome> {
        let until = Some(self.after(lease.lease));
        let renew = |row: &mut LedgerRow| row.lease_until = row.lease_until.max(until);
        self.change_held(&lease.task_id, lease.attempt, renew)
    }

    pub(crate) fn update_state(
        &self,
        Encoded { entry, shown }: &Encoded<StateUpdate>,
    ) -> Entry<LeaseOutcome> {
        let update = entry;
        let result = match shown {
            Ok(shown) => shown.clone().unwrap_or_default(),
            Err(refused) => return Ok(Err(refused.clone())),
        };
        let show = |row: &mut LedgerRow| row.show(&update.meta.status, result);
        self.change_held(&update.task_id, update.attempt, show)
    }

    pub(crate) fn complete(
        &self,
        Encoded { entry, shown }: &Encoded<Completion>,
    ) -> Entry<CompletionOutcome> {
        let completion = entry;
        let result = match shown {
            Ok(shown) => shown,
            Err(refused) => return Ok(Err(refused.clone())),
        };
        let status = match &completion.kind {
            CompletionKind::Final(meta) | CompletionKind::Retry { meta, .. } => {
                Some(meta.status.clone())
            }
            CompletionKind::Unread(_) => Some(State::from(UNREAD)),
            CompletionKind::Released | CompletionKind::Detached { .. } => None,
        };
        if let (CompletionKind::Final(meta), Some(result)) = (&completion.kind, result)
            && self.end_held(completion, &meta.status, result)?
        {
            return Ok(Ok(CompletionOutcome::Stored));
        }
        let found = self.find(&completion.task_id)?;
        let item = found.as_ref().map(|row| row.item(&completion.task_id));
        if let CompleteDecision::Answer(answer) =
            decide_complete(item.as_ref(), completion.attempt, &completion.nonce)
        {
            return Ok(Ok(answer));
        }
        if found.is_none() && status.is_none() {
            // its TTL ran out in the middle of the run: there is nothing to end
            return Ok(Ok(CompletionOutcome::Stored));
        }
        let mut row = found.unwrap_or_else(|| self.gone(completion));
        match completion.kind {
            CompletionKind::Final(_) => {}
            CompletionKind::Unread(_) => row.runs = 0,
            CompletionKind::Retry { retries, .. } => (row.retries, row.runs) = (retries, 0),
            CompletionKind::Released | CompletionKind::Detached { .. } => {
                row.runs = row.runs.saturating_sub(1);
            }
        }
        if let (Some(status), Some(result)) = (status, result) {
            row.show(&status, result.clone());
        }
        row.lease_until = self.lease_after(&completion.kind);
        if let CompletionKind::Retry { due: Some(_), .. } = completion.kind {
            row.attempt = completion.attempt + 1; // nobody's lease, until then
        }
        row.nonce.clone_from(&completion.nonce);
        self.put(row)?;
        Ok(Ok(CompletionOutcome::Stored))
    }

    /// What is left of a lease after the end of its claim.
    fn lease_after(&self, kind: &CompletionKind) -> Option<i64> {
        match kind {
            CompletionKind::Retry { due, .. } => due.map(|due| due.0),
            CompletionKind::Detached { lease } => Some(self.after(*lease)),
            CompletionKind::Final(_) | CompletionKind::Unread(_) | CompletionKind::Released => None,
        }
    }

    /// What readers see; [`record`] reads it.
    pub(crate) fn get(&self, task_id: &str) -> Entry<Option<LedgerRow>> {
        Ok(Ok(self.find(task_id)?.filter(|row| !row.forgotten)))
    }

    pub(crate) fn forget(&self, task_id: &str) -> Entry<()> {
        let emptied = match self.format.encode(
            task_id,
            &ResultMeta::new(task_id, State::Pending, Value::Null),
        ) {
            Ok(emptied) => emptied,
            Err(refused) => return Ok(Err(refused)),
        };
        if let Some(mut row) = self
            .find(task_id)?
            .filter(|row| row.state().is_ready() && !row.forgotten)
        {
            row.forgotten = true;
            row.result = emptied;
            self.put(row)?;
        }
        Ok(Ok(()))
    }

    /// The item as a claim sees it: its holder may have slept.
    fn spared(&self, row: &LedgerRow, claim: &Claim) -> LedgerItem {
        let mut item = row.item(&claim.task_id);
        let until = item.lease_until.as_mut();
        if let Some(until) = until {
            *until = self.jumps.spared(*until, claim.lease);
        }
        item
    }

    fn find(&self, task_id: &str) -> rusqlite::Result<Option<LedgerRow>> {
        LedgerRow::find(self.transaction, &self.format.key(task_id), self.now.0)
    }

    fn put(&self, row: LedgerRow) -> rusqlite::Result<()> {
        LedgerRow {
            written_at: self.now.0,
            expires_at: self.after(self.ttl),
            ..row
        }
        .put(self.transaction)
    }

    fn after(&self, duration: Duration) -> i64 {
        self.now.0.saturating_add(micros(duration))
    }

    /// Stores a final state in one write, where the item is this attempt's and has not ended;
    /// whether it is so.
    fn end_held(
        &self,
        completion: &Completion,
        status: &State,
        result: &[u8],
    ) -> rusqlite::Result<bool> {
        LedgerRow::end(
            self.transaction,
            &self.format.key(&completion.task_id),
            completion.attempt,
            &completion.nonce,
            (status.as_str(), result),
            (self.now.0, self.after(self.ttl)),
        )
    }

    /// The final result; of a forgotten one only its state.
    fn final_meta(&self, task_id: &str, row: &LedgerRow) -> Result<ResultMeta, StoreErrorKind> {
        if row.forgotten {
            return Ok(ResultMeta::new(task_id, row.state(), Value::Null));
        }
        self.format.decode(&row.result)
    }

    fn change_held(
        &self,
        task_id: &str,
        attempt: u64,
        change: impl FnOnce(&mut LedgerRow),
    ) -> Entry<LeaseOutcome> {
        let mut row = match self.find(task_id)? {
            Some(row) if row.is_held_by(attempt) => row,
            Some(_) => return Ok(Ok(LeaseOutcome::Lost)),
            None => match self.put_back(task_id, attempt) {
                Ok(row) => row,
                Err(refused) => return Ok(Err(refused)),
            },
        };
        change(&mut row);
        self.put(row)?;
        Ok(Ok(LeaseOutcome::Held))
    }

    /// The claim on an item that is gone: its run goes on.
    fn put_back(&self, task_id: &str, attempt: u64) -> Result<LedgerRow, StoreErrorKind> {
        let shown = ResultMeta::new(task_id, State::Pending, Value::Null);
        Ok(LedgerRow {
            key: self.format.key(task_id),
            status: State::Pending.to_string(),
            forgotten: false,
            written_at: self.now.0,
            expires_at: self.after(self.ttl),
            attempt,
            runs: 1,
            retries: 0,
            lease_until: Some(self.after(PUT_BACK_LEASE)),
            nonce: celeriac_core::random::uuid4().to_string(),
            owner: None,
            identity: None,
            result: self.format.encode(task_id, &shown)?,
        })
    }

    /// The item of a new claim.
    fn taken(&self, claim: &Claim, claimed: &Claimed, shown: Vec<u8>) -> LedgerRow {
        LedgerRow {
            key: self.format.key(&claim.task_id),
            status: claim.shown.status.to_string(),
            forgotten: false,
            written_at: self.now.0,
            expires_at: self.after(self.ttl),
            attempt: claimed.attempt,
            runs: claimed.runs,
            retries: claim.retries,
            lease_until: Some(self.after(claim.lease)),
            nonce: claim.nonce.clone(),
            owner: Some(claim.owner.clone()),
            identity: Some(claim.binding()),
            result: shown,
        }
    }

    /// A new item for a completion that found none.
    fn gone(&self, completion: &Completion) -> LedgerRow {
        LedgerRow {
            key: self.format.key(&completion.task_id),
            status: State::Pending.to_string(),
            forgotten: false,
            written_at: self.now.0,
            expires_at: self.after(self.ttl),
            attempt: completion.attempt,
            runs: 0,
            retries: 0,
            lease_until: None,
            nonce: completion.nonce.clone(),
            owner: None,
            identity: None,
            result: Vec::new(),
        }
    }
}

/// What was written of a task.
pub(crate) fn record(format: &ItemFormat, row: &LedgerRow) -> Result<Record, StoreErrorKind> {
    Ok(Record {
        meta: format.decode(&row.result)?,
        written_at: UtcTime(row.written_at),
        attempt: row.attempt,
        identity: row.identity.clone(),
    })
}
