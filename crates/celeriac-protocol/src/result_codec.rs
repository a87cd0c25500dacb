use std::borrow::Cow;

use crate::{
    Compression, DecodeError, DecodeErrorKind, EncodeError, Limits, ResultMeta, Serializer, Value,
};

/// What stands before a compressed result: this, the MIME type, a zero byte (SPEC 2.7).
const MAGIC: &[u8] = b"\0celery-compressed\0";

/// How results are stored: `result_serializer` and `result_compression` (SPEC 2.7).
#[derive(Clone, Copy, Debug, Default)]
pub struct ResultCodec {
    /// Nothing in the item says which was used, so both sides must agree.
    pub serializer: Serializer,
    /// Readers detect it.
    pub compression: Option<Compression>,
}

impl ResultCodec {
    /// The bytes of the `result` attribute.
    pub fn encode(&self, meta: &ResultMeta) -> Result<Vec<u8>, EncodeError> {
        self.compressed(meta.dump(self.serializer)?)
    }

    /// Reads the `result` attribute, compressed or not.
    pub fn decode(&self, bytes: &[u8], limits: &Limits) -> Result<ResultMeta, DecodeError> {
        ResultMeta::from_value(self.decode_value(bytes, limits)?)
    }

    /// The bytes of the `result` attribute for anything else stored there, such as a saved group.
    pub fn encode_value(&self, value: &Value) -> Result<Vec<u8>, EncodeError> {
        self.compressed(self.serializer.dump(value)?)
    }

    fn compressed(self, serialized: Vec<u8>) -> Result<Vec<u8>, EncodeError> {
        let Some(compression) = self.compression else {
            return Ok(serialized);
        };
        let compressed = compression.compress(&serialized)?;
        Ok([MAGIC, compression.mime().as_bytes(), b"\0", &compressed].concat())
    }

    /// Reads the `result` attribute, compressed or not, whatever it holds.
    pub fn decode_value(&self, bytes: &[u8], limits: &Limits) -> Result<Value, DecodeError> {
        limits.check_body(bytes.len())?;
        let serialized = decompressed(bytes, limits)?;
        self.serializer.load(&serialized, limits).map_err(|error| {
            if is_pickle(&serialized) {
                DecodeErrorKind::Pickle.into()
            } else {
                error
            }
        })
    }
}

fn decompressed<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Cow<'a, [u8]>, DecodeError> {
    let Some(rest) = bytes.strip_prefix(MAGIC) else {
        return Ok(Cow::Borrowed(bytes));
    };
    let mut parts = rest.splitn(2, |byte| *byte == 0);
    let (Some(mime), Some(compressed)) = (parts.next(), parts.next()) else {
        return Err(DecodeErrorKind::Missing("compression type of the result").into());
    };
    Compression::required(&String::from_utf8_lossy(mime))?
        .decompress(compressed, limits)
        .map(Cow::Owned)
}

/// Whether these are the bytes of a binary pickle: its protocol first, a full stop last.
fn is_pickle(bytes: &[u8]) -> bool {
    matches!(bytes, [0x80, 2..=5, .., b'.'])
}
