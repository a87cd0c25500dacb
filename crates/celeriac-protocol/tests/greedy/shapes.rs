//! Messages made to cost their receiver much: a few bytes that ask for a thousand times as much
//! memory, or for much time.

use std::process::Command;
use std::time::{Duration, Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use celeriac_protocol::{Compression, Envelope, Limits};

/// What any message of at most 1 MB may take above what it takes itself.
pub(crate) const MEMORY: usize = 64 << 20;
/// SQS: bytes of a message.
pub(crate) const MESSAGE: usize = 1 << 20;
/// Decompressed, a little more than what is read.
const DECOMPRESSED: usize = 17 << 20;

/// JSON with task and id in it, and not in the headers.
const PROTOCOL_1: &str = "protocol 1";

/// A message, and what it is made of.
pub(crate) struct Greedy {
    pub(crate) name: String,
    pub(crate) body: String,
}

/// Each shape in each format, as it is and in these compressions.
pub(crate) fn all(compressions: &[Compression]) -> Vec<Greedy> {
    let mut all = Vec::new();
    for (format, shapes) in [
        ("application/json", json as fn() -> Vec<Shape>),
        ("application/x-msgpack", msgpack),
        ("application/x-yaml", yaml),
    ] {
        for shape in shapes() {
            all.push(message(format, &shape, None));
            for compression in compressions {
                all.push(message(format, &shape, Some(*compression)));
            }
        }
    }
    all.extend(streams());
    for shape in protocol_1() {
        let uncompressed = [None].into_iter();
        for compression in uncompressed.chain(compressions.iter().copied().map(Some)) {
            all.push(message(PROTOCOL_1, &shape, compression));
        }
    }
    all
}

/// What a message took.
pub(crate) struct Taken {
    pub(crate) is_read: bool,
    /// How much more memory the process had at most.
    pub(crate) peak: usize,
    pub(crate) time: Duration,
}

/// Names the message's file to the process that decodes it and nothing else: the memory of the one
/// before is not in its peak.
const CHILD: &str = "GREEDY_MESSAGE";

/// Decodes a message in a process of its own, which is this program with these arguments.
pub(crate) fn taken(greedy: &Greedy, arguments: &[&str]) -> Taken {
    let file = std::env::temp_dir().join(format!("greedy-{}", std::process::id()));
    std::fs::write(&file, &greedy.body).expect("written");
    let program = std::env::current_exe().expect("a program");
    let child = Command::new(program)
        .args(arguments)
        .env(CHILD, &file)
        .output();
    let output = String::from_utf8(child.expect("it runs").stdout).expect("text");
    std::fs::remove_file(&file).expect("removed");
    let line = output
        .lines()
        .find_map(|line| line.split_once("taken "))
        .map(|(_, line)| line);
    let mut parts = line
        .unwrap_or_else(|| panic!("{}: {output}", greedy.name))
        .split(' ');
    let mut part = || parts.next().expect("three parts");
    Taken {
        is_read: part() == "true",
        peak: part().parse().expect("bytes"),
        time: Duration::from_micros(part().parse().expect("microseconds")),
    }
}

/// In that process: decodes the message as a worker does. `false` in any other.
pub(crate) fn is_child() -> bool {
    let Some(file) = std::env::var_os(CHILD) else {
        return false;
    };
    let body = std::fs::read_to_string(file).expect("a message");
    let (limits, before, start) = (Limits::default(), peak(), Instant::now());
    let envelope = Envelope::decode(&body, &limits);
    let is_read = envelope.is_ok_and(|envelope| envelope.payload(&limits).is_ok());
    let (time, more) = (start.elapsed(), peak() - before);
    println!("taken {is_read} {more} {}", time.as_micros());
    true
}

/// Bytes that this process had at most since it began, by the kernel's count.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kilobytes: usize = kilobytes.and_then(|text| text.parse().ok()).expect("kB");
    kilobytes << 10
}

/// Something that is repeated, in a payload.
struct Shape {
    name: &'static str,
    before: Vec<u8>,
    unit: Vec<u8>,
    /// Bytes between two.
    between: &'static [u8],
    after: Vec<u8>,
}

impl Shape {
    fn new(
        name: &'static str,
        before: &str,
        unit: &str,
        between: &'static str,
        after: &str,
    ) -> Self {
        Self {
            name,
            before: before.into(),
            unit: unit.into(),
            between: between.as_bytes(),
            after: after.into(),
        }
    }

    /// A payload of about so many bytes.
    fn of(&self, bytes: usize) -> Vec<u8> {
        let mut payload = self.before.clone();
        let room = bytes - self.before.len() - self.after.len();
        let times = (room / (self.unit.len() + self.between.len())).max(1);
        if self.before.ends_with(b"\xdd") {
            payload.extend(u32::try_from(times).expect("few").to_be_bytes());
        }
        for time in 0..times {
            if time > 0 {
                payload.extend(self.between);
            }
            payload.extend(&self.unit);
        }
        payload.extend(&self.after);
        payload
    }
}

