//! Documents: conditional writes first, and a look at what stands there only where one was refused.

use async_trait::async_trait;
use celeriac_core::documents::{
    Advance, Advanced, Change, Cursor, Decision, Document, Documents, Each, Expect, Key, Page, Put,
    PutOutcome, Remove, Stored, next_version,
};
use celeriac_core::{StoreError, StoreErrorKind};
use celeriac_protocol::{ResultMeta, State, UtcTime, Value, document_key};

use crate::pause::pause;

use super::batch::{Written, rounds};
use super::document_item;
use super::item::{Attributes, RESULT, TIMESTAMP, binary, timestamp, whole_seconds};
use super::statement::{Condition, Write};
use super::store::{DynamoStore, MAX_ROUNDS, contended};

/// What is known of what stands under a key.
enum Seen {
    Nothing,
    Item(Option<Stored>),
}

/// What comes next of a change.
enum Step<T> {
    Answer(T),
    Write(Condition, Document),
    Look,
}

/// By the rules, on what was seen; on nothing seen, under the condition that what is expected
/// stands there.
fn step<C: Change>(change: &C, seen: &Seen, now: UtcTime) -> Step<C::Outcome> {
    let Seen::Item(stored) = seen else {
        return change.unseen(now).map_or(Step::Look, |(expect, document)| {
            Step::Write(expected(expect, now), document)
        });
    };
    match change.decide(stored.as_ref(), now) {
        Decision::Answer(answer) => Step::Answer(answer),
        Decision::Write(document) => Step::Write(unchanged(stored.as_ref()), document),
    }
}

fn unchanged(seen: Option<&Stored>) -> Condition {
    seen.map_or(Condition::Absent, |stored| Condition::Version {
        version: stored.document.version,
    })
}

fn expected(expect: &Expect, now: UtcTime) -> Condition {
    let seconds = whole_seconds(now);
    match expect {
        Expect::Absent => Condition::Absent,
        Expect::Version(version) => Condition::Living {
            version: *version,
            seconds,
        },
        Expect::Holder(holder) => Condition::HeldBy {
            holder: holder.clone(),
            below: next_version(0, now),
            seconds,
        },
    }
}

impl DynamoStore {
    /// Makes changes until each is answered. Those of one document follow each other.
    pub(super) async fn change<C: Change>(&self, batch: &[C]) -> Each<C::Outcome> {
        let keys: Vec<String> = batch.iter().map(|change| self.path(change.key())).collect();
        let mut answers: Vec<Option<Result<C::Outcome, StoreErrorKind>>> =
            batch.iter().map(|_| None).collect();
        for indexes in rounds(keys.iter().map(String::as_str)) {
            let mut open: Vec<(usize, Seen)> = indexes
                .into_iter()
                .map(|index| (index, Seen::Nothing))
                .collect();
            for round in 1..=MAX_ROUNDS as u32 {
                open = self.change_round(batch, &keys, open, &mut answers).await;
                if open.is_empty() {
                    break;
                }
                if round > 2 {
                    pause(round).await; // others change it too
                }
            }
        }
        let answered = batch.iter().zip(answers);
        answered
            .map(|(change, answer)| {
                let answer = answer.unwrap_or_else(|| Err(contended()));
                answer.map_err(|kind| StoreError::new(C::OPERATION, change.key().to_string(), kind))
            })
            .collect()
    }

    /// One round of steps; what is open still, with what was seen of it.
    async fn change_round<C: Change>(
        &self,
        batch: &[C],
        keys: &[String],
        open: Vec<(usize, Seen)>,
        answers: &mut [Option<Result<C::Outcome, StoreErrorKind>>],
    ) -> Vec<(usize, Seen)> {
        let now = self.taker_now();
        let (mut written, mut writes, mut look) = (Vec::new(), Vec::new(), Vec::new());
        for (index, seen) in open {
            let change = &batch[index];
            match step(change, &seen, now) {
                Step::Answer(answer) => answers[index] = Some(Ok(answer)),
                Step::Look => look.push(index),
                Step::Write(condition, document) => {
                    let id = keys[index].clone();
                    match self.document_write(id, condition, &document, change) {
                        Ok(write) => {
                            written.push((index, document));
                            writes.push(write);
                        }
                        Err(kind) => answers[index] = Some(Err(kind)),
                    }
                }
            }
        }
        let mut open = self
            .settle(batch, (written, writes), &mut look, answers)
            .await;
        let found = self
            .read(look.iter().map(|index| &keys[*index]), true)
            .await;
        for index in look {
            let item = found.item(&keys[index]);
            match item.and_then(|item| item.map(document_item::read).transpose()) {
                Ok(stored) => open.push((index, Seen::Item(stored))),
                Err(kind) => answers[index] = Some(Err(kind)),
            }
        }
        open
    }

