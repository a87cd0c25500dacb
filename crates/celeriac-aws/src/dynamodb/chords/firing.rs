use celeriac_core::chords::{ChordKey, Layout, Settle, Take, Taken};
use celeriac_protocol::{UtcTime, chord_key};

use super::super::item::{
    Attributes, LEASE, NONCE, STATE, TTL, lease_millis, number, number_of, text, text_of,
    whole_seconds,
};
use super::super::store::DynamoStore;
use super::super::update::{Update, Updated};
use super::Answer;
use super::set::head_key;

/// The member that was first allowed to send the body.
pub(super) const BY: &str = "c_by";
/// How often one was allowed to.
pub(super) const TAKES: &str = "c_takes";
/// [`STATE`] of a chord whose body was sent.
pub(super) const SENT: &str = "sent";
/// [`STATE`] of a chord whose body failed.
pub(super) const FAILED: &str = "failed";

/// A chord that is over is remembered for so long: as SQS keeps a message.
const REMEMBERED_SECONDS: i64 = 14 * 24 * 3600;

/// Whether its body was sent or failed.
pub(super) fn is_over(item: &Attributes) -> bool {
    text_of(item, STATE).is_some()
}

impl DynamoStore {
    /// The item on which the right to send the body is taken.
    fn firing_key(&self, key: &ChordKey) -> (String, &'static str) {
        match key.layout {
            Layout::Set => (head_key(&self.config.key_prefix, &key.group_id), "c_size"),
            Layout::Celery => (
                chord_key(&self.config.key_prefix, &key.group_id),
                "chord_count",
            ),
        }
    }

    pub(super) async fn take_chord(&self, take: &Take) -> Answer<Taken> {
        let (key, of_every) = self.firing_key(&take.key);
        let (by, takes) = (BY, TAKES);
        let until = lease_millis(self.holder_now().after(take.lease));
        let now = lease_millis(self.taker_now());
        let values = vec![
            (":until".to_owned(), number(until)),
            (":now".to_owned(), number(now)),
            (":nonce".to_owned(), text(&take.nonce)),
            (":by".to_owned(), text(&take.by)),
            (":one".to_owned(), number(1)),
        ];
        let stands = format!("attribute_exists({of_every}) AND attribute_not_exists({STATE})");
        let update = Update {
            key: key.clone(),
            expression: format!(
                "SET {LEASE} = :until, {NONCE} = :nonce, {by} = if_not_exists({by}, :by) ADD {takes} :one"
            ),
            condition: format!("{stands} AND (attribute_not_exists({LEASE}) OR {LEASE} <= :now)"),
            values,
            ..Update::default()
        };
        let item = match self.update(update).await? {
            Updated::Done(item) => item,
            Updated::Refused(None) => return Ok(Taken::Over),
            Updated::Refused(Some(item)) if is_over(&item) || !item.contains_key(of_every) => {
                return Ok(Taken::Over);
            }
            // our own take, whose answer was lost, or which is to be renewed
            Updated::Refused(Some(item)) if text_of(&item, NONCE) == Some(&take.nonce) => {
                match self.renew_take(key, take, until).await? {
                    Some(item) => item,
                    None => return Ok(Taken::Over),
                }
            }
            Updated::Refused(Some(item)) => {
                let millis = number_of::<i64>(&item, LEASE).unwrap_or_default();
                let until = UtcTime(millis.saturating_mul(1000));
                return Ok(Taken::Held { until });
            }
        };
        Ok(Taken::Yours {
            by: text_of(&item, BY).unwrap_or(&take.by).to_owned(),
            takes: number_of(&item, TAKES).unwrap_or(1),
        })
    }

    async fn renew_take(&self, key: String, take: &Take, until: i64) -> Answer<Option<Attributes>> {
        let update = Update {
            key,
            expression: format!("SET {LEASE} = :until"),
            condition: format!("{NONCE} = :nonce AND attribute_not_exists({STATE})"),
            values: vec![
                (":until".to_owned(), number(until)),
                (":nonce".to_owned(), text(&take.nonce)),
            ],
            ..Update::default()
        };
        match self.update(update).await? {
            Updated::Done(item) => Ok(Some(item)),
            Updated::Refused(_) => Ok(None),
        }
    }

    pub(super) async fn settle_chord(&self, settle: &Settle) -> Answer<bool> {
        let (key, _) = self.firing_key(&settle.key);
        let ends = whole_seconds(self.clock.now()).saturating_add(REMEMBERED_SECONDS);
        let state = if settle.failed { FAILED } else { SENT };
        let update = Update {
            key,
            expression: format!("SET {STATE} = :state, #{TTL} = :ttl"),
            condition: format!(
                "{NONCE} = :nonce AND (attribute_not_exists({STATE}) OR {STATE} = :state)"
            ),
            names: vec![TTL],
            values: vec![
                (":state".to_owned(), text(state)),
                (":ttl".to_owned(), number(ends)),
                (":nonce".to_owned(), text(&settle.nonce)),
            ],
        };
        Ok(matches!(self.update(update).await?, Updated::Done(_)))
    }
}
