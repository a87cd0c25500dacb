//! A compressed payload.
#![no_main]

use celeriac_protocol::{Compression, Limits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits {
        max_decompressed: 1 << 20,
        ..Limits::default()
    };
    if let Ok(plain) = Compression::Brotli.decompress(bytes, &limits) {
        assert!(plain.len() <= limits.max_decompressed);
    }
});
