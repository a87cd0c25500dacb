use celeriac_protocol::{Limits, ResultCodec, ResultMeta};

use crate::StoreErrorKind;

/// A result as it is stored in an item with room for so many bytes. What is far too large for it is
/// not even written: a task may return, or with `result_extended` be given, a thousand times that.
///
/// # Errors
/// `TooLarge` for that, `Codec` for what the serializer cannot write. What is only a little too
/// large is for the adapter to refuse, which knows what else is in the item.
pub fn result_bytes(
    codec: ResultCodec,
    meta: &ResultMeta,
    room: usize,
) -> Result<Vec<u8>, StoreErrorKind> {
    let limit = match codec.compression {
        None => room,
        Some(_) => Limits::default().max_decompressed, // as much as is read again
    };
    let actual = meta.least_bytes();
    if actual > limit {
        return Err(StoreErrorKind::TooLarge { actual, limit });
    }
    codec
        .encode(meta)
        .map_err(|error| StoreErrorKind::Codec(error.to_string()))
}

#[cfg(test)]
mod tests {
    use celeriac_protocol::{Compression, State, Value};

    use super::*;

    #[test]
    fn what_is_far_too_large_is_not_written() {
        let of = |bytes: usize, compression| {
            let meta = ResultMeta::new("id", State::Success, Value::Str("\0".repeat(bytes)));
            let codec = ResultCodec {
                compression,
                ..ResultCodec::default()
            };
            result_bytes(codec, &meta, 1000)
        };
        assert!(
            of(900, None).is_ok_and(|bytes| bytes.len() > 5000),
            "escaped"
        );
        assert!(matches!(
            of(1000, None),
            Err(StoreErrorKind::TooLarge {
                actual: 1001..,
                limit: 1000
            })
        ));
        let gzip = Some(Compression::Gzip);
        assert!(of(1_000_000, gzip).is_ok_and(|bytes| bytes.len() < 100_000));
        assert!(matches!(
            of(17 << 20, gzip),
            Err(StoreErrorKind::TooLarge { limit, .. }) if limit == 16 << 20
        ));
    }
}