    /// Writes; what was refused and showed why is open still, and where it did not show is to be
    /// looked.
    async fn settle<C: Change>(
        &self,
        batch: &[C],
        (documents, writes): (Vec<(usize, Document)>, Vec<Write>),
        look: &mut Vec<usize>,
        answers: &mut [Option<Result<C::Outcome, StoreErrorKind>>],
    ) -> Vec<(usize, Seen)> {
        let mut open = Vec::new();
        let written = self.write_all(writes).await;
        for ((index, document), written) in documents.into_iter().zip(written) {
            match written {
                Written::Done => answers[index] = Some(Ok(batch[index].done(&document))),
                Written::Refused(None) => look.push(index),
                Written::Refused(Some(item)) => match document_item::read(&item) {
                    Ok(stored) => open.push((index, Seen::Item(Some(stored)))),
                    Err(kind) => answers[index] = Some(Err(kind)),
                },
                Written::Failed(failure) => answers[index] = Some(Err(failure.into())),
            }
        }
        open
    }

    /// `result` shows PENDING, as of an unknown id, to whoever reads every item of the table.
    fn document_write(
        &self,
        id: String,
        condition: Condition,
        document: &Document,
        change: &impl Change,
    ) -> Result<Write, StoreErrorKind> {
        let pending = ResultMeta::new(change.key().name(), State::Pending, Value::Null);
        let result = self.config.codec.encode(&pending);
        let result = result.map_err(|error| StoreErrorKind::Codec(error.to_string()))?;
        let mut set = vec![
            (RESULT, binary(result)),
            (TIMESTAMP, timestamp(self.clock.now())),
        ];
        set.extend(document_item::attributes(document, change.nonce()));
        Ok(Write { id, condition, set })
    }

    async fn documents(&self, keys: &[Key]) -> Each<Option<Document>> {
        let paths: Vec<String> = keys.iter().map(|key| self.path(key)).collect();
        let found = self.read(paths.iter(), true).await;
        let now = self.taker_now();
        let document = |item: &Attributes| {
            document_item::read(item).map(|stored| Some(stored.document).filter(|it| it.lives(now)))
        };
        let answers = keys.iter().zip(&paths).map(|(key, path)| {
            let item = found.item(path);
            let read = item.and_then(|item| item.map_or(Ok(None), document));
            read.map_err(|kind| StoreError::new("get document", key.to_string(), kind))
        });
        answers.collect()
    }

    fn path(&self, key: &Key) -> String {
        document_key(&self.config.key_prefix, &key.path())
    }
}

#[async_trait]
impl Documents for DynamoStore {
    async fn get(&self, keys: &[Key]) -> Each<Option<Document>> {
        self.documents(keys).await
    }

    async fn put(&self, batch: Vec<Put>) -> Each<PutOutcome> {
        if let Err(error) = self.enter_all(&batch).await {
            return batch.iter().map(|_| Err(error.clone())).collect();
        }
        let answers = self.change(&batch).await;
        // a process that stood still in between may have come too late for its entry
        match self.enter_all(&batch).await {
            Ok(()) => answers,
            Err(error) => batch.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    async fn remove(&self, batch: Vec<Remove>) -> Each<PutOutcome> {
        self.change(&batch).await
    }

    async fn advance(&self, batch: Vec<Advance>) -> Each<Advanced> {
        self.change(&batch).await
    }

    async fn list(
        &self,
        folder: &str,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.list_folder(folder, after, limit).await
    }

    fn now(&self) -> UtcTime {
        self.taker_now()
    }
}
