use crate::{Compression, DecodeError, EncodeError, Limits, ResultMeta, Serializer};

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
    pub fn encode(&self, _meta: &ResultMeta) -> Result<Vec<u8>, EncodeError> { todo!() }
    /// Reads the `result` attribute, compressed or not.
    pub fn decode(&self, _bytes: &[u8], _limits: &Limits) -> Result<ResultMeta, DecodeError> { todo!() }
}
