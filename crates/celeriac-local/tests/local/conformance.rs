//! The conformance suite on SQLite: a file with a connection of its own for every client, and
//! memory.

use std::sync::Arc;

use async_trait::async_trait;
use celeriac_local::{Database, LocalBroker, LocalStore};
use celeriac_testkit::conformance::{
    BrokerFixture, Queues, Quirk, Store, StoreFixture, StoreOptions,
};
use celeriac_testkit::{broker_conformance, store_conformance};

enum Sqlite {
    File(tempfile::TempDir),
    Memory(Database),
}

async fn on_file() -> Option<Sqlite> {
    Some(Sqlite::File(
        tempfile::tempdir().expect("a temporary folder"),
    ))
}

async fn in_memory() -> Option<Sqlite> {
    Some(Sqlite::Memory(
        Database::memory().expect("a database in memory"),
    ))
}

impl Sqlite {
    fn database(&self) -> Database {
        match self {
            Self::File(folder) => {
                Database::open(folder.path().join("celeriac.sqlite")).expect("the file opens")
            }
            Self::Memory(database) => database.clone(),
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::File(_) => "SQLite file",
            Self::Memory(_) => "SQLite memory",
        }
    }
}

#[async_trait]
impl BrokerFixture for Sqlite {
    fn lane(&self) -> &str {
        self.name()
    }

    async fn open(&self) -> Arc<dyn Queues> {
        Arc::new(LocalBroker::new(self.database()))
    }

    fn quirks(&self) -> &[Quirk] {
        &[Quirk::CreatesMissingQueues]
    }
}

#[async_trait]
impl StoreFixture for Sqlite {
    fn lane(&self) -> &str {
        self.name()
    }

    async fn open(&self, options: &StoreOptions) -> Arc<dyn Store> {
        let store = LocalStore::new(self.database()).with_key_prefix(&options.prefix);
        Arc::new(match options.ttl {
            Some(ttl) => store.with_ttl(ttl),
            None => store,
        })
    }
}

mod file {
    use super::*;
    broker_conformance!(on_file);
    store_conformance!(on_file);
}

mod memory {
    use super::*;
    broker_conformance!(in_memory);
    store_conformance!(in_memory);
}
