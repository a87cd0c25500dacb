use celeriac_core::Failure;
use celeriac_protocol::{ExceptionInfo, Serializer, Value};
use lambda_runtime::Diagnostic;
use serde_json::value::{RawValue, to_raw_value};

/// What a function answers.
pub(crate) type Answered = Result<Box<RawValue>, Diagnostic>;

/// A task's result, in the JSON that Celery's results have (typed objects for what JSON lacks); NaN
/// and infinities, which the Lambda API does not take, as null.
pub(crate) fn result(value: &Value) -> Answered {
    let python = Serializer::Json.dump(value).ok();
    let text = python.and_then(|bytes| String::from_utf8(bytes).ok());
    if let Some(raw) = text.and_then(|text| RawValue::from_string(text).ok()) {
        return Ok(raw);
    }
    to_raw_value(value)
        .map_err(|error| self::error("EncodeError", format!("the result is not JSON: {error}")))
}

/// A task's failure.
pub(crate) fn failure(failure: &Failure) -> Diagnostic {
    exception(&failure.exception)
}

/// The same, as it is stored.
pub(crate) fn exception(exception: &ExceptionInfo) -> Diagnostic {
    error(&exception.exc_type, exception.message())
}

/// The function's own error.
pub(crate) fn error(kind: &str, message: impl Into<String>) -> Diagnostic {
    Diagnostic {
        error_type: kind.to_owned(),
        error_message: message.into(),
    }
}
