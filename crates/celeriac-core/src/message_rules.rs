use std::collections::BTreeMap;
use std::time::Duration;

use crate::{BrokerErrorKind, Capabilities, DeadLetter, Outgoing, SetVisibility, plain_text};

/// An `eta` further away is refused (the last day of 9999, which stands for never): its message
/// would be sent again every quarter of an hour, for ever.
pub const LONGEST_ETA: Duration = Duration::from_hours(1000 * 366 * 24);
/// SQS: message attributes of one message.
const MAX_ATTRIBUTES: usize = 10;
/// SQS: characters of an attribute's name.
const MAX_ATTRIBUTE_NAME: usize = 256;
/// SQS: characters of a message group or deduplication id.
const MAX_ID: usize = 128;
/// The data type SQS counts with every attribute.
const TEXT_TYPE: &str = "String";
/// Bytes of the `celeriac-error` attribute.
const MAX_ERROR: usize = 1024;

impl Capabilities {
    /// What SQS can do for `queue`; one whose name ends in `.fifo` is FIFO.
    pub fn sqs(queue: &str) -> Self {
        let fifo = queue.strip_suffix(".fifo").is_some();
        Self {
            max_delay: if fifo {
                Duration::ZERO
            } else {
                Duration::from_mins(15)
            },
            max_visibility: Duration::from_hours(12),
            max_batch: 10,
            max_bytes: 1 << 20,
            fifo,
            receive_outlives_drop: true,
            creates_missing_queues: false,
        }
    }

    /// Refuses a visibility over [`Capabilities::max_visibility`].
    pub fn check_visibility(&self, visibility: Duration) -> Result<(), BrokerErrorKind> {
        check_seconds("visibility in seconds", visibility, self.max_visibility)
    }
}

impl Outgoing {
    /// Bytes as SQS counts them: the body, and each attribute's name, data type and value.
    pub fn size(&self) -> usize {
        self.body.len()
            + self
                .attributes
                .iter()
                .map(|(name, value)| attribute_size(name, value))
                .sum::<usize>()
    }

    /// Refuses what SQS would refuse, and what emulators let through. Every broker calls it before
    /// sending.
    pub fn check(&self, limits: &Capabilities) -> Result<(), BrokerErrorKind> {
        check_text("message body", &self.body)?;
        check_seconds("delay in seconds", self.delay, limits.max_delay)?;
        self.check_ids(limits.fifo)?;
        check_limit(
            "number of message attributes",
            self.attributes.len(),
            MAX_ATTRIBUTES,
        )?;
        for (name, value) in &self.attributes {
            check_attribute_name(name)?;
            check_text("message attribute", value)?;
        }
        check_limit("message size in bytes", self.size(), limits.max_bytes)
    }

    fn check_ids(&self, fifo: bool) -> Result<(), BrokerErrorKind> {
        if fifo && self.group_id.is_none() {
            return Err(invalid(
                "a message to a FIFO queue needs a message group id",
            ));
        }
        if !fifo && self.dedup_id.is_some() {
            return Err(invalid("a deduplication id needs a FIFO queue"));
        }
        for (what, id) in [
            ("length of the message group id", &self.group_id),
            ("length of the deduplication id", &self.dedup_id),
        ] {
            if let Some(id) = id {
                check_id(what, id)?;
            }
        }
        Ok(())
    }
}

impl SetVisibility {
    /// Refuses a visibility over [`Capabilities::max_visibility`].
    pub fn check(&self, limits: &Capabilities) -> Result<(), BrokerErrorKind> {
        limits.check_visibility(self.visibility)
    }
}

