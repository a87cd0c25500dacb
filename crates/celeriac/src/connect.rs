use std::sync::Arc;

use celeriac_core::{Broker, Chords, Documents, Ledger, QueueAdmin, Settings};

use crate::Error;
use crate::place::Place;
#[cfg(not(feature = "_aws"))]
use crate::place::without_secrets;

/// A broker and a result store, opened by their URLs.
#[derive(Clone)]
pub(crate) struct Backends {
    pub(crate) queues: Queues,
    pub(crate) results: Option<Results>,
    pub(crate) broker_place: Place,
    pub(crate) results_place: Place,
    /// What to tell the user about a default that was taken.
    pub(crate) note: Option<String>,
}

/// A broker, to run with and to operate.
#[derive(Clone)]
pub(crate) struct Queues {
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) admin: Arc<dyn QueueAdmin>,
}

#[cfg(any(feature = "_aws", feature = "local"))]
impl Queues {
    fn of<T: Broker + QueueAdmin>(both: T) -> Self {
        let both = Arc::new(both);
        Self {
            broker: Arc::clone(&both) as Arc<dyn Broker>,
            admin: both,
        }
    }
}

/// A result store, for tasks and for what celeriac itself remembers.
#[derive(Clone)]
pub(crate) struct Results {
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) documents: Arc<dyn Documents>,
    pub(crate) chords: Arc<dyn Chords>,
}

#[cfg(any(feature = "_aws", feature = "local"))]
impl Results {
    fn of<T: Ledger + Documents + Chords>(all: T) -> Self {
        let all = Arc::new(all);
        Self {
            ledger: Arc::clone(&all) as Arc<dyn Ledger>,
            documents: Arc::clone(&all) as Arc<dyn Documents>,
            chords: all,
        }
    }
}

/// Opens what `broker_url` and `result_backend` name. On AWS nothing is asked yet: the first use
/// does.
pub(crate) fn connect(settings: &Settings) -> Result<Backends, Error> {
    let broker = Place::of_broker(settings)?;
    let results = Place::of_results(settings, &broker)?;
    Ok(Backends {
        queues: open_queues(&broker, settings)?,
        results: open_results(&results, settings)?,
        broker_place: broker,
        results_place: results,
        note: Place::note(settings),
    })
}

#[cfg_attr(
    not(feature = "_aws"),
    expect(unused_variables, reason = "SQLite is in the place itself")
)]
fn open_queues(place: &Place, settings: &Settings) -> Result<Queues, Error> {
    match place {
        #[cfg(feature = "local")]
        Place::Sqlite(url) => Ok(Queues::of(celeriac_local::LocalBroker::new(database(
            "broker_url",
            url,
        )?))),
        #[cfg(not(feature = "local"))]
        Place::Sqlite(url) => Err(missing("broker_url", url, "local")),
        #[cfg(feature = "_aws")]
        Place::Aws(_) => Ok(Queues::of(celeriac_aws::SqsBroker::new(&aws_config(
            settings,
        )?))),
        #[cfg(not(feature = "_aws"))]
        Place::Aws(url) => Err(missing("broker_url", &without_secrets(url), "aws")),
        Place::Disabled => Err(Error::Url {
            setting: "broker_url",
            url: "disabled://".to_owned(),
            reason: "is for results only".to_owned(),
        }),
    }
}

#[cfg_attr(
    not(any(feature = "local", feature = "_aws")),
    expect(unused_variables, reason = "for no backend")
)]
fn open_results(place: &Place, settings: &Settings) -> Result<Option<Results>, Error> {
    match place {
        #[cfg(feature = "local")]
        Place::Sqlite(url) => {
            let store = celeriac_local::LocalStore::new(database("result_backend", url)?);
            Ok(Some(Results::of(store.with_settings(settings))))
        }
        #[cfg(not(feature = "local"))]
        Place::Sqlite(url) => Err(missing("result_backend", url, "local")),
        #[cfg(feature = "_aws")]
        Place::Aws(_) => Ok(Some(Results::of(celeriac_aws::DynamoStore::new(
            &aws_config(settings)?,
        )))),
        #[cfg(not(feature = "_aws"))]
        Place::Aws(url) => Err(missing("result_backend", &without_secrets(url), "aws")),
        Place::Disabled => Ok(None),
    }
}

#[cfg(feature = "local")]
fn database(setting: &'static str, url: &str) -> Result<celeriac_local::Database, Error> {
    celeriac_local::Database::from_url(url).map_err(|source| Error::Database {
        setting,
        url: url.to_owned(),
        source: Box::new(source),
    })
}

#[cfg(feature = "_aws")]
pub(crate) fn aws_config(settings: &Settings) -> Result<celeriac_aws::AwsConfig, Error> {
    Ok(celeriac_aws::AwsConfig::from_settings(settings)?)
}

#[cfg(not(all(feature = "_aws", feature = "local")))]
fn missing(setting: &'static str, url: &str, feature: &'static str) -> Error {
    Error::MissingFeature {
        setting,
        url: url.to_owned(),
        feature,
    }
}
