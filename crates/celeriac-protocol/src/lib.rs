//! Celery's wire format: envelope, headers, payload, signatures, results, exception objects, typed JSON, compression.
//!
//! Pure: no I/O, no clock, no AWS, no tokio. What it reads is what Celery 5.3 to 5.7 writes (message protocol 2, and
//! protocol 1 for reading); what it writes is what Python reads.

mod compression;
mod content_type;
mod embed;
mod envelope;
mod error;
mod exception_info;
mod headers;
mod limits;
mod payload;
mod properties;
mod queue_name;
mod repr;
mod result_codec;
mod result_key;
mod result_meta;
mod signature;
mod state;
mod utc_time;
mod value;

pub use compression::Compression;
pub use content_type::Serializer;
pub use embed::Embed;
pub use envelope::{Envelope, WireForm};
pub use error::{DecodeError, DecodeErrorKind, EncodeError, ValueError};
pub use exception_info::ExceptionInfo;
pub use headers::Headers;
pub use limits::Limits;
pub use payload::Payload;
pub use properties::{DeliveryInfo, Properties};
pub use queue_name::mangle;
pub use repr::{repr_args, repr_kwargs};
pub use result_codec::ResultCodec;
pub use result_key::{task_key, task_key_plain};
pub use result_meta::{Extended, ResultMeta};
pub use signature::Signature;
pub use state::State;
pub use utc_time::UtcTime;
pub use value::{BigInt, Dict, Value, from_value, to_value};
