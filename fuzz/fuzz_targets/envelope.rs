//! A message body, and its payload.
#![no_main]

use celeriac_protocol::{Envelope, Limits, WireForm};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &str| {
    let limits = Limits::default();
    let Ok(envelope) = Envelope::decode(body, &limits) else {
        return;
    };
    let _ = envelope.payload(&limits);
    for form in [WireForm::Celery, WireForm::Compact] {
        let again =
            Envelope::decode(&envelope.encode(form), &limits).expect("what is written is read");
        assert_eq!(again.encode(form), envelope.encode(form));
    }
});
