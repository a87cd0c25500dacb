//! Base64 as Python's `b64decode` reads it: characters outside the alphabet are passed over.

use base64::{
    Engine as _,
    engine::{GeneralPurpose, GeneralPurposeConfig},
};
use base64_simd::STANDARD;

const LOOSE_BITS: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

pub(crate) fn decode(text: &str) -> Result<Vec<u8>, String> {
    STANDARD
        .decode_to_vec(text)
        .or_else(|_| decode_filtered(text))
}

fn decode_filtered(text: &str) -> Result<Vec<u8>, String> {
    let is_known = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let known: Vec<u8> = text.bytes().filter(is_known).collect();
    LOOSE_BITS
        .decode(known)
        .map_err(|error| format!("not base64: {error}"))
}
