use std::sync::Arc;

use async_trait::async_trait;
use celeriac_core::{Clock, SystemClock};
use celeriac_protocol::ResultMeta;
use celeriac_testkit::cloud::{Cloud, CloudServer};
use celeriac_testkit::conformance::{BrokerFixture, Queues, Store, StoreFixture, StoreOptions};

use crate::lane::{BrokerLane, StoreLane};

/// A lane whose services end with it.
struct Simulated<L> {
    lane: L,
    _server: CloudServer,
}

async fn serve() -> CloudServer {
    let cloud = Arc::new(Cloud::calm(SystemClock.now()));
    CloudServer::start(cloud).await.expect("a free port")
}

async fn broker() -> Option<Simulated<BrokerLane>> {
    let server = serve().await;
    Some(Simulated {
        lane: BrokerLane::new("simulated", &server.url(), &[]),
        _server: server,
    })
}

async fn store() -> Option<Simulated<StoreLane>> {
    let server = serve().await;
    Some(Simulated {
        lane: StoreLane::new("simulated", &server.url(), &[]).await,
        _server: server,
    })
}

#[async_trait]
impl BrokerFixture for Simulated<BrokerLane> {
    fn lane(&self) -> &str {
        self.lane.lane()
    }

    async fn open(&self) -> Arc<dyn Queues> {
        self.lane.open().await
    }
}

#[async_trait]
impl StoreFixture for Simulated<StoreLane> {
    fn lane(&self) -> &str {
        self.lane.lane()
    }

    async fn open(&self, options: &StoreOptions) -> Arc<dyn Store> {
        self.lane.open(options).await
    }

    async fn foreign_put(&self, task_id: &str, meta: &ResultMeta) -> bool {
        self.lane.foreign_put(task_id, meta).await
    }
}

celeriac_testkit::broker_conformance!(broker);
celeriac_testkit::store_conformance!(store);
