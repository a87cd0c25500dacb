//! Celery's wire format: envelope, headers, payload, signatures, results, exception objects, typed JSON, compression.
//!
//! Pure: no I/O, no clock, no AWS, no tokio. What it reads is what Celery 5.3 to 5.7 writes (message protocol 2, and
//! protocol 1 for reading); what it writes is what Python reads.

mod big_int;
#[cfg(any(
    feature = "gzip",
    feature = "bzip2",
    feature = "xz",
    feature = "zstd",
    feature = "brotli"
))]
mod bounded_read;
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
mod signature;
mod state;
mod to_value;
mod typed_object;
mod utc_time;
mod value;
mod value_visitor;
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
pub use result_key::{chord_key, group_key, task_key, task_key_plain};
pub use result_meta::{Extended, ResultMeta};
pub use signature::Signature;
pub use state::State;
pub use to_value::to_value;
pub use utc_time::UtcTime;
pub use value::{Dict, Value};
