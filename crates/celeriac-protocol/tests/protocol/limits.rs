//! Hostile input: every bound holds in every decoder, and costs nothing.
#![cfg(feature = "full")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::time::{Duration, Instant};

use celeriac_protocol::{
    Compression, DecodeErrorKind, Dict, Envelope, Headers, Limits, Payload, Properties,
    ResultCodec, ResultMeta, Serializer, State, Value, from_value, to_value,
};

const ALL: [Serializer; 3] = [Serializer::Json, Serializer::Msgpack, Serializer::Yaml];

fn kind(serializer: Serializer, bytes: &[u8], limits: &Limits) -> DecodeErrorKind {
    serializer.load(bytes, limits).unwrap_err().kind
}

fn too_large(what: &'static str, limit: usize) -> DecodeErrorKind {
    DecodeErrorKind::TooLarge { what, limit }
}

/// `levels` lists, one in another.
fn nested_text(serializer: Serializer, levels: usize) -> Vec<u8> {
    match serializer {
        Serializer::Json => ["[".repeat(levels), "]".repeat(levels)]
            .concat()
            .into_bytes(),
        Serializer::Msgpack => [vec![0x91; levels - 1], vec![0x90]].concat(),
        Serializer::Yaml => ["- ".repeat(levels - 1), "[]".to_owned()]
            .concat()
            .into_bytes(),
    }
}

#[test]
fn nesting_is_bounded() {
    let limits = Limits::default();
    for serializer in ALL {
        assert!(
            serializer
                .load(&nested_text(serializer, 128), &limits)
                .is_ok()
        );
        let error = kind(serializer, &nested_text(serializer, 129), &limits);
        assert_eq!(error, too_large("nesting", 128), "{serializer:?}");
        let error = kind(serializer, &nested_text(serializer, 100_000), &limits);
        assert_eq!(error, too_large("nesting", 128), "{serializer:?}");
    }
    for open in ["[".repeat(200_000), "{\"a\":".repeat(40_000)] {
        assert_eq!(
            kind(Serializer::Json, open.as_bytes(), &limits),
            too_large("nesting", 128)
        );
        let error = serializer_error(Serializer::Yaml, &open);
        assert_eq!(error, too_large("nesting", 128));
    }
}

fn serializer_error(serializer: Serializer, text: &str) -> DecodeErrorKind {
    kind(serializer, text.as_bytes(), &Limits::default())
}

