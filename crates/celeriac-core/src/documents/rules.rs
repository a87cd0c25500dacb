//! What changes a document and what does not: the same for every store.

use std::time::Duration;

use celeriac_protocol::UtcTime;

use super::{Advance, Advanced, Document, Expect, Key, Put, PutOutcome, Remove};

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

/// A change of one document, as every store carries it out.
pub trait Change: Send + Sync + 'static {
    /// What became of it.
    type Outcome: Send + 'static;
    /// What it is called in errors.
    const OPERATION: &'static str;

    /// Which document.
    fn key(&self) -> &Key;

    /// By which it is known again.
    fn nonce(&self) -> &str;

    /// What it does where this is stored.
    fn decide(&self, stored: Option<&Stored>, now: UtcTime) -> Decision<Self::Outcome>;

    /// What it writes where this stands there, for a store that can write under a condition; `None`
    /// if it has to look first.
    fn unseen(&self, now: UtcTime) -> Option<(&Expect, Document)>;

    /// Its outcome once this is written.
    fn done(&self, written: &Document) -> Self::Outcome;
}

impl Change for Put {
    type Outcome = PutOutcome;
    const OPERATION: &'static str = "put document";

    fn key(&self) -> &Key {
        &self.key
    }

    fn nonce(&self) -> &str {
        &self.nonce
    }

    fn decide(&self, stored: Option<&Stored>, now: UtcTime) -> Decision<PutOutcome> {
        if let Some(own) = stored.filter(|stored| stored.nonce == self.nonce) {
            return done(own.document.version);
        }
        let stands = living(stored, now);
        if !self.expect.holds(stands) {
            return Decision::Answer(PutOutcome::Refused(stands.cloned()));
        }
        let before = stored.map_or(0, |stored| stored.document.version);
        Decision::Write(self.over(before, now))
    }

    fn unseen(&self, now: UtcTime) -> Option<(&Expect, Document)> {
        let before = least_version(&self.expect);
        Some((&self.expect, self.over(before, now)))
    }

    fn done(&self, written: &Document) -> PutOutcome {
        PutOutcome::Done {
            version: written.version,
        }
    }
}

impl Put {
    fn over(&self, before: u64, now: UtcTime) -> Document {
        Document {
            version: next_version(before, now),
            holder: self.holder.clone(),
            number: self.number,
            body: self.body.clone(),
            expires_at: self.ttl.map(|ttl| end(ttl, now)),
        }
    }
}

impl Change for Remove {
    type Outcome = PutOutcome;
    const OPERATION: &'static str = "remove document";

    fn key(&self) -> &Key {
        &self.key
    }

    fn nonce(&self) -> &str {
        &self.nonce
    }

    fn decide(&self, stored: Option<&Stored>, now: UtcTime) -> Decision<PutOutcome> {
        let Some(stands) = living(stored, now) else {
            return done(0);
        };
        if !self.expect.holds(Some(stands)) {
            return Decision::Answer(PutOutcome::Refused(Some(stands.clone())));
        }
        Decision::Write(removed(stands.version, now))
    }

    fn unseen(&self, now: UtcTime) -> Option<(&Expect, Document)> {
        let before = least_version(&self.expect);
        // where none stands there is nothing to write
        (self.expect != Expect::Absent).then(|| (&self.expect, removed(before, now)))
    }

    fn done(&self, _: &Document) -> PutOutcome {
        PutOutcome::Done { version: 0 }
    }
}

impl Change for Advance {
    type Outcome = Advanced;
    const OPERATION: &'static str = "advance document";

    fn key(&self) -> &Key {
        &self.key
    }

    fn nonce(&self) -> &str {
        &self.nonce
    }

    fn decide(&self, stored: Option<&Stored>, now: UtcTime) -> Decision<Advanced> {
        let Some(stands) = living(stored, now) else {
            return Decision::Answer(Advanced::Absent);
        };
        if stored.is_some_and(|stored| stored.nonce == self.nonce) {
            return Decision::Answer(self.done(stands));
        }
        let number = stands.number;
        match number.checked_add(self.by) {
            Some(sum) if (self.from..=self.to).contains(&number) => Decision::Write(Document {
                version: next_version(stands.version, now),
                number: sum,
                ..stands.clone()
            }),
            _ => Decision::Answer(Advanced::Outside(number)),
        }
    }

    fn unseen(&self, _: UtcTime) -> Option<(&Expect, Document)> {
        None
    }

    fn done(&self, written: &Document) -> Advanced {
        Advanced::From(written.number.saturating_sub(self.by))
    }
}

/// The version that stands there at least, where this holds.
fn least_version(expect: &Expect) -> u64 {
    match expect {
        Expect::Version(version) => *version,
        Expect::Absent | Expect::Holder(_) => 0,
    }
}

/// How long ago a removed document has expired: by every clock, and within the five years of
/// DynamoDB, which never deletes what has expired before that
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-before-you-start.html>).
const REMOVED_SINCE_MICROS: i64 = 24 * 3600 * 1_000_000;

/// What a removal leaves: a document that has expired.
fn removed(before: u64, now: UtcTime) -> Document {
    Document {
        version: next_version(before, now),
        holder: None,
        number: 0,
        body: Vec::new(),
        expires_at: Some(end(
            Duration::ZERO,
            UtcTime(now.0.saturating_sub(REMOVED_SINCE_MICROS)),
        )),
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
            let writes =
                |stored| matches!(put(expect.clone()).decide(stored, NOW), Decision::Write(_));
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
        assert_eq!(put.decide(Some(&own), NOW), done(7));
        put.nonce.push('!');
        assert_ne!(put.decide(Some(&own), NOW), done(7));

        let mut advance = Advance::new(Key::new("k"), 2);
        advance.nonce.clone_from(&own.nonce);
        assert_eq!(
            advance.decide(Some(&own), NOW),
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
    fn what_is_removed_has_expired_and_not_so_long_ago_that_dynamodb_keeps_it() {
        const HOUR: i64 = 3600 * 1_000_000;
        let removed = removed(7, NOW);
        assert!(!removed.lives(UtcTime(NOW.0 - HOUR)), "by a clock behind");
        let five_years = 5 * 365 * 24 * HOUR;
        assert!(removed.expires_at > Some(UtcTime(NOW.0 - five_years)));
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
            assert_eq!(advance.decide(Some(&lives), NOW), outside);
        }
    }
}
