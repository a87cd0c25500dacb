//! Chords: each call is one transaction. There is one layout, since celeriac alone reads this
//! database.

use async_trait::async_trait;
use celeriac_core::chords::{
    Arrived, ChordKey, ChordPage, ChordRecord, Chords, Layout, Members, NewChord, Part, Settle,
    Shape, Standing, Take, Taken,
};
use celeriac_core::documents::Each;
use celeriac_core::{StoreError, StoreErrorKind};
use celeriac_protocol::{Limits, ResultCodec, UtcTime, Value};
use rusqlite::{OptionalExtension, Transaction};

use crate::local_store::{LocalStore, per_entry};

/// A chord that nobody ends is forgotten after 400 days, one that is over after 14.
const KEPT: i64 = 400 * 24 * 3600 * 1_000_000;
const REMEMBERED: i64 = 14 * 24 * 3600 * 1_000_000;
/// Chords in a page of the list.
const PAGE: i64 = 1_000;
/// How many expired chords one transaction deletes at most.
const SWEEP_BATCH: i64 = 20;

/// A chord as stored, without its members.
struct ChordRow {
    body: Vec<u8>,
    shape: String,
    over: bool,
    ends: i64,
    lease_until: Option<i64>,
    nonce: Option<String>,
    taken_by: Option<String>,
    takes: u32,
}

impl ChordRow {
    fn find(transaction: &Transaction<'_>, key: &str, now: i64) -> rusqlite::Result<Option<Self>> {
        let sql = "SELECT body, shape, state, lease_until, nonce, taken_by, takes, expires_at
                   FROM chord WHERE key = ?1 AND expires_at > ?2";
        let mut statement = transaction.prepare_cached(sql)?;
        let row = statement.query_row((key, now), |row| {
            Ok(Self {
                body: row.get(0)?,
                shape: row.get(1)?,
                over: row.get::<_, Option<String>>(2)?.is_some(),
                lease_until: row.get(3)?,
                nonce: row.get(4)?,
                taken_by: row.get(5)?,
                takes: row.get(6)?,
                ends: row.get(7)?,
            })
        });
        row.optional()
    }
}

fn begin(
    transaction: &Transaction<'_>,
    key: &str,
    chord: &NewChord,
    body: &[u8],
    now: i64,
) -> rusqlite::Result<Standing> {
    if let Some(row) = ChordRow::find(transaction, key, now)? {
        return Ok(if row.over {
            Standing::Over
        } else {
            Standing::Begun
        });
    }
    delete(transaction, key)?;
    let sql = "INSERT INTO chord (key, body, shape, takes, expires_at) VALUES (?1, ?2, ?3, 0, ?4)";
    let shape = Shape::text(&chord.members.shape);
    let mut insert = transaction.prepare_cached(sql)?;
    insert.execute((key, body, shape, now.saturating_add(KEPT)))?;
    let sql = "INSERT INTO chord_member (chord, place, task_id) VALUES (?1, ?2, ?3)";
    let mut insert = transaction.prepare_cached(sql)?;
    for (id, place) in chord.members.ids.iter().zip(0u32..) {
        insert.execute((key, place, id))?;
    }
    Ok(Standing::New)
}

fn arrive(
    transaction: &Transaction<'_>,
    key: &str,
    part: &Part,
    now: i64,
) -> rusqlite::Result<Arrived> {
    let Some(row) = ChordRow::find(transaction, key, now)?.filter(|row| !row.over) else {
        return Ok(Arrived::Over);
    };
    drop(row);
    let failed = i64::from(part.failed);
    if let Some(place) = part.index {
        let sql = "UPDATE chord_member SET failed = ?3 WHERE chord = ?1 AND place = ?2";
        let mut update = transaction.prepare_cached(sql)?;
        update.execute((key, place, failed))?;
    } else {
        let sql = "UPDATE chord_member SET failed = ?3 WHERE chord = ?1 AND task_id = ?2";
        let mut update = transaction.prepare_cached(sql)?;
        update.execute((key, &part.task_id, failed))?;
    }
    let sql = "SELECT 1 FROM chord_member WHERE chord = ?1 AND failed IS NULL LIMIT 1";
    let mut awaited = transaction.prepare_cached(sql)?;
    let awaited = awaited.exists((key,))?;
    Ok(if awaited {
        Arrived::Waiting
    } else {
        Arrived::Complete
    })
}

