use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;

use async_trait::async_trait;
use celeriac_core::{
    Claim, ClaimOutcome, Completion, CompletionKind, CompletionOutcome, Lease, LeaseOutcome,
    Ledger, Record, Settings, StateUpdate, StoreError, StoreErrorKind,
};
use celeriac_protocol::{ResultCodec, ResultMeta};
use rusqlite::Transaction;

use crate::item_format::ItemFormat;
use crate::ledger::{Encoded, Entry, LedgerTransaction, record};
use crate::ledger_row::LedgerRow;
use crate::local_broker::MAX_BATCH;
use crate::{Database, DatabaseError};

/// For ever, as good as.
const NEVER: Duration = Duration::from_hours(24 * 365 * 1_000);
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// A [`Ledger`] with the ledger's rules and DynamoDB's limits, on SQLite.
///
/// Results have Celery's form, but Python cannot reach them: a worker or client in Python needs
/// DynamoDB.
#[derive(Clone, Debug)]
pub struct LocalStore {
    database: Database,
    format: ItemFormat,
    ttl: Duration,
    /// When items over their TTL were last looked for, and none were left.
    swept_at: Arc<AtomicI64>,
}

impl LocalStore {
    /// A store on this database: JSON results, kept for four days.
    pub fn new(database: Database) -> Self {
        Self {
            database,
            format: ItemFormat::default(),
            ttl: Settings::LEAST_RESULT_TTL,
            swept_at: Arc::default(),
        }
    }

    /// As the settings say: `result_expires`, `result_serializer`, `result_compression` and
    /// `global_keyprefix`, with the same meaning as on DynamoDB.
    #[must_use]
    pub fn with_settings(self, settings: &Settings) -> Self {
        let options = &settings.result_backend_transport_options;
        self.with_codec(settings.result_codec())
            .with_key_prefix(&options.global_keyprefix)
            .with_ttl(settings.result_ttl().unwrap_or(NEVER))
    }

    /// How results are written: `result_serializer` and `result_compression`.
    #[must_use]
    pub fn with_codec(mut self, codec: ResultCodec) -> Self {
        self.format.codec = codec;
        self
    }

    /// Puts this in front of every key: `global_keyprefix`.
    #[must_use]
    pub fn with_key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.format.prefix = prefix.into();
        self
    }

    /// How long an item is kept after its last write.
    #[must_use]
    pub fn with_ttl(self, ttl: Duration) -> Self {
        Self { ttl, ..self }
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    pub(crate) fn format(&self) -> &ItemFormat {
        &self.format
    }

    /// What an entry shows to readers, as it is stored.
    fn shown(
        &self,
        task_id: &str,
        meta: Option<&ResultMeta>,
    ) -> Result<Option<Vec<u8>>, StoreErrorKind> {
        meta.map(|meta| self.format.encode(task_id, meta))
            .transpose()
    }

    /// Does `work` for every entry in one transaction. `subject` is an entry's task id, for errors.
    async fn write<E, T>(
        &self,
        operation: &'static str,
        entries: Vec<E>,
        subject: impl Fn(&E) -> &str,
        work: impl Fn(&LedgerTransaction<'_>, &E) -> Entry<T> + Send + 'static,
    ) -> Vec<Result<T, StoreError>>
    where
        E: Send + 'static,
        T: Send + 'static,
    {
        let subjects = entries
            .iter()
            .map(|entry| subject(entry).to_owned())
            .collect();
        let (format, now, ttl) = (self.format.clone(), self.database.now(), self.ttl);
        let jumps = self.database.jumps();
        let swept_at = Arc::clone(&self.swept_at);
        let done = self.database.write(move |transaction| {
            sweep(transaction, &swept_at, now.0)?;
            let ledger = LedgerTransaction {
                transaction,
                format: &format,
                now,
                jumps: &jumps,
                ttl,
            };
            entries.iter().map(|entry| work(&ledger, entry)).collect()
        });
        per_entry(operation, subjects, done.await)
    }
}

#[expect(
    clippy::redundant_closure_for_method_calls,
    reason = "a path to a method of `LedgerTransaction<'_>` is for one lifetime only"
)]
#[async_trait]
impl Ledger for LocalStore {
    fn max_batch(&self) -> usize {
        MAX_BATCH
    }

    /// The table is there since the database was opened.
    async fn declare(&self) -> Result<(), StoreError> {
        self.check().await
    }

    async fn check(&self) -> Result<(), StoreError> {
        let read = self
            .database
            .read(|transaction| LedgerRow::find(transaction, "", 0))
            .await;
        read.map(drop)
            .map_err(|error| StoreError::new("check", "task", error.into()))
    }

