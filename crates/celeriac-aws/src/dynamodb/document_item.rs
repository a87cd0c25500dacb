//! A document as an item: Celery's attributes show an unfinished task, and ours hold the document.

use aws_sdk_dynamodb::types::AttributeValue;
use celeriac_core::StoreErrorKind;
use celeriac_core::documents::{Document, Stored};
use celeriac_protocol::UtcTime;

use super::item::{
    Attribute, Attributes, BODY, DOCUMENT_NUMBER, HOLDER, NONCE, TTL, VERSION, binary, number,
    number_of, text, text_of, whole_seconds,
};

/// The `ttl` of what stays: the last second of the year 9999. An update cannot take an attribute
/// away without another kind of statement, so one is always there.
const FOR_GOOD: i64 = 253_402_300_799;

/// What a write of a document sets, beside what every item has.
pub(super) fn attributes(document: &Document, nonce: &str) -> impl Iterator<Item = Attribute> {
    let ends = document.expires_at.map_or(FOR_GOOD, whole_seconds);
    let holder = document.holder.clone().unwrap_or_default();
    [
        (VERSION, number(document.version)),
        (NONCE, text(nonce)),
        (HOLDER, text(holder)),
        (DOCUMENT_NUMBER, number(document.number)),
        (BODY, binary(document.body.clone())),
        (TTL, number(ends)),
    ]
    .into_iter()
}

/// The document of an item, expired or not. Those of earlier releases have a version and a text
/// alone.
pub(super) fn read(item: &Attributes) -> Result<Stored, StoreErrorKind> {
    let body = match item.get(BODY) {
        Some(AttributeValue::B(bytes)) => Some(bytes.as_ref().to_vec()),
        Some(AttributeValue::S(text)) => Some(text.clone().into_bytes()),
        _ => None,
    };
    let (Some(version), Some(body)) = (number_of(item, VERSION), body) else {
        let text = format!("the document has no `{VERSION}` or no `{BODY}`");
        return Err(StoreErrorKind::Codec(text));
    };
    let holder = text_of(item, HOLDER).filter(|holder| !holder.is_empty());
    Ok(Stored {
        document: Document {
            version,
            holder: holder.map(str::to_owned),
            number: number_of(item, DOCUMENT_NUMBER).unwrap_or(0),
            body,
            expires_at: number_of::<i64>(item, TTL)
                .filter(|seconds| *seconds < FOR_GOOD)
                .map(|seconds| UtcTime(seconds.saturating_mul(1_000_000))),
        },
        nonce: text_of(item, NONCE).unwrap_or_default().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read_as_it_was_written() {
        for expires_at in [None, Some(UtcTime(1_700_000_000_000_000))] {
            let document = Document {
                version: 3,
                holder: expires_at.map(|_| "h".to_owned()),
                number: -4,
                body: vec![0, 255],
                expires_at,
            };
            let item = attributes(&document, "n").map(|(name, value)| (name.to_owned(), value));
            let stored = read(&item.collect()).expect("readable");
            assert_eq!((stored.document, stored.nonce.as_str()), (document, "n"));
        }
    }
}
