//! Messages as Celery sent them, broken at random: the same ones in every run.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use celeriac_testkit::emulator::unique_name;
use serde_json::Value as Json;

const SEED: u64 = 20_261_122;
/// SQS takes more, but fewer bytes make a faster test.
const LARGEST: usize = 8 << 10;

/// What stands in for a piece of a body.
const PIECES: [&[u8]; 9] = [
    b"null",
    b"{}",
    b"[]",
    b"-1",
    b"1e999",
    b"\"\"",
    b"\\ud800",
    b"99999999999999999999",
    b"\xff\xfe",
];

/// Makes broken bodies, each with a task id of its own.
pub(crate) struct BrokenBodies {
    seeds: Vec<String>,
    random: fastrand::Rng,
}

impl BrokenBodies {
    /// From the captured messages.
    pub(crate) fn new() -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/wire/messages");
        let mut seeds = Vec::new();
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .expect("fixtures")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        files.sort();
        for file in files {
            let text = std::fs::read_to_string(file).expect("a fixture");
            collect(
                &serde_json::from_str(&text).unwrap_or_default(), // one holds NaN
                &mut seeds,
            );
        }
        seeds.retain(|seed| seed.len() < LARGEST);
        assert!(seeds.len() > 50, "only {} messages", seeds.len());
        let random = fastrand::Rng::with_seed(SEED);
        Self { seeds, random }
    }

    /// The next one.
    pub(crate) fn next(&mut self) -> String {
        let seed = self.random.choice(&self.seeds).expect("seeds").clone();
        match envelope(&seed) {
            Some(text) if self.random.u8(..) < 240 => {
                STANDARD.encode(self.broken(ours(&text).as_bytes()))
            }
            Some(_) => sendable(&self.broken(seed.as_bytes())),
            None => sendable(&self.broken(ours(&seed).as_bytes())),
        }
    }

    fn broken(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..self.random.usize(1..3) {
            let at = self.random.usize(..bytes.len());
            let end = (at + self.random.usize(1..30)).min(bytes.len());
            match self.random.u8(..6) {
                0 => bytes.truncate(at.max(1)),
                1 => bytes[at] = self.random.u8(0x20..0x7f),
                2 => bytes.insert(at, self.random.u8(0x20..0x7f)),
                3 if bytes.len() > 1 => drop(bytes.remove(at)),
                4 => {
                    let piece = bytes[at..end].to_vec();
                    bytes.splice(at..at, piece);
                }
                _ => {
                    let piece = self.random.choice(PIECES).expect("one");
                    bytes.splice(at..end, piece.iter().copied());
                }
            }
        }
        bytes
    }
}

/// The JSON in a body's base64.
fn envelope(body: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(body).ok()?).ok()
}

/// The message with an id of its own and, so that some get as far as their arguments, the name of a
/// task that is there.
fn ours(envelope: &str) -> String {
    let parsed: Json = serde_json::from_str(envelope).unwrap_or_default();
    let text = envelope.replace("proj.add", "w.add");
    match parsed["headers"]["id"].as_str() {
        Some(id) => text.replace(id, &unique_name("broken")),
        None => text,
    }
}

/// SQS takes no control characters.
fn sendable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().filter(|char| !char.is_control()).collect()
}

fn collect(json: &Json, seeds: &mut Vec<String>) {
    match json {
        Json::Object(object) => {
            if let Some(Json::String(body)) = object.get("MessageBody") {
                seeds.push(body.clone());
            }
            object.values().for_each(|value| collect(value, seeds));
        }
        Json::Array(list) => list.iter().for_each(|value| collect(value, seeds)),
        _ => {}
    }
}
