//! A stored result, compressed or not.
#![no_main]

use celeriac_protocol::{ExceptionInfo, Limits, ResultCodec};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (codec, limits) = (ResultCodec::default(), Limits::default());
    let Ok(meta) = codec.decode(bytes, &limits) else {
        return;
    };
    let _ = ExceptionInfo::from_value(&meta.result).map(|info| info.message());
    if let Ok(written) = codec.encode(&meta) {
        let again = codec
            .decode(&written, &limits)
            .expect("what is written is read");
        assert_eq!(codec.encode(&again).as_ref(), Ok(&written));
    }
});