/// Whatever the limits say, the stack of an ordinary thread suffices to read, write, compare and
/// drop.
#[test]
fn unlimited_nesting_is_bounded_all_the_same() {
    let limits = Limits {
        max_depth: usize::MAX,
        ..Limits::default()
    };
    let run = move || {
        for serializer in ALL {
            let deepest = serializer
                .load(&nested_text(serializer, 128), &limits)
                .unwrap();
            let again = serializer
                .load(&serializer.dump(&deepest).unwrap(), &limits)
                .unwrap();
            assert_eq!(again, deepest);
            let copied: Value = from_value(to_value(&deepest).unwrap()).unwrap();
            assert_eq!(copied, deepest);
            for levels in [129, 100_000] {
                let error = kind(serializer, &nested_text(serializer, levels), &limits);
                assert_eq!(error, too_large("nesting", 128), "{serializer:?}");
            }
            let deeper = Value::List(vec![deepest]);
            let error = serializer.dump(&deeper).unwrap_err().to_string();
            assert!(
                error.contains("nesting is over the limit of 128"),
                "{error}"
            );
            assert!(to_value(&deeper).is_err());
        }
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(run);
    thread.unwrap().join().unwrap();
}

/// A stored result has one level more than its value; a result that could not be read again is no
/// success.
#[test]
fn a_result_too_deep_to_be_read_is_not_written() {
    let nested = |levels| {
        Serializer::Json
            .load(&nested_text(Serializer::Json, levels), &Limits::default())
            .unwrap()
    };
    for serializer in ALL {
        let codec = ResultCodec {
            serializer,
            compression: None,
        };
        let meta = |levels| ResultMeta::new("id", State::Success, nested(levels));
        let stored = codec.encode(&meta(127)).unwrap();
        assert_eq!(
            codec.decode(&stored, &Limits::default()).unwrap(),
            meta(127)
        );
        assert!(codec.encode(&meta(128)).is_err(), "{serializer:?}");
    }
}

#[test]
fn memory_is_bounded() {
    let limits = Limits {
        max_memory: 50_000,
        ..Limits::default()
    };
    let text = || Value::Str("x".repeat(50));
    for serializer in ALL {
        for value in [
            Value::List(vec![Value::Int(1); 1000]),
            Value::List(vec![text(); 500]),
            Value::List(vec![Value::List(vec![Value::Null]); 300]),
            Value::List(vec![
                Value::Dict(Dict::from([("k".to_owned(), text())]));
                150
            ]),
            Value::Dict(
                (0..400)
                    .map(|key| (format!("{key:0>40}"), Value::Null))
                    .collect(),
            ),
        ] {
            let error = kind(serializer, &serializer.dump(&value).unwrap(), &limits);
            // what the YAML parser takes by itself is bounded by the text's length
            let is_right = error == too_large("memory of the values", 50_000)
                || serializer == Serializer::Yaml
                    && matches!(error, DecodeErrorKind::TooLarge { .. });
            assert!(is_right, "{serializer:?}: {error}");
        }
        let limits = Limits::default();
        let fewer = Value::List(vec![Value::Int(1); 100]);
        let bytes = serializer.dump(&fewer).unwrap();
        assert_eq!(serializer.load(&bytes, &limits).unwrap(), fewer);
        let more = Value::List(vec![Value::Null; 480_000]);
        let error = serializer.dump(&more).unwrap_err().to_string();
        assert!(
            error.contains("memory of the values is over the limit of 33554432"),
            "{error}"
        );
    }
}

/// It is copied on its way into the messages that follow.
#[test]
fn what_follows_a_task_takes_less_memory_than_the_rest() {
    let numbers = || Value::List(vec![Value::Int(1); 200_000]);
    for (serializer, place) in [
        (Serializer::Json, "chain"),
        (Serializer::Msgpack, "callbacks"),
        (Serializer::Json, "of nobody's"),
    ] {
        let step = Dict::from([("args".to_owned(), numbers())]);
        let steps = Value::List(vec![Value::Dict(step); 2]);
        let embed = Value::Dict(Dict::from([(place.to_owned(), steps)]));
        let payload =
            |args, embed| Value::List(vec![Value::List(args), Value::Dict(Dict::new()), embed]);
        let read = |payload| {
            let (headers, properties) = (Headers::default(), Properties::default());
            let none = Payload::default();
            let mut envelope = Envelope::new(headers, properties, &none, serializer, None).unwrap();
            envelope.body = serializer.dump(&payload).unwrap();
            envelope.payload(&Limits::default())
        };
        assert!(read(payload(vec![numbers(), numbers()], Value::Null)).is_ok());
        let error = read(payload(vec![], embed)).unwrap_err();
        let expected = too_large("memory of what follows the task", 10 << 20);
        assert_eq!(error.kind, expected, "{place}");
    }
}

/// What is written can be read: a writer counts no less than the readers do.
#[test]
fn what_fits_a_writer_fits_a_reader() {
    let row = Dict::from([
        ("name".to_owned(), Value::Str("a name".to_owned())),
        (
            "at".to_owned(),
            Value::DateTime("2026-01-02T03:04:05".to_owned()),
        ),
        ("id".to_owned(), Value::Uuid("0".repeat(32))),
        ("bytes".to_owned(), Value::Bytes(vec![1; 20])),
        ("list".to_owned(), Value::List(vec![Value::Float(0.1); 3])),
        (String::new(), Value::Dict(Dict::new())),
    ]);
    for serializer in ALL {
        let plain = |row: &Dict| {
            let typed = serializer != Serializer::Json;
            let entries = row
                .iter()
                .filter(|(key, _)| !typed || !["at", "id"].contains(&key.as_str()));
            Value::Dict(
                entries
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect(),
            )
        };
        let (mut fits, mut refused) = (1, 40_000);
        while refused - fits > 500 {
            let middle = usize::midpoint(fits, refused);
            match serializer.dump(&Value::List(vec![plain(&row); middle])) {
                Ok(_) => fits = middle,
                Err(_) => refused = middle,
            }
        }
        let bytes = serializer
            .dump(&Value::List(vec![plain(&row); fits]))
            .unwrap();
        serializer.load(&bytes, &Limits::default()).unwrap();
    }
}

/// Lengths of 4 billion in five bytes.
#[test]
fn announced_lengths_take_no_memory() {
    for marker in [0xdb, 0xc6, 0xdd, 0xdf] {
        let error = kind(
            Serializer::Msgpack,
            &[marker, 0xff, 0xff, 0xff, 0xff],
            &Limits::default(),
        );
        assert!(
            matches!(error, DecodeErrorKind::Malformed { .. }),
            "{error}"
        );
    }
}

#[test]
fn billion_laughs_are_bounded() {
    let mut lists = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    let mut text = format!("a: &a {}\n", "x".repeat(100_000));
    for (name, before) in ('b'..='k').zip('a'..) {
        let aliases = vec![format!("*{before}"); 10].join(", ");
        let line = format!("{name}: &{name} [{aliases}]\n");
        lists += &line;
        text += &line;
    }
    let started = Instant::now();
    assert_eq!(
        serializer_error(Serializer::Yaml, &lists),
        too_large("memory of the values", 32 << 20)
    );
    assert_eq!(
        serializer_error(Serializer::Yaml, &text),
        too_large("text copied by aliases", 16 << 20)
    );
    let merged = "a: &a {x: 1}\nb: {<<: *a, <<: [*a, *a], y: 2}\nc: &c [*c]";
    assert!(matches!(
        serializer_error(Serializer::Yaml, merged),
        DecodeErrorKind::Malformed { .. }
    ));
    assert!(started.elapsed() < Duration::from_secs(20));
}

/// Shapes that make naive scanners quadratic.
#[test]
fn hostile_shapes_take_no_time() {
    let size = 100_000;
    for text in [
        "? ".repeat(size),
        "- ".repeat(size),
        "a: ".repeat(size),
        "!".repeat(size),
        "&a ".repeat(size),
        "\"".repeat(size),
        "'".repeat(size),
        "[".repeat(200) + &"a, ".repeat(size),
        "{".repeat(100) + &"? a ".repeat(size),
        " ".repeat(size) + "a",
        "\n".repeat(size) + "a",
        "a\n ".repeat(size),
        "|\n".to_owned() + &" \n".repeat(size),
        "\"\\u".to_owned() + &"d800\\u".repeat(size / 4),
        "1".repeat(size),
        "1:".repeat(size),
        "-".repeat(size),
        "1e".repeat(size),
        "{\"a\":1,".repeat(size),
    ] {
        let started = Instant::now();
        for serializer in ALL {
            let _ = serializer.load(text.as_bytes(), &Limits::default());
        }
        let shape = &text[text.len() - 6..];
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "{shape:?}: {:?}",
            started.elapsed()
        );
    }
}