fn take(
    transaction: &Transaction<'_>,
    key: &str,
    take: &Take,
    now: UtcTime,
) -> rusqlite::Result<Taken> {
    let Some(row) = ChordRow::find(transaction, key, now.0)?.filter(|row| !row.over) else {
        return Ok(Taken::Over);
    };
    let own = row.nonce.as_ref() == Some(&take.nonce);
    if let Some(until) = row.lease_until.filter(|until| !own && *until > now.0) {
        return Ok(Taken::Held {
            until: UtcTime(until),
        });
    }
    let takes = if own { row.takes } else { row.takes + 1 };
    let by = row.taken_by.unwrap_or_else(|| take.by.clone());
    let sql =
        "UPDATE chord SET lease_until = ?2, nonce = ?3, taken_by = ?4, takes = ?5 WHERE key = ?1";
    let until = now.after(take.lease).0;
    let mut update = transaction.prepare_cached(sql)?;
    update.execute((key, until, &take.nonce, &by, takes))?;
    Ok(Taken::Yours { by, takes })
}

fn settle(
    transaction: &Transaction<'_>,
    key: &str,
    settle: &Settle,
    now: i64,
) -> rusqlite::Result<bool> {
    let state = if settle.failed { "failed" } else { "sent" };
    let sql = "UPDATE chord SET state = ?2, expires_at = ?3
               WHERE key = ?1 AND nonce = ?4 AND (state IS NULL OR state = ?2)";
    let mut update = transaction.prepare_cached(sql)?;
    let ends = now.saturating_add(REMEMBERED);
    Ok(update.execute((key, state, ends, &settle.nonce))? > 0)
}

fn extend(
    transaction: &Transaction<'_>,
    key: &str,
    task_id: &str,
    now: i64,
) -> rusqlite::Result<Option<u32>> {
    if ChordRow::find(transaction, key, now)?.is_none_or(|row| row.over) {
        return Ok(None);
    }
    let sql = "SELECT place FROM chord_member WHERE chord = ?1 AND task_id = ?2";
    let mut found = transaction.prepare_cached(sql)?;
    if let Some(place) = found
        .query_row((key, task_id), |row| row.get(0))
        .optional()?
    {
        return Ok(Some(place));
    }
    let sql = "INSERT INTO chord_member (chord, place, task_id)
               SELECT ?1, coalesce(max(place), -1) + 1, ?2 FROM chord_member WHERE chord = ?1
               RETURNING place";
    let mut insert = transaction.prepare_cached(sql)?;
    insert.query_row((key, task_id), |row| row.get(0)).map(Some)
}

fn load(
    transaction: &Transaction<'_>,
    key: &str,
    now: i64,
) -> rusqlite::Result<Option<Result<ChordRecord, StoreErrorKind>>> {
    let Some(row) = ChordRow::find(transaction, key, now)? else {
        return Ok(None);
    };
    let sql = "SELECT task_id, failed FROM chord_member WHERE chord = ?1 ORDER BY place";
    let mut members = transaction.prepare_cached(sql)?;
    let members = members.query_map((key,), |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, Option<i64>>(1)?.is_some(),
        ))
    })?;
    let (mut ids, mut arrived) = (Vec::new(), 0);
    for member in members {
        let (id, has_arrived) = member?;
        ids.push(id);
        arrived += u32::from(has_arrived);
    }
    let body = ResultCodec::default().decode_value(&row.body, &Limits::default());
    let record = body.map(|body| ChordRecord {
        members: Members {
            ids,
            shape: Shape::of_text(&row.shape),
        },
        body,
        arrived,
        began: Some(UtcTime(row.ends.saturating_sub(KEPT))).filter(|_| !row.over),
        over: row.over,
    });
    Ok(Some(
        record.map_err(|error| StoreErrorKind::Codec(error.to_string())),
    ))
}

