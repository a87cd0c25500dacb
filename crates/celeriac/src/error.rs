use celeriac_core::{
    BrokerError, RegistryError, RouterError, SendError, SettingsError, StoreError,
};
use celeriac_producer::ResultError;
use celeriac_worker::WorkerError;
use thiserror::Error;

/// What can go wrong between an app and its broker and results.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting that cannot be.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A route that cannot be.
    #[error(transparent)]
    Router(#[from] RouterError),
    /// A task registered twice, or not at all.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A `broker_url` or `result_backend` that cannot be.
    #[error("setting `{setting}`: `{url}` {reason}")]
    Url {
        /// `broker_url` or `result_backend`.
        setting: &'static str,
        /// As given, without its password.
        url: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// A URL whose adapter was left out of this build.
    #[error(
        "setting `{setting}`: `{url}` needs the feature `{feature}` of the crate `celeriac`, and this program was built without it"
    )]
    MissingFeature {
        /// `broker_url` or `result_backend`.
        setting: &'static str,
        /// As given, without its password.
        url: String,
        /// The cargo feature to add.
        feature: &'static str,
    },
    /// A database that cannot be opened.
    #[cfg(feature = "local")]
    #[error("setting `{setting}`: cannot use `{url}`")]
    Database {
        /// `broker_url` or `result_backend`.
        setting: &'static str,
        /// As given.
        url: String,
        /// Why.
        source: Box<celeriac_local::DatabaseError>,
    },
    /// A setting that the AWS adapters cannot use.
    #[cfg(feature = "_aws")]
    #[error(transparent)]
    Aws(#[from] celeriac_aws::AwsConfigError),
    /// A beat entry that cannot be.
    #[cfg(feature = "beat")]
    #[error(transparent)]
    Entry(#[from] celeriac_beat::EntryError),
    /// Several beat entries that cannot be.
    #[cfg(feature = "beat")]
    #[error("{}", lines(.0))]
    Entries(Vec<celeriac_beat::EntryError>),
    /// An app that cannot be deployed as it is: all that is in the way.
    #[error("the app cannot be deployed: {}", .0.join("; "))]
    Manifest(Vec<String>),
    /// EventBridge Scheduler.
    #[error(transparent)]
    Scheduler(#[from] celeriac_core::SchedulerError),
    /// The broker.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// The result store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A task that was not sent.
    #[error(transparent)]
    Send(#[from] SendError),
    /// A result that is not a value.
    #[error(transparent)]
    Result(#[from] ResultError),
    /// A worker that cannot start or go on.
    #[error(transparent)]
    Worker(#[from] WorkerError),
}

#[cfg(feature = "beat")]
impl Error {
    /// Of entries of which some cannot be: each is named.
    pub(crate) fn of_entries(mut errors: Vec<celeriac_beat::EntryError>) -> Option<Self> {
        match errors.len() {
            0 => None,
            1 => errors.pop().map(Self::Entry),
            _ => Some(Self::Entries(errors)),
        }
    }
}

#[cfg(feature = "beat")]
fn lines(errors: &[celeriac_beat::EntryError]) -> String {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    texts.join("\n")
}
