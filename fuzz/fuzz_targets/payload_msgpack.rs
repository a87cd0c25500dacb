//! A payload in msgpack: read, written, and read as the same.
#![no_main]

use celeriac_protocol::{Limits, Payload, Serializer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let Ok(value) = Serializer::Msgpack.load(bytes, &limits) else {
        return;
    };
    // What Python would not read back is refused.
    if let Ok(written) = Serializer::Msgpack.dump(&value) {
        let again = Serializer::Msgpack
            .load(&written, &limits)
            .expect("what is written is read");
        assert_eq!(Serializer::Msgpack.dump(&again).as_ref(), Ok(&written));
    }
    let _ = Payload::from_value(value).map(|payload| payload.to_value());
});