#[test]
fn bombs_are_stopped_at_the_limit() {
    let zeros = vec![0; 2 << 20];
    for compression in Compression::ALL {
        let bomb = compression.compress(&zeros).unwrap();
        let limits = Limits {
            max_decompressed: 100_000,
            ..Limits::default()
        };
        let error = compression.decompress(&bomb, &limits).unwrap_err();
        assert_eq!(
            error.kind,
            too_large("decompressed payload", 100_000),
            "{compression:?}"
        );
        let exact = Limits {
            max_decompressed: zeros.len(),
            ..Limits::default()
        };
        let whole = compression.decompress(&bomb, &exact).unwrap();
        assert_eq!(
            (whole.len(), whole.capacity()),
            (zeros.len(), zeros.len()),
            "{compression:?}"
        );
        let none = Limits {
            max_decompressed: 0,
            ..Limits::default()
        };
        assert!(compression.decompress(&bomb, &none).is_err());
    }
}

#[test]
fn cut_and_broken_streams_are_errors() {
    let limits = Limits::default();
    let text: Vec<u8> = (0..50_000_u32)
        .flat_map(|number| number.to_string().into_bytes())
        .collect();
    for compression in Compression::ALL {
        let whole = compression.compress(&text).unwrap();
        assert_eq!(compression.decompress(&whole, &limits).unwrap(), text);
        for length in [0, 1, 5, whole.len() / 2, whole.len() - 1] {
            let cut = compression.decompress(&whole[..length], &limits);
            assert!(cut.is_err(), "{compression:?}: {length} of {}", whole.len());
        }
        assert!(
            compression
                .decompress(b"not compressed at all", &limits)
                .is_err()
        );
    }
}

/// A window of 1 GiB, announced in the first bytes.
#[test]
fn large_windows_are_refused() {
    let brotli = [0x11, 0x1e, 0, 0, 0, 0, 0, 0];
    assert!(
        Compression::Brotli
            .decompress(&brotli, &Limits::default())
            .is_err()
    );
    // Magic, no content size, window 2^31, one block of 1 byte repeated, then the end.
    let zstd = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x0b, 0, 0, b'x'];
    assert!(
        Compression::Zstd
            .decompress(&zstd, &Limits::default())
            .is_err()
    );
}

#[test]
fn stored_results_are_bounded() {
    let limits = Limits {
        max_body: 20,
        ..Limits::default()
    };
    let error = ResultCodec::default()
        .decode(&[b' '; 21], &limits)
        .unwrap_err();
    assert_eq!(error.kind, too_large("body", 20));
}