    async fn claim(&self, batch: Vec<Claim>) -> Vec<Result<ClaimOutcome, StoreError>> {
        let encode = |claim: &Claim| self.shown(&claim.task_id, Some(&claim.shown));
        self.write(
            "claim",
            encoded(batch, encode),
            |claim| &claim.entry.task_id,
            |ledger, entry| ledger.claim(entry),
        )
        .await
    }

    async fn renew(&self, batch: Vec<Lease>) -> Vec<Result<LeaseOutcome, StoreError>> {
        self.write(
            "renew",
            batch,
            |lease| &lease.task_id,
            |ledger, entry| ledger.renew(entry),
        )
        .await
    }

    async fn update_state(&self, batch: Vec<StateUpdate>) -> Vec<Result<LeaseOutcome, StoreError>> {
        let encode = |update: &StateUpdate| self.shown(&update.task_id, Some(&update.meta));
        self.write(
            "update_state",
            encoded(batch, encode),
            |update| &update.entry.task_id,
            |ledger, entry| ledger.update_state(entry),
        )
        .await
    }

    async fn complete(&self, batch: Vec<Completion>) -> Vec<Result<CompletionOutcome, StoreError>> {
        let encode = |completion: &Completion| {
            let meta = match &completion.kind {
                CompletionKind::Final(meta)
                | CompletionKind::Unread(meta)
                | CompletionKind::Retry { meta, .. } => Some(meta),
                CompletionKind::Released | CompletionKind::Detached { .. } => None,
            };
            self.shown(&completion.task_id, meta)
        };
        self.write(
            "complete",
            encoded(batch, encode),
            |completion| &completion.entry.task_id,
            |ledger, entry| ledger.complete(entry),
        )
        .await
    }

    async fn get(&self, task_ids: &[String]) -> Vec<Result<Option<Record>, StoreError>> {
        let asked = task_ids.to_vec();
        let (format, now, ttl) = (self.format.clone(), self.database.now(), self.ttl);
        let jumps = self.database.jumps();
        let read = self.database.read(move |transaction| {
            let ledger = LedgerTransaction {
                transaction,
                format: &format,
                now,
                jumps: &jumps,
                ttl,
            };
            asked.iter().map(|task_id| ledger.get(task_id)).collect()
        });
        let decode = |row: Option<LedgerRow>| row.map(|row| record(&self.format, &row)).transpose();
        let read = read.await.map(|rows: Vec<Result<_, _>>| {
            let rows = rows.into_iter();
            rows.map(|row| row.and_then(decode)).collect()
        });
        per_entry("get", task_ids.to_vec(), read)
    }

    async fn forget(&self, task_ids: &[String]) -> Vec<Result<(), StoreError>> {
        self.write(
            "forget",
            task_ids.to_vec(),
            String::as_str,
            |ledger, task_id| ledger.forget(task_id),
        )
        .await
    }
}

/// Deletes what is over its TTL, now and then; until then no query sees it.
fn sweep(transaction: &Transaction<'_>, swept_at: &AtomicI64, now: i64) -> rusqlite::Result<()> {
    // a clock may be set back
    let since = now.saturating_sub(swept_at.load(Relaxed)).unsigned_abs();
    if since >= SWEEP_EVERY.as_micros() as u64 && !LedgerRow::sweep(transaction, now)? {
        swept_at.store(now, Relaxed);
    }
    Ok(())
}

fn encoded<E>(
    batch: Vec<E>,
    encode: impl Fn(&E) -> Result<Option<Vec<u8>>, StoreErrorKind>,
) -> Vec<Encoded<E>> {
    let entries = batch.into_iter();
    entries
        .map(|entry| Encoded {
            shown: encode(&entry),
            entry,
        })
        .collect()
}

pub(crate) fn per_entry<T>(
    operation: &'static str,
    subjects: Vec<String>,
    entries: Result<Vec<Result<T, StoreErrorKind>>, DatabaseError>,
) -> Vec<Result<T, StoreError>> {
    match entries.map_err(StoreErrorKind::from) {
        Ok(entries) => {
            let entries = subjects.into_iter().zip(entries);
            entries
                .map(|(subject, entry)| {
                    entry.map_err(|kind| StoreError::new(operation, subject, kind))
                })
                .collect()
        }
        Err(kind) => subjects
            .into_iter()
            .map(|subject| Err(StoreError::new(operation, subject, kind.clone())))
            .collect(),
    }
}
