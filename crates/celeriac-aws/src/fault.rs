use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use celeriac_core::{BrokerErrorKind, StoreErrorKind};

/// Why a request failed, after the SDK's retries. Unlike the seams' errors it can be cloned, since
/// one request carries many entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Throttled, 5xx or the network.
    Unavailable(String),
    /// No credentials, wrong ones, or no right.
    AccessDenied(String),
    /// Anything else the service said; the code without its name space.
    Service { code: String, message: String },
}

impl Fault {
    /// The service's own code, if it said one.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Service { code, .. } => code,
            _ => "",
        }
    }

    /// By the code and message a service answered with.
    pub(crate) fn of_code(code: &str, message: &str, status: u16) -> Self {
        // `com.amazonaws.sqs#QueueDoesNotExist`, `AWS.SimpleQueueService.NonExistentQueue`: the
        // last part says it
        let code = code.rsplit(['#', '.']).next().unwrap_or_default();
        let text = if message.is_empty() {
            code.to_owned()
        } else {
            format!("{code}: {message}")
        };
        if is_passing(code) || status >= 500 || status == 429 {
            Self::Unavailable(text)
        } else if is_denied(code) {
            Self::AccessDenied(text)
        } else {
            Self::Service {
                code: code.to_owned(),
                message: message.to_owned(),
            }
        }
    }
}

/// Whether the same request may go through in a moment.
pub(crate) fn is_passing(code: &str) -> bool {
    matches!(
        code,
        "InternalError"
            | "InternalFailure"
            | "InternalServerError"
            | "LimitExceededException"
            | "OverLimit"
            | "PriorRequestNotComplete"
            | "ProvisionedThroughputExceeded"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "RequestTimeout"
            | "ServiceUnavailable"
            | "SlowDown"
            | "Throttling"
            | "ThrottlingError"
            | "ThrottlingException"
            | "TooManyRequestsException"
            | "TransactionConflict"
            | "TransactionConflictException"
    )
}

fn is_denied(code: &str) -> bool {
    matches!(
        code,
        "AccessDenied"
            | "AccessDeniedException"
            | "AuthorizationError"
            | "ExpiredToken"
            | "ExpiredTokenException"
            | "IncompleteSignature"
            | "InvalidAccessKeyId"
            | "InvalidClientTokenId"
            | "InvalidSecurity"
            | "InvalidSignatureException"
            | "KmsAccessDenied"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "OptInRequired"
            | "RequestExpired"
            | "SignatureDoesNotMatch"
            | "UnrecognizedClientException"
    )
}

impl<E> From<SdkError<E, HttpResponse>> for Fault
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        if let SdkError::ServiceError(service) = &error {
            let status = service.raw().status().as_u16();
            return Self::of_code(
                service.err().code().unwrap_or("Unknown"),
                service.err().message().unwrap_or_default(),
                status,
            );
        }
        let text = with_causes(&error);
        let lower = text.to_ascii_lowercase();
        match error {
            _ if lower.contains("credential") => {
                Self::AccessDenied(format!("no AWS credentials could be had: {text}"))
            }
            _ if lower.contains("missing region") => Self::Service {
                code: "MissingRegion".to_owned(),
                message:
                    "no AWS region is known: set AWS_REGION, or `region` in the transport options"
                        .to_owned(),
            },
            SdkError::ConstructionFailure(_) => Self::Service {
                code: "NotSent".to_owned(),
                message: text,
            },
            _ => Self::Unavailable(text),
        }
    }
}

/// What DynamoDB says of a key that is not the table's.
fn is_of_key(message: &str) -> bool {
    message.contains("key element does not match the schema")
        || message.contains("Type mismatch for key")
}

/// An error and its causes, as people read them: the SDK's own form repeats all of it in Rust's
/// notation.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl From<Fault> for BrokerErrorKind {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unavailable(text) => Self::Unavailable(text),
            Fault::AccessDenied(text) => Self::AccessDenied(text),
            Fault::Service { code, .. }
                if code == "QueueDoesNotExist" || code == "NonExistentQueue" =>
            {
                Self::QueueNotFound
            }
            Fault::Service { code, message } => Self::Other(format!("{code}: {message}")),
        }
    }
}

impl From<Fault> for StoreErrorKind {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unavailable(text) => Self::Unavailable(text),
            Fault::AccessDenied(text) => Self::AccessDenied(text),
            Fault::Service { code, .. } if code.starts_with("ResourceNotFound") => {
                Self::TableNotFound
            }
            Fault::Service { code, message }
                if code == "ValidationException" && is_of_key(&message) =>
            {
                Self::WrongKey("another".to_owned())
            }
            Fault::Service { code, message } => Self::Other(format!("{code}: {message}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;

    use super::*;

    #[test]
    fn an_error_is_told_with_its_causes() {
        let error = OrchestratorError::<std::fmt::Error>::other("down");
        assert_eq!(with_causes(&error), "an unknown error occurred: down");
    }

    #[test]
    fn a_key_that_is_not_the_tables_is_told_apart() {
        let kind =
            |message| StoreErrorKind::from(Fault::of_code("ValidationException", message, 400));
        for message in [
            "The provided key element does not match the schema",
            "One or more parameter values were invalid: Type mismatch for key id expected: N actual: S",
        ] {
            assert!(
                matches!(kind(message), StoreErrorKind::WrongKey(_)),
                "{message}"
            );
        }
        assert!(matches!(
            kind("Item size has exceeded"),
            StoreErrorKind::Other(_)
        ));
    }
}
