//! Many items in one request.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::Ordering::Relaxed;

use aws_sdk_dynamodb::types::KeysAndAttributes;
use celeriac_core::{LedgerItem, Record, StoreError, StoreErrorKind};
use celeriac_protocol::{UtcTime, task_key, task_key_plain};
use futures_util::stream::{self, StreamExt};

use crate::fault::Fault;
use crate::pause::{MAX_ENTRY_ATTEMPTS, pause};

use super::item::{self, Attributes, ID, text};
use super::store::DynamoStore;

/// DynamoDB: 100 keys in one `BatchGetItem`.
const MAX_KEYS: usize = 100;
const CONCURRENT_REQUESTS: usize = 4;
/// Between two looks for items under a repaired Celery's keys, while none was ever found.
const PLAIN_PROBE_MICROS: i64 = 1_000_000;

/// What was found, by key; keys that are not in it have no item, unless their read failed.
#[derive(Default)]
pub(super) struct Found {
    items: HashMap<String, Attributes>,
    failed: HashMap<String, Fault>,
}

impl Found {
    /// The item of a key, if it is there.
    pub(super) fn item(&self, key: &str) -> Result<Option<&Attributes>, StoreErrorKind> {
        match self.failed.get(key) {
            Some(fault) => Err(fault.clone().into()),
            None => Ok(self.items.get(key)),
        }
    }
}

impl DynamoStore {
    pub(super) async fn records(
        &self,
        task_ids: &[String],
    ) -> Vec<Result<Option<Record>, StoreError>> {
        let keys: Vec<String> = task_ids.iter().map(|id| self.key(id)).collect();
        let found = self.read(keys.iter(), true).await;
        let plain = self.read_plain(task_ids, &keys, &found).await;
        let (codec, now) = (self.config.codec, self.clock.now());
        let record = |(id, key): (&String, &String)| {
            let item = found.item(key).and_then(|item| match item {
                Some(item) => Ok(Some(item)),
                None => plain.item(&task_key_plain(&self.config.key_prefix, id)),
            });
            let record = item
                .and_then(|item| item.map_or(Ok(None), |item| item::to_record(item, codec, now)));
            record.map_err(|kind| StoreError::new("get", id, kind))
        };
        task_ids.iter().zip(&keys).map(record).collect()
    }

    /// Ledger items of keys, strongly consistent.
    pub(super) async fn ledger_items<'a>(
        &self,
        keys: impl Iterator<Item = &'a String>,
    ) -> LedgerItems {
        LedgerItems {
            found: self.read(keys, true).await,
            codec: self.config.codec,
        }
    }

    /// Looks under the keys of a Celery that would not write `b'...'` (SPEC 2.3), for what was not
    /// found: eventually consistent (half the price), and at most once a second until the first is
    /// found, so that polling stays cheap.
    async fn read_plain(&self, task_ids: &[String], keys: &[String], found: &Found) -> Found {
        let missing = task_ids
            .iter()
            .zip(keys)
            .filter(|(_, key)| matches!(found.item(key), Ok(None)));
        let plain: Vec<String> = missing
            .map(|(id, _)| task_key_plain(&self.config.key_prefix, id))
            .collect();
        let now = self.clock.now().0;
        let known = self.plain_keys_seen.load(Relaxed);
        if plain.is_empty()
            || (!known
                && now.saturating_sub(self.plain_probed_at.load(Relaxed)) < PLAIN_PROBE_MICROS)
        {
            return Found::default();
        }
        self.plain_probed_at.store(now, Relaxed);
        let found = self.read(plain.iter(), false).await;
        if !found.items.is_empty() {
            self.plain_keys_seen.store(true, Relaxed);
        }
        found
    }

    pub(super) async fn read(
        &self,
        keys: impl Iterator<Item = &String>,
        consistent: bool,
    ) -> Found {
        let distinct: BTreeSet<&String> = keys.collect(); // a key twice would be refused
        let distinct: Vec<String> = distinct.into_iter().cloned().collect();
        let chunks: Vec<Vec<String>> = distinct.chunks(MAX_KEYS).map(<[String]>::to_vec).collect();
        let parts = stream::iter(chunks)
            .map(|chunk| self.read_chunk(chunk, consistent))
            .buffer_unordered(CONCURRENT_REQUESTS);
        parts
            .fold(Found::default(), |mut all, part| {
                all.items.extend(part.items);
                all.failed.extend(part.failed);
                std::future::ready(all)
            })
            .await
    }

    /// Reads up to 100 keys, until none is left unprocessed. An answer has 16 MB at most, so that
    /// large items take several requests: only those that read nothing count as attempts.
    async fn read_chunk(&self, mut keys: Vec<String>, consistent: bool) -> Found {
        let mut found = Found::default();
        let mut attempt = 1;
        while attempt <= MAX_ENTRY_ATTEMPTS {
            match self.read_once(&keys, consistent, &mut found.items).await {
                Ok(unprocessed) if unprocessed.is_empty() => return found,
                Ok(unprocessed) if unprocessed.len() < keys.len() => {
                    keys = unprocessed;
                    attempt = 0;
                }
                Ok(_) => self
                    .sdk
                    .counts()
                    .report_failure("BatchGetItem", "keys were left unprocessed"),
                Err(fault) => {
                    found
                        .failed
                        .extend(keys.into_iter().map(|key| (key, fault.clone())));
                    return found;
                }
            }
            pause(attempt.max(1)).await;
            attempt += 1;
        }
        let fault = Fault::Unavailable("keys were left unprocessed again and again".to_owned());
        found
            .failed
            .extend(keys.into_iter().map(|key| (key, fault.clone())));
        found
    }

    /// One request; the keys it left unprocessed.
    async fn read_once(
        &self,
        keys: &[String],
        consistent: bool,
        items: &mut HashMap<String, Attributes>,
    ) -> Result<Vec<String>, Fault> {
        let keys = keys
            .iter()
            .map(|key| Attributes::from([(ID.to_owned(), text(key))]))
            .collect();
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(consistent)
            .build()
            .expect("the keys are set");
        let request = self
            .sdk
            .dynamodb()
            .await
            .batch_get_item()
            .request_items(&self.config.table, wanted);
        let answer = request.send().await.map_err(Fault::from)?;
        let id_of = |item: &Attributes| item.get(ID).and_then(|id| id.as_s().ok()).cloned();
        for item in answer.responses.unwrap_or_default().into_values().flatten() {
            if let Some(id) = id_of(&item) {
                items.insert(id, item);
            }
        }
        let unprocessed = answer
            .unprocessed_keys
            .unwrap_or_default()
            .into_values()
            .flat_map(|left| left.keys);
        Ok(unprocessed.filter_map(|key| id_of(&key)).collect())
    }

    pub(super) fn key(&self, task_id: &str) -> String {
        task_key(&self.config.key_prefix, task_id)
    }
}

/// Items for the ledger's rules.
pub(super) struct LedgerItems {
    found: Found,
    codec: celeriac_protocol::ResultCodec,
}

impl LedgerItems {
    pub(super) fn get(&self, key: &str) -> Result<Option<LedgerItem>, StoreErrorKind> {
        self.found
            .item(key)?
            .map(|item| item::to_ledger(item, self.codec))
            .transpose()
    }

    /// Whether the item is there still, and should not be.
    pub(super) fn is_expired(&self, key: &str, now: UtcTime) -> bool {
        matches!(self.found.item(key), Ok(Some(item)) if item::is_expired(item, now))
    }
}
