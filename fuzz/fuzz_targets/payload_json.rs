//! A payload in json: read, written, and read as the same.
#![no_main]

use celeriac_protocol::{Limits, Payload, Serializer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let Ok(value) = Serializer::Json.load(bytes, &limits) else {
        return;
    };
    // What Python would not read back is refused.
    if let Ok(written) = Serializer::Json.dump(&value) {
        let again = Serializer::Json
            .load(&written, &limits)
            .expect("what is written is read");
        assert_eq!(Serializer::Json.dump(&again).as_ref(), Ok(&written));
    }
    let _ = Payload::from_value(value).map(|payload| payload.to_value());
});
