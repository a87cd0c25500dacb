//! What changes a document and what does not: the same for every store.

use std::time::Duration;

use celeriac_protocol::UtcTime;

use super::{Advance, Advanced, Document, Put, PutOutcome, Remove};

/// What a store keeps under a key. It may have expired: a store collects those when it likes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The document.
    pub document: Document,
    /// Of the change that made it what it is.
    pub nonce: String,
}

/// What is to be done about a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision<T> {
    /// Nothing: this is the answer.
    Answer(T),
    /// This is to stand there, if what was looked at still does.
    Write(Document),
}

/// The version that a change makes of another, 0 for none.
pub fn next_version(before: u64, now: UtcTime) -> u64 {
    // by the clock, so that no version of a document that was collected comes back
    u64::try_from(now.0)
        .unwrap_or(0)
        .max(before.saturating_add(1))
}

impl Put {
    /// What it makes of a document of this version, 0 for none. For adapters.
    pub fn document(&self, before: u64, now: UtcTime) -> Document {
        Document {
            version: next_version(before, now),
            holder: self.holder.clone(),
            number: self.number,
            body: self.body.clone(),
            expires_at: self.ttl.map(|ttl| end(ttl, now)),
        }
    }
}

impl Remove {
    /// What it leaves of a document of this version: one that has expired. For adapters.
    pub fn document(&self, before: u64, now: UtcTime) -> Document {
        Document {
            version: next_version(before, now),
            holder: None,
            number: 0,
            body: Vec::new(),
            expires_at: Some(UtcTime(0)),
        }
    }
}

/// What a put does.
pub fn decide_put(put: &Put, stored: Option<&Stored>, now: UtcTime) -> Decision<PutOutcome> {
    if let Some(own) = stored.filter(|stored| stored.nonce == put.nonce) {
        return done(own.document.version);
    }
    let stands = living(stored, now);
    if !put.expect.holds(stands) {
        return Decision::Answer(PutOutcome::Refused(stands.cloned()));
    }
    let before = stored.map_or(0, |stored| stored.document.version);
    Decision::Write(put.document(before, now))
}

/// What a removal does: leaves a document that has expired.
pub fn decide_remove(
    remove: &Remove,
    stored: Option<&Stored>,
    now: UtcTime,
) -> Decision<PutOutcome> {
    let Some(stands) = living(stored, now) else {
        return done(0);
    };
    if !remove.expect.holds(Some(stands)) {
        return Decision::Answer(PutOutcome::Refused(Some(stands.clone())));
    }
    Decision::Write(remove.document(stands.version, now))
}

/// What an advance does.
pub fn decide_advance(
    advance: &Advance,
    stored: Option<&Stored>,
    now: UtcTime,
) -> Decision<Advanced> {
    let Some(stands) = living(stored, now) else {
        return Decision::Answer(Advanced::Absent);
    };
    let number = stands.number;
    if stored.is_some_and(|stored| stored.nonce == advance.nonce) {
        return Decision::Answer(Advanced::From(number.saturating_sub(advance.by)));
    }
    match number.checked_add(advance.by) {
        Some(sum) if (advance.from..=advance.to).contains(&number) => Decision::Write(Document {
            version: next_version(stands.version, now),
            number: sum,
            ..stands.clone()
        }),
        _ => Decision::Answer(Advanced::Outside(number)),
    }
}

fn done(version: u64) -> Decision<PutOutcome> {
    Decision::Answer(PutOutcome::Done { version })
}

fn living(stored: Option<&Stored>, now: UtcTime) -> Option<&Document> {
    stored
        .map(|stored| &stored.document)
        .filter(|document| document.lives(now))
}

/// In whole seconds, as DynamoDB has it, and never early.
fn end(ttl: Duration, now: UtcTime) -> UtcTime {
    const SECOND: i64 = 1_000_000;
    let exact = now.after(ttl).0;
    UtcTime(
        exact
            .saturating_add(SECOND - 1)
            .div_euclid(SECOND)
            .saturating_mul(SECOND),
    )
}

#[cfg(test)]
mod tests {
    use super::super::{Expect, Key};
    use super::*;

    const NOW: UtcTime = UtcTime(1_700_000_000_500_000);

    fn put(expect: Expect) -> Put {
        Put::new(Key::new("k"), expect, "body")
    }

    fn stored(expires_at: Option<UtcTime>) -> Stored {
        Stored {
            document: Document {
                version: 7,
                holder: Some("h".to_owned()),
                number: 5,
                body: b"old".to_vec(),
                expires_at,
            },
            nonce: "old".to_owned(),
        }
    }

    #[test]
    fn what_is_expected_must_stand_there() {
        let (lives, expired) = (stored(None), stored(Some(NOW)));
        for (expect, over_living) in [
            (Expect::Absent, false),
            (Expect::Version(7), true),
            (Expect::Version(6), false),
            (Expect::Holder("h".to_owned()), true),
            (Expect::Holder("i".to_owned()), false),
        ] {
            let writes = |stored| {
                matches!(
                    decide_put(&put(expect.clone()), stored, NOW),
                    Decision::Write(_)
                )
            };
            let absent = expect == Expect::Absent;
            assert_eq!(writes(Some(&lives)), over_living, "{expect:?}");
            assert_eq!(writes(Some(&expired)), absent, "{expect:?}");
            assert_eq!(writes(None), absent, "{expect:?}");
        }
    }

    #[test]
    fn a_change_that_was_made_is_done() {
        let mut own = stored(None);
        let mut put = put(Expect::Absent);
        own.nonce.clone_from(&put.nonce);
        assert_eq!(decide_put(&put, Some(&own), NOW), done(7));
        put.nonce.push('!');
        assert_ne!(decide_put(&put, Some(&own), NOW), done(7));

        let mut advance = Advance::new(Key::new("k"), 2);
        advance.nonce.clone_from(&own.nonce);
        assert_eq!(
            decide_advance(&advance, Some(&own), NOW),
            Decision::Answer(Advanced::From(3))
        );
    }

    #[test]
    fn versions_never_come_back() {
        assert_eq!(next_version(0, UtcTime(50)), 50);
        assert_eq!(next_version(49, UtcTime(50)), 50);
        assert_eq!(
            next_version(80, UtcTime(50)),
            81,
            "a clock that was set back"
        );
    }

    #[test]
    fn documents_end_in_whole_seconds_and_never_early() {
        assert_eq!(
            end(Duration::from_secs(2), UtcTime(500_000)),
            UtcTime(3_000_000)
        );
        assert_eq!(
            end(Duration::from_secs(2), UtcTime(1_000_000)),
            UtcTime(3_000_000)
        );
    }

    #[test]
    fn a_number_out_of_bounds_is_left() {
        let lives = stored(None);
        let outside = Decision::Answer(Advanced::Outside(5));
        for (from, to, by) in [(6, 9, 1), (0, 4, 1), (0, 9, i64::MAX)] {
            let advance = Advance {
                from,
                to,
                ..Advance::new(Key::new("k"), by)
            };
            assert_eq!(decide_advance(&advance, Some(&lives), NOW), outside);
        }
    }
}
