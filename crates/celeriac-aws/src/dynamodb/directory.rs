//! Which documents a folder has. A table has no list of its keys by folder, so each folder keeps
//! directories: documents with names, written before the first put of a document. A name may lead
//! to nothing, and is taken out in time; a document without a name there is not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{MutexGuard, PoisonError};

use celeriac_core::documents::{
    Cursor, Document, Documents as _, Expect, Key, Page, Put, PutOutcome,
};
use celeriac_core::{StoreError, StoreErrorKind};

use crate::pause::pause;

use super::item::whole_seconds;
use super::store::{DynamoStore, MAX_ROUNDS, contended};

/// Directories of a folder, so that many processes that start together do not wait for each other.
const SHARDS: u64 = 16;
/// For how long a name that was entered is not taken out, whether its document is there or not.
const KEPT_SECONDS: i64 = 3600;
/// For how long whoever entered a name relies on it.
const ENTERED_SECONDS: i64 = KEPT_SECONDS / 2;

/// Names, each with the second at which it was entered last.
type Names = BTreeMap<String, i64>;

impl DynamoStore {
    /// Enters the names of the documents that these puts may create.
    pub(super) async fn enter_all(&self, batch: &[Put]) -> Result<(), StoreError> {
        let mut shards: BTreeMap<(String, u64), Vec<String>> = BTreeMap::new();
        for put in batch {
            let (Some(folder), Expect::Absent) = (put.key.folder(), &put.expect) else {
                continue;
            };
            if !self.has_entered(&put.key) {
                let shard = (folder.to_owned(), shard_of(put.key.name()));
                shards
                    .entry(shard)
                    .or_default()
                    .push(put.key.name().to_owned());
            }
        }
        for ((folder, shard), names) in shards {
            let at = whole_seconds(self.now());
            self.change_names(&directory(&folder, shard), |entered| {
                entered.extend(names.iter().map(|name| (name.clone(), at)));
            })
            .await?;
            let mut entered = self.entered();
            entered.retain(|_, since| at - *since < ENTERED_SECONDS);
            entered.extend(
                names
                    .into_iter()
                    .map(|name| (Key::listed(&folder, name), at)),
            );
        }
        Ok(())
    }

    pub(super) async fn list_folder(
        &self,
        folder: &str,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let directories: Vec<Key> = (0..SHARDS).map(|shard| directory(folder, shard)).collect();
        let mut names = Names::new();
        for (key, found) in directories.iter().zip(self.get(&directories).await) {
            names.extend(found?.map_or(Ok(Names::new()), |document| read(key, &document))?);
        }
        let behind = |name: &String| after.is_none_or(|cursor| name.as_str() > cursor.name());
        let names: Vec<(String, i64)> =
            names.into_iter().filter(|(name, _)| behind(name)).collect();
        let (mut page, mut ghosts) = (Page::default(), Vec::new());
        let mut rest = names.as_slice();
        while page.documents.len() < limit && !rest.is_empty() {
            let wanted = rest.len().min(limit - page.documents.len());
            let (now, later) = rest.split_at(wanted);
            let keys: Vec<Key> = now
                .iter()
                .map(|(name, _)| Key::listed(folder, name))
                .collect();
            let found = self.get(&keys).await;
            for ((key, ghost), found) in keys.into_iter().zip(now).zip(found) {
                match found? {
                    Some(document) => page.documents.push((key, document)),
                    None => ghosts.push(ghost.clone()),
                }
            }
            rest = later;
        }
        if !rest.is_empty() {
            let last = page.documents.last();
            page.next = last.map(|(key, _)| Cursor::behind(key.name()));
        }
        self.take_out(folder, ghosts).await;
        Ok(page)
    }

    /// Takes names out that lead to nothing and were entered long ago. What fails is tried again
    /// with the next list.
    async fn take_out(&self, folder: &str, ghosts: Vec<(String, i64)>) {
        let old = whole_seconds(self.now()) - KEPT_SECONDS;
        let mut shards: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
        for (name, _) in ghosts.into_iter().filter(|(_, entered)| *entered < old) {
            shards.entry(shard_of(&name)).or_default().insert(name);
        }
        for (shard, names) in shards {
            let key = directory(folder, shard);
            let taken = self.change_names(&key, |entered| {
                // entered again since: its document may be on its way
                entered.retain(|name, at| *at >= old || !names.contains(name));
            });
            if let Err(error) = taken.await {
                tracing::debug!("the directory of `{folder}` keeps old names for now: {error}");
                return;
            }
        }
    }

    /// Changes a directory, again where another does so at the same time.
    async fn change_names(&self, key: &Key, change: impl Fn(&mut Names)) -> Result<(), StoreError> {
        for round in 1..=MAX_ROUNDS as u32 {
            let stands = only(self.get(std::slice::from_ref(key)).await)?;
            let (expect, mut names) = match &stands {
                Some(document) => (Expect::Version(document.version), read(key, document)?),
                None => (Expect::Absent, Names::new()),
            };
            change(&mut names);
            let body = serde_json::to_vec(&names).map_err(|error| codec(key, &error))?;
            let put = Put::new(key.clone(), expect, body);
            if let PutOutcome::Done { .. } = only(self.change(&[put]).await)? {
                return Ok(());
            }
            pause(round).await;
        }
        Err(StoreError::new("list folder", key.to_string(), contended()))
    }

    fn has_entered(&self, key: &Key) -> bool {
        let now = whole_seconds(self.now());
        self.entered()
            .get(key)
            .is_some_and(|since| now - since < ENTERED_SECONDS)
    }

    fn entered(&self) -> MutexGuard<'_, BTreeMap<Key, i64>> {
        self.entered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Begins as no folder's path does, since a folder's documents may have any name.
fn directory(folder: &str, shard: u64) -> Key {
    Key::new(format!("directory:{shard}:{folder}"))
}

/// FNV-1a, which is the same for ever and everywhere.
fn shard_of(name: &str) -> u64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash % SHARDS
}

fn read(key: &Key, document: &Document) -> Result<Names, StoreError> {
    serde_json::from_slice(&document.body).map_err(|error| codec(key, &error))
}

fn codec(key: &Key, error: &serde_json::Error) -> StoreError {
    let kind = StoreErrorKind::Codec(error.to_string());
    StoreError::new("list folder", key.to_string(), kind)
}

fn only<T>(mut answers: Vec<T>) -> T {
    answers.pop().expect("one entry has one answer")
}
