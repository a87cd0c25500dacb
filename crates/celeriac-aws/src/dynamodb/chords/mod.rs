//! Chords: the members of ours in shards of sets (`set.rs`), those that Python may take part in as
//! Celery keeps them (`celery.rs`), and what both have: who may send the body (`firing.rs`).

mod celery;
mod firing;
mod list;
mod saved_group;
mod set;

use std::collections::BTreeMap;

use async_trait::async_trait;
use celeriac_core::chords::{
    Arrived, ChordKey, ChordPage, ChordRecord, Chords, Layout, NewChord, Part, Settle, Standing,
    Take, Taken,
};
use celeriac_core::documents::Each;
use celeriac_core::{StoreError, StoreErrorKind};
use celeriac_protocol::Value;

use super::store::DynamoStore;

pub(super) use self::saved_group::SavedGroups;

type Answer<T> = Result<T, StoreErrorKind>;

fn answered<T>(
    operation: &'static str,
    group_id: &str,
    answer: Answer<T>,
) -> Result<T, StoreError> {
    answer.map_err(|kind| StoreError::new(operation, group_id, kind))
}

#[async_trait]
impl Chords for DynamoStore {
    fn speaks_celery(&self) -> bool {
        true
    }

    async fn begin(&self, batch: Vec<NewChord>) -> Each<Standing> {
        let mut answers: Vec<Answer<Standing>> = Vec::with_capacity(batch.len());
        for chord in &batch {
            answers.push(match chord.key.layout {
                Layout::Set => self.begin_set(chord).await,
                Layout::Celery => self.begin_as_celery(chord).await,
            });
        }
        let each = batch.iter().zip(answers);
        each.map(|(chord, answer)| answered("begin chord", &chord.key.group_id, answer))
            .collect()
    }

    async fn arrive(&self, batch: Vec<Part>) -> Each<Arrived> {
        let mut by_chord: BTreeMap<&ChordKey, Vec<(usize, &Part)>> = BTreeMap::new();
        for (index, part) in batch.iter().enumerate() {
            by_chord.entry(&part.key).or_default().push((index, part));
        }
        let each = by_chord.into_iter().map(|(key, parts)| async move {
            match key.layout {
                Layout::Set => self.arrive_in_set(&key.group_id, parts).await,
                Layout::Celery => self.count_all(&key.group_id, parts).await,
            }
        });
        let answers = futures_util::future::join_all(each).await;
        let mut answers: Vec<_> = answers.into_iter().flatten().collect();
        answers.sort_unstable_by_key(|(index, _)| *index);
        let each = batch.iter().zip(answers);
        each.map(|(part, (_, answer))| answered("arrive in chord", &part.key.group_id, answer))
            .collect()
    }

    async fn take(&self, take: Take) -> Result<Taken, StoreError> {
        let taken = self.take_chord(&take).await;
        answered("take chord", &take.key.group_id, taken)
    }

    async fn settle(&self, settle: Settle) -> Result<bool, StoreError> {
        let settled = self.settle_chord(&settle).await;
        answered("settle chord", &settle.key.group_id, settled)
    }

    async fn extend(&self, key: &ChordKey, task_id: &str) -> Result<Option<u32>, StoreError> {
        let extended = match key.layout {
            Layout::Set => self.extend_set(&key.group_id, task_id).await,
            Layout::Celery => self.extend_as_celery(&key.group_id, task_id).await,
        };
        answered("extend chord", &key.group_id, extended)
    }

    async fn load(&self, keys: &[ChordKey]) -> Each<Option<ChordRecord>> {
        let mut answers = Vec::with_capacity(keys.len());
        for key in keys {
            let loaded = match key.layout {
                Layout::Set => self.load_set(&key.group_id).await,
                Layout::Celery => self.load_as_celery(&key.group_id).await,
            };
            answers.push(answered("load chord", &key.group_id, loaded));
        }
        answers
    }

    async fn keep_body(&self, key: &ChordKey, body: &Value) -> Result<(), StoreError> {
        let kept = match key.layout {
            Layout::Set => Ok(()), // it has it
            Layout::Celery => self.keep_celery_body(&key.group_id, body).await,
        };
        answered("keep body", &key.group_id, kept)
    }

    async fn list(&self, after: Option<&str>) -> Result<ChordPage, StoreError> {
        answered("list chords", "", self.scan_chords(after).await)
    }

    async fn save_group(&self, group_id: &str, tuple: &Value) -> Result<(), StoreError> {
        let saved = self.write_group(group_id, tuple).await;
        answered("save group", group_id, saved)
    }

    async fn saved_group(&self, group_id: &str) -> Result<Option<Value>, StoreError> {
        let read = self.read_group(group_id).await;
        answered("restore group", group_id, read)
    }
}
