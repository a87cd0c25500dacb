//! Broken input never panics: captured messages and results with bytes changed, through every
//! decoder.
#![cfg(feature = "full")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use base64::{Engine as _, engine::general_purpose::STANDARD};
use celeriac_protocol::{
    Compression, Envelope, ExceptionInfo, Limits, Payload, ResultCodec, ResultMeta, Serializer,
    Signature, WireForm,
};

use crate::wire::{message_bodies, result_attributes};

/// Small bounds, so that a mutation that grows is cheap.
const LIMITS: Limits = Limits {
    max_memory: 4 << 20,
    max_body: 1 << 20,
    max_decompressed: 1 << 20,
    max_depth: 64,
};

/// A seeded source of changes: a failure can be repeated.
struct Mutator(u64);

impl Mutator {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (below.max(1) as u64)).unwrap()
    }

    /// One to four changes: bytes changed, cut, doubled, or replaced by what parsers look for.
    fn mutate(&mut self, bytes: &[u8]) -> Vec<u8> {
        const TOKENS: [&[u8]; 16] = [
            b"null",
            b"[",
            b"{",
            b"\"",
            b"\\u",
            b"\\ud800",
            b"NaN",
            b"-",
            b"1e999",
            b":",
            b"\xff",
            b"\xdd\xff\xff\xff\xff",
            b"{\"__type__\":\"uuid\",\"__value__\":",
            b"&a ",
            b"*a ",
            b"!!binary ",
        ];
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.next(4) {
            let at = self.next(bytes.len() + 1);
            let end = (at + self.next(12)).min(bytes.len());
            match self.next(5) {
                0 if at < bytes.len() => bytes[at] ^= 1 << self.next(8),
                1 => drop(bytes.drain(at..end)),
                2 => drop(bytes.splice(at..at, bytes[at..end].to_vec())),
                3 => drop(bytes.splice(at..end, TOKENS[self.next(TOKENS.len())].to_vec())),
                _ => bytes.truncate(at.max(bytes.len() / 2)),
            }
        }
        bytes
    }
}

/// Everything that can be made of bytes.
fn decode_all(bytes: &[u8]) {
    for serializer in [Serializer::Json, Serializer::Msgpack, Serializer::Yaml] {
        if let Ok(value) = serializer.load(bytes, &LIMITS) {
            let _ = ResultMeta::from_value(value.clone()).map(|meta| meta.to_value());
            let _ = Payload::from_value(value.clone()).map(|payload| payload.to_value());
            let _ = Signature::from_value(value.clone()).map(|signature| signature.to_value());
            let _ = ExceptionInfo::from_value(&value).map(|info| info.message());
            assert_same(serializer, &value);
        }
    }
}

/// What was read can be written, unless Python could not read it, and is then read as the same.
fn assert_same(serializer: Serializer, value: &celeriac_protocol::Value) {
    if let Ok(bytes) = serializer.dump(value) {
        let again = serializer.load(&bytes, &LIMITS);
        let again = again.unwrap_or_else(|error| panic!("{value:?}: {error}"));
        let again = serializer.dump(&again).unwrap();
        assert_eq!(again, bytes, "{value:?}");
    }
}

#[test]
fn broken_envelopes() {
    let mut mutator = Mutator(1);
    let bodies = message_bodies();
    for (_, body) in bodies.iter().cycle().take(8_000) {
        let outer = if body.starts_with('{') {
            body.clone().into_bytes()
        } else {
            STANDARD.decode(body).unwrap()
        };
        let text = String::from_utf8_lossy(&mutator.mutate(&outer)).into_owned();
        let broken = [
            STANDARD.encode(&text),
            text,
            String::from_utf8_lossy(&mutator.mutate(body.as_bytes())).into_owned(),
        ];
        for body in broken {
            if let Ok(envelope) = Envelope::decode(&body, &LIMITS) {
                let _ = envelope.payload(&LIMITS);
                let again = Envelope::decode(&envelope.encode(WireForm::Compact), &LIMITS).unwrap();
                assert_eq!(
                    again.encode(WireForm::Celery),
                    envelope.encode(WireForm::Celery)
                );
            }
        }
    }
}

#[test]
fn broken_payloads() {
    let mut mutator = Mutator(2);
    let payloads: Vec<Vec<u8>> = message_bodies()
        .iter()
        .map(|(_, body)| Envelope::decode(body, &LIMITS).unwrap())
        .filter(|envelope| envelope.body.len() < 4000)
        .flat_map(|envelope| {
            let payload = envelope.payload(&LIMITS).unwrap_or_default().to_value();
            let dumped =
                [Serializer::Msgpack, Serializer::Yaml].map(|serializer| serializer.dump(&payload));
            [vec![envelope.body], dumped.into_iter().flatten().collect()].concat()
        })
        .collect();
    for payload in payloads.iter().cycle().take(15_000) {
        decode_all(&mutator.mutate(payload));
    }
}

#[test]
fn broken_results() {
    let mut mutator = Mutator(3);
    let results = result_attributes();
    for (_, bytes) in results.iter().cycle().take(8_000) {
        let bytes = mutator.mutate(&STANDARD.decode(bytes).unwrap());
        for serializer in [Serializer::Json, Serializer::Msgpack, Serializer::Yaml] {
            let codec = ResultCodec {
                serializer,
                compression: None,
            };
            let _ = codec.decode(&bytes, &LIMITS);
        }
    }
}

#[test]
fn broken_compression() {
    let mut mutator = Mutator(4);
    let text = STANDARD.decode(&message_bodies()[0].1).unwrap();
    for compression in Compression::ALL {
        let compressed = compression.compress(&text).unwrap();
        for _ in 0..1_500 {
            let _ = compression.decompress(&mutator.mutate(&compressed), &LIMITS);
        }
    }
}

/// YAML as people and PyYAML write it, which no captured message has.
#[test]
fn broken_yaml() {
    let mut mutator = Mutator(5);
    let text = "- &a [1, 0x1F, 0b1, 017, 1:30, 1.5e+3, .nan, ~, yes, 2027-01-02, 2027-01-02 03:04:05.5 -4:30]\n\
        - {<<: *b, k: !!binary aGk=, ? l : |\n    a\n    b\n, 'q''': \"\\x41\\u00e9\", s: !!set {a, b}}\n\
        - >-\n  folded\n  text\n- *a\n# end\n...\n";
    for _ in 0..15_000 {
        decode_all(&mutator.mutate(text.as_bytes()));
    }
}
