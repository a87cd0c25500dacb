//! Documents: each call is one transaction.

use async_trait::async_trait;
use celeriac_core::documents::{
    Advance, Advanced, Cursor, Decision, Document, Documents, Each, Key, Page, Put, PutOutcome,
    Remove, Stored, decide_advance, decide_put, decide_remove,
};
use celeriac_core::{StoreError, StoreErrorKind};
use celeriac_protocol::UtcTime;

use crate::document_row::{self, Place};
use crate::item_format::check_size;
use crate::local_store::{LocalStore, per_entry};

/// What a change decides on, and what its success means.
struct Rule<C, T> {
    operation: &'static str,
    key: fn(&C) -> &Key,
    nonce: fn(&C) -> &str,
    decide: fn(&C, Option<&Stored>, UtcTime) -> Decision<T>,
    done: fn(&C, &Document) -> T,
}

const PUT: Rule<Put, PutOutcome> = Rule {
    operation: "put document",
    key: |put| &put.key,
    nonce: |put| &put.nonce,
    decide: decide_put,
    done: |_, written| PutOutcome::Done {
        version: written.version,
    },
};

const REMOVE: Rule<Remove, PutOutcome> = Rule {
    operation: "remove document",
    key: |remove| &remove.key,
    nonce: |remove| &remove.nonce,
    decide: decide_remove,
    done: |_, _| PutOutcome::Done { version: 0 },
};

const ADVANCE: Rule<Advance, Advanced> = Rule {
    operation: "advance document",
    key: |advance| &advance.key,
    nonce: |advance| &advance.nonce,
    decide: decide_advance,
    done: |advance, written| Advanced::From(written.number.saturating_sub(advance.by)),
};

impl LocalStore {
    async fn change<C, T>(&self, rule: Rule<C, T>, batch: Vec<C>) -> Each<T>
    where
        C: Send + 'static,
        T: Send + 'static,
    {
        let key = rule.key;
        let subjects = batch.iter().map(|change| key(change).to_string()).collect();
        let places: Vec<Place> = batch.iter().map(|change| self.place(key(change))).collect();
        let (operation, now) = (rule.operation, self.database().now());
        let done = self.database().write(move |transaction| {
            document_row::sweep(transaction, now)?;
            let changes = batch.iter().zip(&places);
            let outcomes = changes.map(|(change, place)| {
                let stands = document_row::find(transaction, &place.key)?;
                let document = match (rule.decide)(change, stands.as_ref(), now) {
                    Decision::Answer(answer) => return Ok(Ok(answer)),
                    Decision::Write(document) => document,
                };
                let nonce = (rule.nonce)(change);
                if let Err(kind) = check_size(&place.key, document.body.len() + nonce.len()) {
                    return Ok(Err(kind));
                }
                document_row::put(transaction, place, &document, nonce)?;
                Ok(Ok((rule.done)(change, &document)))
            });
            outcomes.collect::<rusqlite::Result<Vec<Result<T, StoreErrorKind>>>>()
        });
        per_entry(operation, subjects, done.await)
    }

    fn place(&self, key: &Key) -> Place {
        let stored = |path: &str| self.format().document_key(path);
        Place::new(stored(&key.path()), key, stored)
    }
}

#[async_trait]
impl Documents for LocalStore {
    async fn get(&self, keys: &[Key]) -> Each<Option<Document>> {
        let subjects = keys.iter().map(Key::to_string).collect();
        let stored: Vec<String> = keys.iter().map(|key| self.place(key).key).collect();
        let now = self.database().now();
        let read = self.database().read(move |transaction| {
            let found = stored
                .iter()
                .map(|key| document_row::find(transaction, key));
            let living = found.map(|found| {
                let document = found?.map(|stored| stored.document);
                Ok(Ok(document.filter(|document| document.lives(now))))
            });
            living.collect()
        });
        per_entry("get document", subjects, read.await)
    }

    async fn put(&self, batch: Vec<Put>) -> Each<PutOutcome> {
        self.change(PUT, batch).await
    }

    async fn remove(&self, batch: Vec<Remove>) -> Each<PutOutcome> {
        self.change(REMOVE, batch).await
    }

    async fn advance(&self, batch: Vec<Advance>) -> Each<Advanced> {
        self.change(ADVANCE, batch).await
    }

    async fn list(
        &self,
        folder: &str,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let stored = self.format().document_key(folder);
        let behind = after.map(|cursor| cursor.name().to_owned());
        let now = self.database().now();
        let read = self.database().read(move |transaction| {
            // one more tells whether there is a next page
            let limit = limit.saturating_add(1);
            document_row::list(transaction, &stored, behind.as_deref(), now, limit)
        });
        let mut found = read
            .await
            .map_err(|error| StoreError::new("list folder", folder, error.into()))?;
        let more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().map(|(name, _)| Cursor::behind(name.as_str()));
        let documents = found.into_iter();
        Ok(Page {
            documents: documents
                .map(|(name, document)| (Key::listed(folder, name), document))
                .collect(),
            next: last.filter(|_| more),
        })
    }

    fn now(&self) -> UtcTime {
        self.database().now()
    }
}
