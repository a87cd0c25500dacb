//! Documents: conditional writes first, and a look at what stands there only where one was refused.

use async_trait::async_trait;
use celeriac_core::documents::{
    Advance, Advanced, Cursor, Decision, Document, Documents, Each, Expect, Key, Page, Put,
    PutOutcome, Remove, Stored, decide_advance, decide_put, decide_remove, next_version,
};
use celeriac_core::{StoreError, StoreErrorKind};
use celeriac_protocol::{ResultMeta, State, UtcTime, Value, document_key};

use crate::pause::pause;

use super::batch::{Written, rounds};
use super::document_item;
use super::item::{Attributes, RESULT, TIMESTAMP, binary, timestamp};
use super::statement::{Condition, Write};
use super::store::{DynamoStore, MAX_ROUNDS, contended};

/// What is known of what stands under a key.
pub(super) enum Seen {
    Nothing,
    Item(Option<Stored>),
}

/// What comes next of a change.
pub(super) enum Step<T> {
    Answer(T),
    Write(Condition, Document),
    Look,
}

impl<T> Step<T> {
    /// Of what the rules say about what was seen: it must still stand there.
    fn decided(decision: Decision<T>, seen: Option<&Stored>) -> Self {
        match decision {
            Decision::Answer(answer) => Self::Answer(answer),
            Decision::Write(document) => Self::Write(unchanged(seen), document),
        }
    }
}

fn unchanged(seen: Option<&Stored>) -> Condition {
    seen.map_or(Condition::Absent, |stored| Condition::Version {
        version: stored.document.version,
    })
}

/// The condition that what is expected stands there, and the version that it then has at least.
fn expected(expect: &Expect, now: UtcTime) -> (Condition, u64) {
    let seconds = now.0.div_euclid(1_000_000);
    match expect {
        Expect::Absent => (Condition::Absent, 0),
        Expect::Version(version) => {
            let version = *version;
            (Condition::Living { version, seconds }, version)
        }
        Expect::Holder(holder) => {
            let (holder, below) = (holder.clone(), next_version(0, now));
            (
                Condition::HeldBy {
                    holder,
                    below,
                    seconds,
                },
                0,
            )
        }
    }
}

/// A change, and what its success means.
pub(super) trait Change: Send + Sync {
    type Outcome: Send;

    fn key(&self) -> &Key;
    fn nonce(&self) -> &str;
    fn step(&self, seen: &Seen, now: UtcTime) -> Step<Self::Outcome>;
    /// Of the document that was written.
    fn done(&self, written: &Document) -> Self::Outcome;
}

impl Change for Put {
    type Outcome = PutOutcome;

    fn key(&self) -> &Key {
        &self.key
    }

    fn nonce(&self) -> &str {
        &self.nonce
    }

    fn step(&self, seen: &Seen, now: UtcTime) -> Step<PutOutcome> {
        let Seen::Item(stored) = seen else {
            let (condition, before) = expected(&self.expect, now);
            return Step::Write(condition, self.document(before, now));
        };
        Step::decided(decide_put(self, stored.as_ref(), now), stored.as_ref())
    }

    fn done(&self, written: &Document) -> PutOutcome {
        PutOutcome::Done {
            version: written.version,
        }
    }
}

impl Change for Remove {
    type Outcome = PutOutcome;

    fn key(&self) -> &Key {
        &self.key
    }

    fn nonce(&self) -> &str {
        &self.nonce
    }

    fn step(&self, seen: &Seen, now: UtcTime) -> Step<PutOutcome> {
        match seen {
            Seen::Item(stored) => {
                Step::decided(decide_remove(self, stored.as_ref(), now), stored.as_ref())
            }
            Seen::Nothing if self.expect == Expect::Absent => Step::Look,
            Seen::Nothing => {
                let (condition, before) = expected(&self.expect, now);
                Step::Write(condition, self.document(before, now))
            }
        }
    }

    fn done(&self, _: &Document) -> PutOutcome {
        PutOutcome::Done { version: 0 }
    }
}

