//! Documents: each call is one transaction.

use async_trait::async_trait;
use celeriac_core::documents::{
    Advance, Advanced, Change, Cursor, Decision, Document, Documents, Each, Key, Page, Put,
    PutOutcome, Remove,
};
use celeriac_core::{StoreError, StoreErrorKind};
use celeriac_protocol::UtcTime;
use rusqlite::Transaction;

use crate::document_row::{self, Place};
use crate::item_format::check_size;
use crate::local_store::{LocalStore, per_entry};

impl LocalStore {
    async fn change<C: Change>(&self, batch: Vec<C>) -> Each<C::Outcome> {
        let keys = || batch.iter().map(Change::key);
        let subjects = keys().map(Key::to_string).collect();
        let places: Vec<Place> = keys().map(|key| self.place(key)).collect();
        let now = self.database().now();
        let done = self.database().write(move |transaction| {
            document_row::sweep(transaction, now)?;
            let changes = batch.iter().zip(&places);
            changes
                .map(|(change, place)| make(transaction, change, place, now))
                .collect()
        });
        per_entry(C::OPERATION, subjects, done.await)
    }

    fn place(&self, key: &Key) -> Place {
        let stored = |path: &str| self.format().document_key(path);
        Place::new(stored(&key.path()), key, stored)
    }
}

/// One change, in a transaction that has the write lock: nobody comes between the look and the
/// write.
fn make<C: Change>(
    transaction: &Transaction<'_>,
    change: &C,
    place: &Place,
    now: UtcTime,
) -> rusqlite::Result<Result<C::Outcome, StoreErrorKind>> {
    let stands = document_row::find(transaction, &place.key)?;
    let document = match change.decide(stands.as_ref(), now) {
        Decision::Answer(answer) => return Ok(Ok(answer)),
        Decision::Write(document) => document,
    };
    let nonce = change.nonce();
    if let Err(kind) = check_size(&place.key, document.body.len() + nonce.len()) {
        return Ok(Err(kind));
    }
    document_row::put(transaction, place, &document, nonce)?;
    Ok(Ok(change.done(&document)))
}

#[async_trait]
impl Documents for LocalStore {
    async fn get(&self, keys: &[Key]) -> Each<Option<Document>> {
        let subjects = keys.iter().map(Key::to_string).collect();
        let key = |key: &Key| self.format().document_key(&key.path());
        let stored: Vec<String> = keys.iter().map(key).collect();
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
        self.change(batch).await
    }

    async fn remove(&self, batch: Vec<Remove>) -> Each<PutOutcome> {
        self.change(batch).await
    }

    async fn advance(&self, batch: Vec<Advance>) -> Each<Advanced> {
        self.change(batch).await
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