impl DeadLetter {
    /// The copy for the dead-letter queue: the body as it came, and as many of the attributes as
    /// there is room for: `celeriac-reason`, `celeriac-queue` and `celeriac-error` first, then
    /// those of the message. In a FIFO queue it keeps its group, and its deduplication id is the
    /// message's id, so that a repeated move makes no second copy.
    pub fn to_outgoing(&self, limits: &Capabilities) -> Outgoing {
        let delivery = &self.delivery;
        let error = sendable(&self.error);
        let error = plain_text::line(&error);
        let error = &error[..error.floor_char_boundary(MAX_ERROR)];
        let ours = [
            ("celeriac-reason", self.reason.as_str()),
            ("celeriac-queue", &delivery.queue),
            ("celeriac-error", error),
        ];
        let theirs = delivery
            .attributes
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));

        let mut room = limits.max_bytes.saturating_sub(delivery.body.len());
        let mut attributes = BTreeMap::new();
        for (name, value) in ours.into_iter().chain(theirs) {
            let size = attribute_size(name, value);
            let fits = size <= room && attributes.len() < MAX_ATTRIBUTES && !value.is_empty();
            if fits && !attributes.contains_key(name) {
                room -= size;
                attributes.insert(name.to_owned(), value.to_owned());
            }
        }
        Outgoing {
            body: delivery.body.clone(),
            delay: Duration::ZERO,
            group_id: delivery
                .group_id
                .clone()
                .or_else(|| limits.fifo.then(|| "default".to_owned())),
            dedup_id: limits.fifo.then(|| delivery.message_id.clone()),
            attributes,
        }
    }
}

fn attribute_size(name: &str, value: &str) -> usize {
    name.len() + TEXT_TYPE.len() + value.len()
}

pub(crate) fn check_limit(
    what: &'static str,
    actual: usize,
    limit: usize,
) -> Result<(), BrokerErrorKind> {
    if actual > limit {
        return Err(BrokerErrorKind::LimitExceeded {
            what,
            actual: actual as u64,
            limit: limit as u64,
        });
    }
    Ok(())
}

pub(crate) fn check_seconds(
    what: &'static str,
    actual: Duration,
    limit: Duration,
) -> Result<(), BrokerErrorKind> {
    if actual > limit {
        // rounded up, so that 900.5 s does not read as 900, "over the limit of 900"
        let actual = actual.as_secs() + u64::from(actual.subsec_nanos() > 0);
        return Err(BrokerErrorKind::LimitExceeded {
            what,
            actual,
            limit: limit.as_secs(),
        });
    }
    Ok(())
}

pub(crate) fn check_text(what: &str, text: &str) -> Result<(), BrokerErrorKind> {
    if text.is_empty() {
        return Err(BrokerErrorKind::Invalid(format!("the {what} is empty")));
    }
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Ok(()); // a body in base64 is a kilobyte of these
    }
    match text.chars().find(|c| !is_sendable(*c)) {
        Some(refused) => Err(BrokerErrorKind::Invalid(format!(
            "the {what} has the character {refused:?}, which SQS refuses"
        ))),
        None => Ok(()),
    }
}

/// SQS takes the characters of XML 1.0 and no others.
fn is_sendable(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

fn check_attribute_name(name: &str) -> Result<(), BrokerErrorKind> {
    let lower = name.to_ascii_lowercase();
    let reserved = lower.starts_with("aws.") || lower.starts_with("amazon.");
    let dots = name.starts_with('.') || name.ends_with('.') || name.contains("..");
    let allowed = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if name.is_empty() || name.len() > MAX_ATTRIBUTE_NAME || reserved || dots || !allowed {
        return Err(BrokerErrorKind::Invalid(format!(
            "SQS refuses the message attribute name `{name}`"
        )));
    }
    Ok(())
}

/// A deduplication id made of any text: the text itself where SQS takes it, else a UUID made of it.
pub fn deduplication_id(text: &str) -> String {
    if check_id("deduplication id", text).is_ok() {
        return text.to_owned();
    }
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, text.as_bytes()).to_string()
}

/// Why SQS would refuse what a caller gives for a message group or a deduplication id, if it would.
pub fn check_message_id(option: &str, id: &str) -> Result<(), String> {
    check_id("id", id).map_err(|error| format!("option `{option}`: {error}"))
}

fn check_id(what: &'static str, id: &str) -> Result<(), BrokerErrorKind> {
    check_limit(what, id.len(), MAX_ID)?;
    if id.is_empty() || !id.chars().all(|c| c.is_ascii_graphic()) {
        return Err(BrokerErrorKind::Invalid(format!(
            "SQS refuses `{id}` as a message group or deduplication id: ASCII letters, digits and punctuation only"
        )));
    }
    Ok(())
}

