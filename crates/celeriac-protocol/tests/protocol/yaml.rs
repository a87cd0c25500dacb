//! YAML 1.1 as PyYAML reads it, which is not what YAML 1.2 makes of the same text.
#![cfg(feature = "full")]

use celeriac_protocol::{Limits, Serializer, Value};

use crate::wire::{comparable, value};

fn load(yaml: &str) -> Option<Value> {
    Serializer::Yaml
        .load(yaml.as_bytes(), &Limits::default())
        .ok()
}

/// Each with what `yaml.safe_load` gives, in kombu's JSON.
#[test]
fn scalars_are_pyyamls() {
    let time = |iso: &str| format!(r#"{{"__type__": "datetime", "__value__": "{iso}"}}"#);
    for (yaml, json) in [
        ("1e3", "\"1e3\""),
        ("1.5e3", "\"1.5e3\""),
        ("1.5e+3", "1500.0"),
        ("0o14", "\"0o14\""),
        ("014", "12"),
        ("08", "\"08\""),
        ("0x1F", "31"),
        ("-0b1_01", "-5"),
        ("1_000", "1000"),
        ("1:30", "90"),
        ("-1:30.5", "-90.5"),
        ("1:+0", "\"1:+0\""),
        ("yes", "true"),
        ("Off", "false"),
        ("y", "\"y\""),
        ("~", "null"),
        (".5", "0.5"),
        ("5.", "5.0"),
        ("-.inf", "-Infinity"),
        (".NaN", "NaN"),
        ("+.nan", "\"+.nan\""),
        ("1180591620717411303424", "1180591620717411303424"),
        ("'1'", "\"1\""),
        ("!!str 1", "\"1\""),
        ("!!float 1", "1.0"),
        ("! 1", "\"1\""),
        (
            "!!binary |\n  aGVs\n  bG8=",
            r#"{"__type__": "bytes", "__value__": "hello"}"#,
        ),
        (
            "2027-01-02",
            r#"{"__type__": "date", "__value__": "2027-01-02"}"#,
        ),
        ("2027-1-2", "\"2027-1-2\""),
        ("2027-01-02 03:04:05", &time("2027-01-02T03:04:05")),
        (
            "2027-1-2T3:04:05.5 -4:30",
            &time("2027-01-02T03:04:05.500000-04:30"),
        ),
        (
            "2027-01-02 03:04:05.000000123Z",
            &time("2027-01-02T03:04:05+00:00"),
        ),
        ("!!set {b, a}", r#"["b", "a"]"#),
        (
            "{1: a, null: b, yes: c, 1.5: d}",
            r#"{"1": "a", "null": "b", "true": "c", "1.5": "d"}"#,
        ),
        (
            "{a: &x {k: 1}, b: *x, c: {<<: *x, k: 2, j: 3}}",
            r#"{"a": {"k": 1}, "b": {"k": 1}, "c": {"k": 2, "j": 3}}"#,
        ),
        ("", "null"),
    ] {
        let loaded = load(yaml).map(comparable);
        assert_eq!(loaded, Some(comparable(value(json))), "{yaml}");
    }
}

#[test]
fn what_pyyaml_refuses_is_refused() {
    for yaml in [
        "2027-02-30",
        "!!python/object:os.system x",
        "!local x",
        "!!int x",
        "[",
        "{a: b",
        "a: b: c",
        "*a",
        "a\n---\nb",
        "{[1]: 2}",
        "{<<: 1}",
        "&a [*a]",
        "!!binary a",
        "\"\\ud800\"",
        "- a\nb: c",
        "@a",
    ] {
        assert_eq!(load(yaml), None, "{yaml}");
    }
}