fn json() -> Vec<Shape> {
    let list = |name, unit: &str| Shape::new(name, "[[", unit, ",", "],{},{}]");
    let nested = |open: &str, close: &str| format!("{}{}", open.repeat(110), close.repeat(110));
    vec![
        list("numbers", "1"),
        list("empty texts", r#""""#),
        list("short texts", r#""a""#),
        list("escapes", r#""\u0000\n""#),
        list("empty lists", "[]"),
        list("empty dicts", "{}"),
        list("lists of one", "[1]"),
        list("dicts of one", r#"{"":1}"#),
        list("nested lists", &nested("[", "]")),
        list(
            "nested dicts",
            &nested(r#"{"":"#, "1}")
                .replace("1}", "}")
                .replacen('}', "1}", 1),
        ),
        list("large numbers", "123456789012345678901"),
        list("fractions", "0.1"),
        list("typed", r#"{"__type__":"decimal","__value__":"1"}"#),
        list(
            "uuids",
            r#"{"__type__":"uuid","__value__":{"hex":"00000000000000000000000000000000"}}"#,
        ),
        Shape::new("one text", "[[\"", "a", "", "\"],{},{}]"),
        Shape::new("one escaped text", "[[\"", r"\u00e9", "", "\"],{},{}]"),
        Shape::new("one number", "[[", "1", "", "],{},{}]"),
        Shape::new("white space", "[[", " ", "", "],{},{}]"),
        Shape::new("one key again and again", "[[],{", r#""a":1"#, ",", "},{}]"),
        Shape::new(
            "signatures",
            "[[],{},{\"chain\":[",
            r#"{"task":"a"}"#,
            ",",
            "]}]",
        ),
        Shape::new("no signatures", "[[],{},{\"chain\":[", "1", ",", "]}]"),
    ]
}

/// Read before anybody has taken responsibility for the task.
fn protocol_1() -> Vec<Shape> {
    let list = |name, unit| Shape::new(name, r#"{"task":"t","id":"i","args":["#, unit, ",", "]}");
    vec![
        list("numbers", "1"),
        list("escapes", r#""\u0000\n""#),
        list("empty dicts", "{}"),
        list("large numbers", "123456789012345678901"),
        Shape::new(
            "one text",
            r#"{"task":"t","id":"i","args":[""#,
            "a",
            "",
            "\"]}",
        ),
        Shape::new(
            "callbacks",
            r#"{"task":"t","id":"i","args":[],"callbacks":["#,
            r#"{"task":"a"}"#,
            ",",
            "]}",
        ),
    ]
}

fn msgpack() -> Vec<Shape> {
    let list = |name, unit: &[u8]| Shape {
        name,
        before: b"\x93\xdd".to_vec(),
        unit: unit.to_vec(),
        between: b"",
        after: b"\x80\x80".to_vec(),
    };
    let nested = |open: &[u8]| [open.repeat(110), b"\xc0".to_vec()].concat();
    vec![
        list("numbers", b"\x01"),
        list("empty texts", b"\xa0"),
        list("empty dicts", b"\x80"),
        list("lists of one", b"\x91\x01"),
        list("dicts of one", b"\x81\xa0\x01"),
        list("nested lists", &nested(b"\x91")),
        list("nested dicts", &nested(b"\x81\xa0")),
        list("bytes", b"\xc4\x01a"),
    ]
}

fn yaml() -> Vec<Shape> {
    let list = |name, unit: &str| Shape::new(name, "[[", unit, ",", "],{},{}]");
    vec![
        list("numbers", "1"),
        list("empty lists", "[]"),
        list("dicts of one", "{a: 1}"),
        list("tags", "!!str a"),
        Shape::new("aliases", "[[&a [1,1,1,1,1,1,1,1],", "*a", ",", "],{},{}]"),
        Shape::new("block", "- []\n- {}\n- {}\n- [", "[]", ",\n ", "]"),
        Shape::new("comments", "[[],{},{}] ", "# a", "\n", ""),
    ]
}

/// Compressed streams that are none, or many.
fn streams() -> Vec<Greedy> {
    let empty = |compression: Compression| compression.compress(b"").expect("it is built in");
    let many = |compression: Compression| {
        let one = empty(compression);
        one.repeat(MESSAGE * 5 / 8 / one.len())
    };
    Compression::ALL
        .into_iter()
        .filter(|compression| compression.is_built_in())
        .map(|compression| Greedy {
            name: format!("{} of empty streams", compression.mime()),
            body: body("application/json", &many(compression), Some(compression)),
        })
        .collect()
}

fn message(format: &str, shape: &Shape, compression: Option<Compression>) -> Greedy {
    let name = match compression {
        Some(compression) => format!("{format} {}, {}", shape.name, compression.mime()),
        None => format!("{format} {}", shape.name),
    };
    let payload = match compression {
        Some(compression) => {
            let compressed = compression.compress(&shape.of(DECOMPRESSED));
            compressed.expect("it is built in")
        }
        None => shape.of(MESSAGE * 5 / 8),
    };
    Greedy {
        name,
        body: body(format, &payload, compression),
    }
}

fn body(format: &str, payload: &[u8], compression: Option<Compression>) -> String {
    let (format, identity) = match format {
        PROTOCOL_1 => ("application/json", ""),
        format => (format, r#""task": "t", "id": "i", "#),
    };
    let compression = compression.map_or_else(
        || "null".to_owned(),
        |compression| format!(r#""{}""#, compression.mime()),
    );
    let body = STANDARD.encode(payload);
    format!(
        r#"{{"body": "{body}", "content-encoding": "utf-8", "content-type": "{format}",
            "headers": {{{identity}"compression": {compression}}},
            "properties": {{"body_encoding": "base64"}}}}"#
    )
}