impl Change for Advance {
    type Outcome = Advanced;

    fn key(&self) -> &Key {
        &self.key
    }

    fn nonce(&self) -> &str {
        &self.nonce
    }

    fn step(&self, seen: &Seen, now: UtcTime) -> Step<Advanced> {
        let Seen::Item(stored) = seen else {
            return Step::Look;
        };
        Step::decided(decide_advance(self, stored.as_ref(), now), stored.as_ref())
    }

    fn done(&self, written: &Document) -> Advanced {
        Advanced::From(written.number.saturating_sub(self.by))
    }
}

impl DynamoStore {
    /// Makes changes until each is answered. Those of one document follow each other.
    pub(super) async fn change<C: Change>(
        &self,
        operation: &'static str,
        batch: &[C],
    ) -> Each<C::Outcome> {
        let keys: Vec<String> = batch.iter().map(|change| self.path(change.key())).collect();
        let mut answers: Vec<Option<Result<C::Outcome, StoreErrorKind>>> =
            batch.iter().map(|_| None).collect();
        for places in rounds(keys.iter().map(String::as_str)) {
            let mut open: Vec<(usize, Seen)> = places
                .into_iter()
                .map(|place| (place, Seen::Nothing))
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
                answer.map_err(|kind| StoreError::new(operation, change.key().to_string(), kind))
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
        let (mut writes, mut look) = (Vec::new(), Vec::new());
        for (place, seen) in open {
            let change = &batch[place];
            match change.step(&seen, now) {
                Step::Answer(answer) => answers[place] = Some(Ok(answer)),
                Step::Look => look.push(place),
                Step::Write(condition, document) => {
                    let id = keys[place].clone();
                    match self.document_write(id, condition, &document, change) {
                        Ok(write) => writes.push((place, document, write)),
                        Err(kind) => answers[place] = Some(Err(kind)),
                    }
                }
            }
        }
        let mut open = self.settle(batch, writes, &mut look, answers).await;
        let found = self
            .read(look.iter().map(|place| &keys[*place]), true)
            .await;
        for place in look {
            let item = found.item(&keys[place]);
            match item.and_then(|item| item.map(document_item::read).transpose()) {
                Ok(stored) => open.push((place, Seen::Item(stored))),
                Err(kind) => answers[place] = Some(Err(kind)),
            }
        }
        open
    }

    /// Writes; what was refused and showed why is open still, and where it did not show is to be looked.
    async fn settle<C: Change>(
        &self,
        batch: &[C],
        writes: Vec<(usize, Document, Write)>,
        look: &mut Vec<usize>,
        answers: &mut [Option<Result<C::Outcome, StoreErrorKind>>],
    ) -> Vec<(usize, Seen)> {
        let mut open = Vec::new();
        let statements = writes.iter().map(|(_, _, write)| write.clone()).collect();
        for ((place, document, _), written) in
            writes.into_iter().zip(self.write_all(statements).await)
        {
            match written {
                Written::Done => answers[place] = Some(Ok(batch[place].done(&document))),
                Written::Refused(None) => look.push(place),
                Written::Refused(Some(item)) => match document_item::read(&item) {
                    Ok(stored) => open.push((place, Seen::Item(Some(stored)))),
                    Err(kind) => answers[place] = Some(Err(kind)),
                },
                Written::Failed(failure) => answers[place] = Some(Err(failure.into())),
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
        let shown = ResultMeta::new(change.key().name(), State::Pending, Value::Null);
        let result = self.config.codec.encode(&shown);
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
        let answers = self.change("put document", &batch).await;
        // a process that stood still in between may have come too late for its entry
        match self.enter_all(&batch).await {
            Ok(()) => answers,
            Err(error) => batch.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    async fn remove(&self, batch: Vec<Remove>) -> Each<PutOutcome> {
        self.change("remove document", &batch).await
    }

    async fn advance(&self, batch: Vec<Advance>) -> Each<Advanced> {
        self.change("advance document", &batch).await
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
