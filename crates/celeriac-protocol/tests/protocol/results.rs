//! Every result that a real worker stored is read, written again, and read as the same.
#![cfg(feature = "full")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use base64::{Engine as _, engine::general_purpose::STANDARD};
use celeriac_protocol::{
    Compression, DecodeErrorKind, ExceptionInfo, Limits, ResultCodec, ResultMeta, Serializer, State,
};

use crate::wire::{self, comparable, fixture, result_attributes};

fn codec(name: &str) -> ResultCodec {
    let serializer = match name {
        "msgpack_success" => Serializer::Msgpack,
        "yaml_success" => Serializer::Yaml,
        _ => Serializer::Json,
    };
    let compression = None;
    ResultCodec {
        serializer,
        compression,
    }
}

#[test]
fn every_result_is_read_and_written_again() {
    let (limits, mut results, mut groups) = (Limits::default(), 0, 0);
    for (name, bytes) in result_attributes() {
        let (codec, bytes) = (codec(&name), STANDARD.decode(bytes).unwrap());
        if name.starts_with("pickle") {
            let error = codec.decode(&bytes, &limits).unwrap_err();
            assert_eq!(error.kind, DecodeErrorKind::Pickle, "{name}");
            continue;
        }
        let value = codec.decode_value(&bytes, &limits).unwrap();
        if value.get("status").is_none() {
            // A saved group.
            assert!(value.get("result").is_some(), "{name}");
            groups += 1;
            continue;
        }
        let meta = codec.decode(&bytes, &limits).unwrap();
        let again = codec.encode(&meta).unwrap();
        let again = codec.decode_value(&again, &limits).unwrap();
        assert_eq!(comparable(again), comparable(value), "{name}");
        results += 1;
    }
    assert!(results > 150 && groups > 10, "{results} {groups}");
}

/// Celery's key order too.
#[test]
fn json_results_are_written_as_celery_writes_them() {
    for (name, bytes) in result_attributes() {
        let bytes = STANDARD.decode(bytes).unwrap();
        let codec = ResultCodec::default();
        let Ok(meta) = codec.decode(&bytes, &Limits::default()) else {
            continue;
        };
        if bytes.starts_with(b"\0") {
            continue;
        }
        let captured = String::from_utf8(bytes).unwrap();
        let keys = |value: celeriac_protocol::Value| -> Vec<String> {
            value.as_dict().unwrap().keys().cloned().collect()
        };
        assert_eq!(
            keys(meta.to_value()),
            keys(wire::value(&captured)),
            "{name}"
        );
    }
}

#[test]
fn compressed_results_are_detected_and_written() {
    let limits = Limits::default();
    let file = fixture("results/compressed_success");
    let bytes = file["worker_dynamodb_writes"][0]["item"]["result"]["B"]
        .as_str()
        .unwrap();
    let meta = ResultCodec::default()
        .decode(&STANDARD.decode(bytes).unwrap(), &limits)
        .unwrap();
    assert_eq!(meta.status, State::Success);
    for compression in Compression::ALL {
        let codec = ResultCodec {
            compression: Some(compression),
            ..ResultCodec::default()
        };
        let bytes = codec.encode(&meta).unwrap();
        assert!(bytes.starts_with(b"\0celery-compressed\0application/"));
        assert_eq!(
            ResultCodec::default().decode(&bytes, &limits).unwrap(),
            meta
        );
    }
}

#[test]
fn failures_have_an_exception() {
    let limits = Limits::default();
    let mut failures = 0;
    for (name, bytes) in result_attributes() {
        let bytes = STANDARD.decode(bytes).unwrap();
        let Ok(meta) = codec(&name).decode(&bytes, &limits) else {
            continue;
        };
        if meta.status == State::Failure || meta.status == State::Revoked {
            let info = ExceptionInfo::from_value(&meta.result).unwrap();
            assert_eq!(info.to_value(), meta.result, "{name}");
            failures += 1;
        }
    }
    assert!(failures > 30, "{failures}");
}

/// Items that Python's client reads, made by hand.
#[test]
fn hand_made_items_are_read_where_python_reads_them() {
    for row in wire::list(&fixture("interop/asyncresult_reads"), "rows") {
        if row["meta"].is_null() {
            continue;
        }
        let meta = ResultMeta::from_value(wire::value(&row["meta"].to_string()));
        let case = row["case"].as_str().unwrap();
        if case == "no_status" {
            assert_eq!(meta.unwrap_err().kind, DecodeErrorKind::Missing("status"));
            continue;
        }
        let meta = meta.unwrap_or_else(|error| panic!("{case}: {error}"));
        if let (Some(status), true) = (row["status"].as_str(), row["get"]["raised"].is_null()) {
            assert_eq!(meta.status.as_str(), status, "{case}");
        }
        let raised = row["get"]["raised"].as_str().unwrap_or_default();
        if case.starts_with("failure") && !raised.is_empty() && case != "failure_null_result" {
            let info = ExceptionInfo::from_value(&meta.result).unwrap();
            assert!(raised.ends_with(&info.exc_type), "{case}: {raised}");
        }
    }
}