/// The text without what SQS refuses.
fn sendable(text: &str) -> String {
    let kept = |c| if is_sendable(c) { c } else { '\u{fffd}' };
    text.chars().map(kept).collect()
}

pub(crate) fn invalid(text: &str) -> BrokerErrorKind {
    BrokerErrorKind::Invalid(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Delivery, Receipt};

    fn message(body: &str) -> Outgoing {
        Outgoing {
            body: body.to_owned(),
            ..Outgoing::default()
        }
    }

    fn standard() -> Capabilities {
        Capabilities::sqs("tasks")
    }

    #[test]
    fn a_plain_message_passes() {
        assert!(message("{\"päyload\":\t1}").check(&standard()).is_ok());
    }

    #[test]
    fn sizes_count_attributes_with_their_type() {
        let mut outgoing = message(&"x".repeat((1 << 20) - 8));
        assert!(outgoing.check(&standard()).is_ok());
        outgoing.attributes.insert("a".into(), "bc".into());
        assert_eq!(outgoing.size(), (1 << 20) + 1);
        assert!(matches!(
            outgoing.check(&standard()),
            Err(BrokerErrorKind::LimitExceeded {
                actual: 1_048_577,
                limit: 1_048_576,
                ..
            })
        ));
    }

    #[test]
    fn a_delay_over_the_limit_is_rounded_up_in_the_error() {
        let outgoing = Outgoing {
            delay: Duration::from_millis(900_001),
            ..message("x")
        };
        assert!(matches!(
            outgoing.check(&standard()),
            Err(BrokerErrorKind::LimitExceeded {
                actual: 901,
                limit: 900,
                ..
            })
        ));
    }

    #[test]
    fn refused_characters_names_and_ids_are_found() {
        for body in ["", "\u{0}", "\u{b}", "\u{ffff}"] {
            assert!(message(body).check(&standard()).is_err(), "{body:?}");
        }
        for name in ["", "AWS.x", "amazon.x", ".x", "x.", "a..b", "a b", "ä"] {
            let outgoing = Outgoing {
                attributes: [(name.to_owned(), "v".to_owned())].into(),
                ..message("x")
            };
            assert!(outgoing.check(&standard()).is_err(), "{name:?}");
        }
        let fifo = Capabilities::sqs("tasks.fifo");
        assert!(message("x").check(&fifo).is_err());
        for group in ["", " ", "ä", &"g".repeat(129)] {
            let outgoing = Outgoing {
                group_id: Some(group.to_owned()),
                ..message("x")
            };
            assert!(outgoing.check(&fifo).is_err(), "{group:?}");
        }
        let deduplicated = Outgoing {
            dedup_id: Some("d".into()),
            ..message("x")
        };
        assert!(deduplicated.check(&standard()).is_err());
    }

    #[test]
    fn a_dead_letter_drops_what_has_no_room_and_keeps_the_body() {
        let delivery = Delivery {
            queue: "tasks".into(),
            receipt: Receipt("r".into()),
            message_id: "m".into(),
            body: "x".repeat((1 << 20) - 40),
            receive_count: 1,
            sent_at: None,
            group_id: None,
            dedup_id: None,
            attributes: [("kept".to_owned(), "v".to_owned())].into(),
        };
        let letter = DeadLetter {
            delivery,
            reason: "poison".into(),
            error: "a\u{0}b".repeat(1000),
        };
        let outgoing = letter.to_outgoing(&standard());
        assert!(outgoing.check(&standard()).is_ok());
        assert_eq!(
            outgoing.attributes.keys().collect::<Vec<_>>(),
            ["celeriac-reason", "kept"]
        );

        let small = DeadLetter {
            delivery: Delivery {
                body: "x".into(),
                ..letter.delivery
            },
            ..letter
        };
        let outgoing = small.to_outgoing(&standard());
        assert!(outgoing.check(&standard()).is_ok());
        assert_eq!(outgoing.attributes.len(), 4);
        assert!(outgoing.attributes["celeriac-error"].len() <= MAX_ERROR);
    }
}