/// The keys of open chords that begin so.
fn list(
    transaction: &Transaction<'_>,
    prefix: &str,
    from: Option<&str>,
    now: i64,
) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT key FROM chord
               WHERE state IS NULL AND expires_at > ?1 AND key > ?2
                 AND substr(key, 1, length(?3)) = ?3 ORDER BY key LIMIT ?4";
    let mut open = transaction.prepare_cached(sql)?;
    let from = from.unwrap_or_default();
    let keys = open.query_map((now, from, prefix, PAGE), |row| row.get(0))?;
    keys.collect()
}

/// A saved group is a chord that is over, and has no members.
fn save(transaction: &Transaction<'_>, key: &str, tuple: &[u8], ends: i64) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO chord (key, body, shape, state, takes, expires_at)
               VALUES (?1, ?2, '', 'saved', 0, ?3)";
    transaction
        .prepare_cached(sql)?
        .execute((key, tuple, ends))?;
    Ok(())
}

fn delete(transaction: &Transaction<'_>, key: &str) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM chord_member WHERE chord = ?1",
        "DELETE FROM chord WHERE key = ?1",
    ] {
        transaction.prepare_cached(sql)?.execute((key,))?;
    }
    Ok(())
}

fn sweep(transaction: &Transaction<'_>, now: i64) -> rusqlite::Result<()> {
    let sql = "SELECT key FROM chord WHERE expires_at <= ?1 LIMIT ?2";
    let mut expired = transaction.prepare_cached(sql)?;
    let keys = expired.query_map((now, SWEEP_BATCH), |row| row.get::<_, String>(0))?;
    for key in keys.collect::<rusqlite::Result<Vec<String>>>()? {
        delete(transaction, &key)?;
    }
    Ok(())
}

impl LocalStore {
    fn chord(&self, group_id: &str) -> String {
        self.format().chord_key(group_id)
    }
}

#[async_trait]
impl Chords for LocalStore {
    fn speaks_celery(&self) -> bool {
        false
    }

    async fn begin(&self, batch: Vec<NewChord>) -> Each<Standing> {
        let ids = batch
            .iter()
            .map(|chord| chord.key.group_id.clone())
            .collect();
        let keys: Vec<String> = batch
            .iter()
            .map(|one| self.chord(&one.key.group_id))
            .collect();
        let bodies: Vec<_> = batch
            .iter()
            .map(|chord| ResultCodec::default().encode_value(&chord.body))
            .collect();
        let now = self.database().now().0;
        let done = self.database().write(move |transaction| {
            sweep(transaction, now)?;
            let each = batch.iter().zip(&keys).zip(&bodies);
            each.map(|((chord, key), body)| match body {
                Ok(body) => begin(transaction, key, chord, body, now).map(Ok),
                Err(error) => Ok(Err(StoreErrorKind::Codec(error.to_string()))),
            })
            .collect()
        });
        per_entry("begin chord", ids, done.await)
    }

    async fn arrive(&self, batch: Vec<Part>) -> Each<Arrived> {
        let ids = batch.iter().map(|part| part.key.group_id.clone()).collect();
        let keys: Vec<String> = batch
            .iter()
            .map(|one| self.chord(&one.key.group_id))
            .collect();
        let now = self.database().now().0;
        let done = self.database().write(move |transaction| {
            let each = batch.iter().zip(&keys);
            each.map(|(part, key)| arrive(transaction, key, part, now).map(Ok))
                .collect()
        });
        per_entry("arrive in chord", ids, done.await)
    }

    async fn take(&self, wanted: Take) -> Result<Taken, StoreError> {
        let (id, key) = (
            wanted.key.group_id.clone(),
            self.chord(&wanted.key.group_id),
        );
        let now = self.database().now();
        let done = self
            .database()
            .write(move |transaction| take(transaction, &key, &wanted, now));
        done.await
            .map_err(|error| StoreError::new("take chord", id, error.into()))
    }

