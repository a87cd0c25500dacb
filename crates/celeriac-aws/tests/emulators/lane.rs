use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use celeriac_aws::{AwsConfig, DynamoStore, SqsBroker};
use celeriac_core::{Clock, Ledger as _, SystemClock};
use celeriac_protocol::{ResultCodec, ResultMeta, task_key};
use celeriac_testkit::conformance::{
    BrokerFixture, Queues, Quirk, Store, StoreFixture, StoreOptions,
};
use celeriac_testkit::emulator::unique_name;

/// SQS of one emulator.
pub(crate) struct BrokerLane {
    name: &'static str,
    config: AwsConfig,
    quirks: &'static [Quirk],
}

impl BrokerLane {
    pub(crate) fn new(name: &'static str, url: &str, quirks: &'static [Quirk]) -> Self {
        Self {
            name,
            config: AwsConfig::emulator(url),
            quirks,
        }
    }
}

#[async_trait]
impl BrokerFixture for BrokerLane {
    fn lane(&self) -> &str {
        self.name
    }

    async fn open(&self) -> Arc<dyn Queues> {
        Arc::new(SqsBroker::new(&self.config))
    }

    fn quirks(&self) -> &[Quirk] {
        self.quirks
    }
}

/// DynamoDB of one emulator, with a table of its own.
pub(crate) struct StoreLane {
    name: &'static str,
    config: AwsConfig,
    quirks: &'static [Quirk],
}

impl StoreLane {
    pub(crate) async fn new(name: &'static str, url: &str, quirks: &'static [Quirk]) -> Self {
        let mut config = AwsConfig::emulator(url);
        config.dynamodb.table = unique_name("ledger");
        DynamoStore::new(&config)
            .declare()
            .await
            .expect("the table is created");
        Self {
            name,
            config,
            quirks,
        }
    }
}

#[async_trait]
impl StoreFixture for StoreLane {
    fn lane(&self) -> &str {
        self.name
    }

    async fn open(&self, options: &StoreOptions) -> Arc<dyn Store> {
        let mut config = self.config.clone();
        config.dynamodb.key_prefix.clone_from(&options.prefix);
        config.dynamodb.ttl = options.ttl.or(config.dynamodb.ttl);
        Arc::new(DynamoStore::new(&config))
    }

    async fn foreign_put(&self, task_id: &str, meta: &ResultMeta) -> bool {
        put_as_python(&self.config, task_id, meta).await;
        true
    }

    fn quirks(&self) -> &[Quirk] {
        self.quirks
    }
}

/// A DynamoDB client of the test's own.
pub(crate) fn raw_dynamodb(config: &AwsConfig) -> aws_sdk_dynamodb::Client {
    let endpoint = &config.dynamodb.endpoint;
    let credentials =
        aws_sdk_dynamodb::config::Credentials::new("test", "test", None, None, "test");
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::v2026_01_12())
        .region(aws_sdk_dynamodb::config::Region::new("us-east-1"))
        .endpoint_url(endpoint.url.clone().expect("an emulator's"))
        .credentials_provider(credentials);
    aws_sdk_dynamodb::Client::from_conf(config.build())
}

/// Python's `PutItem` (SPEC 2.2): it replaces the whole item.
pub(crate) async fn put_as_python(config: &AwsConfig, task_id: &str, meta: &ResultMeta) {
    let result = ResultCodec::default()
        .encode(meta)
        .expect("the meta is written");
    let put = raw_dynamodb(config)
        .put_item()
        .table_name(&config.dynamodb.table)
        .item(
            "id",
            AttributeValue::S(task_key(&config.dynamodb.key_prefix, task_id)),
        )
        .item("result", AttributeValue::B(Blob::new(result)))
        .item(
            "timestamp",
            AttributeValue::N(format!("{}", SystemClock.now().as_secs_f64())),
        );
    put.send().await.expect("the item is put");
}
