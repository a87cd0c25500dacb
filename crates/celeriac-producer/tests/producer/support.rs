use std::sync::Arc;

use celeriac_core::{
    Broker, Clock, Ledger, Params, Registry, Router, SendOptions, Settings, TaskDefinition,
    TaskKind, TaskOptions,
};
use celeriac_producer::{Client, ClientParts};
use celeriac_protocol::{UtcTime, Value};

/// A clock that stands still.
pub(crate) struct Stopped(pub(crate) UtcTime);

impl Clock for Stopped {
    fn now(&self) -> UtcTime {
        self.0
    }
}

pub(crate) const NOON: &str = "2027-01-02T12:00:00+00:00";

/// What a client in a test is made of; the rest are defaults.
pub(crate) struct Parts {
    pub(crate) settings: Settings,
    pub(crate) registry: Registry,
    pub(crate) now: UtcTime,
    pub(crate) store: Option<Arc<dyn Ledger>>,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            registry: Registry::default(),
            now: UtcTime::parse(NOON).unwrap(),
            store: None,
        }
    }
}

impl Parts {
    pub(crate) fn client(self, broker: Arc<dyn Broker>) -> Client {
        let router: Router = self.settings.router().unwrap();
        Client::new(ClientParts {
            broker,
            store: self.store,
            chords: None,
            router,
            settings: Arc::new(self.settings),
            registry: Arc::new(self.registry),
            clock: Arc::new(Stopped(self.now)),
        })
    }

    pub(crate) fn task(mut self, name: &str, options: TaskOptions) -> Self {
        static PARAMS: Params = Params {
            function: "task",
            list: &[],
            ..Params::NONE
        };
        let kind = TaskKind::Async(Arc::new(|_, _| Box::pin(async { Ok(Value::Null) })));
        self.registry
            .add(TaskDefinition {
                states: &[],
                name: name.to_owned(),
                params: &PARAMS,
                options,
                kind,
            })
            .unwrap();
        self
    }
}

pub(crate) fn ints(numbers: impl IntoIterator<Item = i64>) -> Vec<Value> {
    numbers.into_iter().map(Value::Int).collect()
}

pub(crate) fn text(value: &str) -> Value {
    Value::Str(value.to_owned())
}

/// `apply_async`'s keywords, in Python's form.
pub(crate) fn keywords<const N: usize>(pairs: [(&str, Value); N]) -> SendOptions {
    let dict = pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    SendOptions::from_dict(&dict).unwrap()
}