    async fn settle(&self, end: Settle) -> Result<bool, StoreError> {
        let (id, key) = (end.key.group_id.clone(), self.chord(&end.key.group_id));
        let now = self.database().now().0;
        let done = self
            .database()
            .write(move |transaction| settle(transaction, &key, &end, now));
        done.await
            .map_err(|error| StoreError::new("settle chord", id, error.into()))
    }

    async fn extend(&self, of: &ChordKey, task_id: &str) -> Result<Option<u32>, StoreError> {
        let (key, task_id) = (self.chord(&of.group_id), task_id.to_owned());
        let now = self.database().now().0;
        let done = self
            .database()
            .write(move |transaction| extend(transaction, &key, &task_id, now));
        done.await
            .map_err(|error| StoreError::new("extend chord", &of.group_id, error.into()))
    }

    async fn load(&self, keys: &[ChordKey]) -> Each<Option<ChordRecord>> {
        let ids = keys.iter().map(|key| key.group_id.clone()).collect();
        let stored: Vec<String> = keys.iter().map(|key| self.chord(&key.group_id)).collect();
        let now = self.database().now().0;
        let done = self.database().read(move |transaction| {
            let each = stored.iter().map(|key| load(transaction, key, now));
            each.map(|loaded| Ok(loaded?.transpose())).collect()
        });
        per_entry("load chord", ids, done.await)
    }

    async fn keep_body(&self, _: &ChordKey, _: &Value) -> Result<(), StoreError> {
        Ok(()) // there is one layout, which has it
    }

    async fn list(&self, after: Option<&str>) -> Result<ChordPage, StoreError> {
        let (from, now) = (after.map(str::to_owned), self.database().now().0);
        let none = self.chord("");
        let (prefix, quote) = none.split_at(none.len() - 1); // of a Python literal
        let (prefix, quote) = (prefix.to_owned(), quote.to_owned());
        let begins = prefix.clone();
        let done = self
            .database()
            .read(move |transaction| list(transaction, &begins, from.as_deref(), now));
        let keys = done
            .await
            .map_err(|error| StoreError::new("list chords", "", error.into()))?;
        let is_full = i64::try_from(keys.len()).is_ok_and(|count| count == PAGE);
        let next = keys.last().filter(|_| is_full).cloned();
        let own = |key: &String| {
            let group_id = key.strip_prefix(&prefix)?.strip_suffix(&quote)?.to_owned();
            let layout = Layout::Set;
            Some(ChordKey { group_id, layout })
        };
        Ok(ChordPage {
            keys: keys.iter().filter_map(own).collect(),
            next,
        })
    }

    async fn save_group(&self, group_id: &str, tuple: &Value) -> Result<(), StoreError> {
        let failed = |kind| StoreError::new("save group", group_id, kind);
        let tuple = ResultCodec::default()
            .encode_value(tuple)
            .map_err(|error| failed(StoreErrorKind::Codec(error.to_string())))?;
        let key = self.format().group_key(group_id);
        let ends = self.database().now().0.saturating_add(KEPT);
        let done = self
            .database()
            .write(move |transaction| save(transaction, &key, &tuple, ends));
        done.await.map_err(|error| failed(error.into()))
    }

    async fn saved_group(&self, group_id: &str) -> Result<Option<Value>, StoreError> {
        let failed = |kind| StoreError::new("restore group", group_id, kind);
        let (key, now) = (self.format().group_key(group_id), self.database().now().0);
        let done = self
            .database()
            .read(move |transaction| ChordRow::find(transaction, &key, now));
        let Some(row) = done.await.map_err(|error| failed(error.into()))? else {
            return Ok(None);
        };
        let tuple = ResultCodec::default().decode_value(&row.body, &Limits::default());
        tuple
            .map(Some)
            .map_err(|error| failed(StoreErrorKind::Codec(error.to_string())))
    }
}
