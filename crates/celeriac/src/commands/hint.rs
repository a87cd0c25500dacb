use celeriac_core::{
    BrokerError, BrokerErrorKind, RegistryError, SendError, StoreError, StoreErrorKind,
};
use celeriac_producer::ResultError;
use celeriac_worker::WorkerError;

use super::{EXIT_FAILED, EXIT_NOT_READY, EXIT_TASK_FAILED, EXIT_USAGE};
use crate::Error;

const DOCTOR: &str = "celeriac doctor checks credentials, region, network and permissions";

/// What to do about an error, where the error itself does not say it all.
pub(super) fn hint_of(error: &Error) -> Option<String> {
    match error {
        Error::MissingFeature { feature, .. } => {
            Some(format!("cargo add celeriac --features {feature}, then build again (the `celeriac` program has every feature)"))
        }
        Error::Registry(RegistryError::Duplicate(name)) => {
            Some(format!("look for two `.task(...)` of `{name}`, or give one a name of its own: #[task(name = \"...\")]"))
        }
        Error::Broker(error) | Error::Send(SendError::Broker(error)) | Error::Worker(WorkerError::Broker(error)) => {
            broker_hint(error)
        }
        Error::Store(error) | Error::Result(ResultError::Store(error)) | Error::Worker(WorkerError::Store(error)) => {
            store_hint(error)
        }
        Error::Result(ResultError::Timeout { task_id, .. }) => {
            Some(format!("is a worker running on its queue? ask again with: celeriac result {task_id} --wait 60s"))
        }
        Error::Result(ResultError::NoBackend) => {
            Some("unset `result_backend` for the default, or set it to `dynamodb://REGION/TABLE` or `sqlite:PATH`".to_owned())
        }
        Error::Worker(WorkerError::ForwardQueue { queue }) => Some(format!("celeriac queues create {queue}")),
        Error::Worker(WorkerError::Health { .. }) => Some("is the port taken? choose another with --health-address".to_owned()),
        _ => None,
    }
}

/// The exit code that an error means.
pub(super) fn exit_code_of(error: &Error) -> u8 {
    match error {
        Error::Settings(_)
        | Error::Router(_)
        | Error::Registry(_)
        | Error::Url { .. }
        | Error::MissingFeature { .. }
        | Error::Manifest(_)
        | Error::Send(SendError::Encode { .. } | SendError::Invalid { .. })
        | Error::Result(ResultError::NoBackend) => EXIT_USAGE,
        Error::Result(ResultError::Failed { .. } | ResultError::Revoked { .. }) => EXIT_TASK_FAILED,
        Error::Result(ResultError::Timeout { .. }) => EXIT_NOT_READY,
        #[cfg(feature = "_aws")]
        Error::Aws(_) => EXIT_USAGE,
        #[cfg(feature = "beat")]
        Error::Entry(_) | Error::Entries(_) => EXIT_USAGE,
        #[cfg(feature = "local")]
        Error::Database { .. } => EXIT_USAGE,
        _ => EXIT_FAILED,
    }
}

fn broker_hint(error: &BrokerError) -> Option<String> {
    match &error.kind {
        BrokerErrorKind::QueueNotFound => Some(format!("celeriac queues create {}", error.queue)),
        BrokerErrorKind::AccessDenied(_) | BrokerErrorKind::Unavailable(_)
            if error.queue.ends_with('*') =>
        {
            Some(DOCTOR.to_owned())
        }
        BrokerErrorKind::AccessDenied(_) | BrokerErrorKind::Unavailable(_) => {
            Some(DOCTOR.replace("doctor", &format!("doctor --queue {}", error.queue)))
        }
        _ => None,
    }
}

fn store_hint(error: &StoreError) -> Option<String> {
    match &error.kind {
        StoreErrorKind::TableNotFound => Some("celeriac queues create --table".to_owned()),
        StoreErrorKind::AccessDenied(_) | StoreErrorKind::Unavailable(_) => Some(DOCTOR.to_owned()),
        _ => None,
    }
}
