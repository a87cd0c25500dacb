//! Celery's wire format: envelope, headers, payload, signatures, results, exception objects, typed
//! JSON, compression.
//!
//! Pure: no I/O, no clock, no AWS, no tokio. What it reads is what Celery 5.3 to 5.7 writes
//! (message protocol 2, and protocol 1 for reading); what it writes is what Python reads.
//!
//! # A message
//!
//! An [`Envelope`] is what SQS carries: [`Headers`], [`Properties`] and the serialized [`Payload`],
//! which stays bytes until [`Envelope::payload`] is called.
//!
//! ```
//! use celeriac_protocol::{
//!     Envelope, Headers, Limits, Payload, Properties, Serializer, WireForm,
//! };
//!
//! let headers = Headers { task: "shop.add".into(), id: "7c2f".into(), ..Headers::default() };
//! let payload = Payload { args: vec![2.into(), 3.into()], ..Payload::default() };
//! let envelope = Envelope::new(headers, Properties::default(), &payload, Serializer::Json, None)?;
//!
//! // Celery reads both forms. The default has base64 outside and inside, as Celery writes it.
//! let body = envelope.encode(WireForm::Celery);
//! assert!(envelope.encode(WireForm::Compact).len() < body.len());
//!
//! let limits = Limits::default();
//! let received = Envelope::decode(&body, &limits)?;
//! assert_eq!(received.headers.task, "shop.add");
//! assert_eq!(received.payload(&limits)?.args, payload.args);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! An error carries the task's id and name where they could be read, so that a failure can be
//! stored for the caller:
//!
//! ```
//! use celeriac_protocol::{Envelope, Limits};
//!
//! let body = r#"{"headers": {"task": "shop.add", "id": "7c2f", "eta": [1]}}"#;
//! let error = Envelope::decode(body, &Limits::default()).unwrap_err();
//! assert_eq!(error.task_id.as_deref(), Some("7c2f"));
//! assert_eq!(
//!     error.to_string(),
//!     "`headers.eta` in the message is not valid: expected str, got list"
//! );
//! ```
//!
//! # Values
//!
//! A [`Value`] is anything that arguments and results may hold: JSON as Python has it (integers of
//! any size, NaN), and Python's `datetime`, `date`, `time`, `Decimal`, `UUID` and `bytes`.
//! [`to_value`] and [`from_value`] are the way from and to Rust types; [`PyDateTime`] and its kin
//! are for the types that Rust's own lack.
//!
//! ```
//! use celeriac_protocol::{PyDecimal, Serializer, from_value, to_value};
//!
//! #[derive(serde::Serialize, serde::Deserialize)]
//! struct Line {
//!     sku: String,
//!     price: PyDecimal,
//! }
//!
//! let line = Line { sku: "a1".into(), price: PyDecimal("9.90".into()) };
//! let value = to_value(&line)?;
//! let json = String::from_utf8(Serializer::Json.dump(&value)?)?;
//! assert_eq!(json, r#"{"sku":"a1","price":{"__type__":"decimal","__value__":"9.90"}}"#);
//! assert_eq!(from_value::<Line>(value)?.price.0, "9.90");
//!
//! let error = from_value::<Vec<i64>>(to_value(&["x"])?).unwrap_err();
//! assert_eq!(error.to_string(), "`0`: expected i64, got str 'x'");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Results
//!
//! A [`ResultMeta`] is what a result item holds; [`ResultCodec`] makes and reads its bytes,
//! [`task_key`] its key.
//!
//! ```
//! use celeriac_protocol::{Limits, ResultCodec, ResultMeta, State, task_key};
//!
//! let codec = ResultCodec::default();
//! let bytes = codec.encode(&ResultMeta::new("7c2f", State::Success, 5.into()))?;
//! assert_eq!(codec.decode(&bytes, &Limits::default())?.result, 5.into());
//! assert_eq!(task_key("", "7c2f"), "b'celery-task-meta-7c2f'");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Bounds
//!
//! Nothing that is read is trusted: [`Limits`] bounds bytes, decompressed bytes, nesting and the
//! number of values in every decoder. Pickle is never read.
//!
//! # Features
//!
//! `gzip` is on by default. `bzip2`, `xz`, `zstd`, `brotli`, `msgpack` and `yaml` are off; `full`
//! is all of them. What is off is an error that names the feature.

mod big_int;
mod bounded_read;
mod byte_scan;
mod compression;
mod content_type;
mod embed;
mod envelope;
mod envelope_reader;
mod error;
mod exception_info;
mod from_value;
mod headers;
mod iso_time;
mod json_reader;
mod json_writer;
mod lenient_base64;
mod limits;
#[cfg(feature = "msgpack")]
mod msgpack_reader;
#[cfg(feature = "msgpack")]
mod msgpack_writer;
mod part;
mod payload;
mod properties;
mod protocol_v1;
mod python_float;
mod python_text;
mod python_type;
mod queue_name;
mod repr;
mod result_codec;
mod result_key;
mod result_meta;
mod short_text;
mod signature;
mod state;
mod to_value;
mod typed_object;
mod utc_time;
mod value;
mod value_kind;
mod value_size;
mod value_visitor;
mod workflow;
#[cfg(feature = "yaml")]
mod yaml_reader;
#[cfg(feature = "yaml")]
mod yaml_scalar;
#[cfg(feature = "yaml")]
mod yaml_writer;

pub use big_int::BigInt;
pub use compression::Compression;
pub use content_type::Serializer;
pub use embed::Embed;
pub use envelope::{Envelope, WireForm};
pub use error::{DecodeError, DecodeErrorKind, EncodeError, ValueError};
pub use exception_info::ExceptionInfo;
pub use from_value::from_value;
pub use headers::Headers;
pub use limits::Limits;
pub use payload::Payload;
pub use properties::{DeliveryInfo, Properties};
pub use python_type::{PyBytes, PyDate, PyDateTime, PyDecimal, PyTime, PyUuid};
pub use queue_name::mangle;
pub use repr::{repr_args, repr_kwargs};
pub use result_codec::ResultCodec;
pub use result_key::{chord_key, chord_set_key, document_key, group_key, task_key, task_key_plain};
pub use result_meta::{Extended, ResultMeta};
pub use short_text::cut;
pub use signature::Signature;
pub use state::State;
pub use to_value::to_value;
pub use utc_time::UtcTime;
pub use value::{Dict, Value};
pub use workflow::{Chain, Chord, Group, Workflow};
