//! ISO times.
#![no_main]

use celeriac_protocol::UtcTime;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(time) = UtcTime::parse(text) {
        let again = UtcTime::parse(&time.to_iso()).expect("what is written is read");
        assert_eq!(again.to_iso(), time.to_iso());
    }
});
