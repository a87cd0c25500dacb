//! What the ledger's items look like, and what they cost.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};
use celeriac_aws::{AwsConfig, DynamoStore};
use celeriac_core::{
    Claim, ClaimOutcome, Clock, Completion, CompletionKind, CompletionOutcome, Lease, LeaseOutcome,
    Ledger, StoreErrorKind, SystemClock,
};
use celeriac_protocol::{ResultCodec, ResultMeta, State, Value, task_key, task_key_plain};
use celeriac_testkit::emulator::{Ministack, unique_name};

use crate::lane::{put_as_python, raw_dynamodb};

const FOUR_DAYS: i64 = 4 * 24 * 3600;

/// A table on ministack, and its configuration.
pub(crate) async fn table() -> AwsConfig {
    table_at(Ministack::shared().await.url()).await
}

pub(crate) async fn table_at(url: &str) -> AwsConfig {
    let mut config = AwsConfig::emulator(url);
    config.dynamodb.table = unique_name("ledger");
    DynamoStore::new(&config)
        .declare()
        .await
        .expect("the table is created");
    config
}

pub(crate) fn claim(id: &str) -> Claim {
    Claim {
        task_id: id.to_owned(),
        identity: celeriac_core::TaskIdentity::named("tasks.add"),
        retries: 0,
        owner: "worker-1@host".to_owned(),
        nonce: uuid::Uuid::new_v4().to_string(),
        lease: Duration::from_mins(1),
        shown: ResultMeta::new(id, State::Pending, Value::Null),
        sent_by: None,
        isolate_at: None,
        to_run: true,
        takes_over: false,
        replaces: false,
        unanswered: Vec::new(),
        likely_known: false,
    }
}

pub(crate) fn success(id: &str, attempt: u64) -> Completion {
    let meta = ResultMeta::new(id, State::Success, Value::Null);
    Completion {
        task_id: id.to_owned(),
        attempt,
        nonce: uuid::Uuid::new_v4().to_string(),
        kind: CompletionKind::Final(meta),
    }
}

pub(crate) async fn raw_item(config: &AwsConfig, key: &str) -> HashMap<String, AttributeValue> {
    let get = raw_dynamodb(config)
        .get_item()
        .table_name(&config.dynamodb.table)
        .key("id", AttributeValue::S(key.to_owned()));
    get.consistent_read(true)
        .send()
        .await
        .expect("the item is read")
        .item
        .expect("it is there")
}

/// Python's reader wants these three, in these types, and TTL is on for all.
fn assert_pythonic(item: &HashMap<String, AttributeValue>, key: &str) -> ResultMeta {
    assert_eq!(item["id"].as_s().map(String::as_str), Ok(key));
    let number = |name: &str| {
        item[name]
            .as_n()
            .expect("a number")
            .parse::<f64>()
            .expect("digits")
    };
    let now = SystemClock.now().as_secs_f64();
    assert!((number("timestamp") - now).abs() < 60.0);
    let left = number("ttl") as i64 - now as i64;
    assert!(
        (FOUR_DAYS - 60..=FOUR_DAYS).contains(&left),
        "the item lives {left} s more"
    );
    let bytes = item["result"].as_b().expect("binary");
    ResultCodec::default()
        .decode(bytes.as_ref(), &celeriac_protocol::Limits::default())
        .expect("a result")
}

#[tokio::test]
async fn python_can_read_the_item_at_every_moment() {
    let config = table().await;
    let store = DynamoStore::new(&config);
    let key = "b'celery-task-meta-4f2e'";
    store
        .claim(vec![claim("4f2e")])
        .await
        .remove(0)
        .expect("claimed");
    assert_eq!(
        assert_pythonic(&raw_item(&config, key).await, key).status,
        State::Pending
    );

    let retry = CompletionKind::Retry {
        retries: 1,
        meta: ResultMeta::new("4f2e", State::Retry, Value::Null),
        due: None,
    };
    store
        .complete(vec![Completion {
            kind: retry,
            ..success("4f2e", 1)
        }])
        .await
        .remove(0)
        .expect("stored");
    assert_eq!(
        assert_pythonic(&raw_item(&config, key).await, key).status,
        State::Retry
    );

    let again = Claim {
        retries: 1,
        sent_by: None,
        isolate_at: None,
        to_run: true,
        takes_over: false,
        replaces: false,
        unanswered: Vec::new(),
        likely_known: true,
        ..claim("4f2e")
    };
    store.claim(vec![again]).await.remove(0).expect("claimed");
    assert_eq!(
        assert_pythonic(&raw_item(&config, key).await, key).status,
        State::Retry
    );

    store
        .renew(vec![Lease {
            task_id: "4f2e".to_owned(),
            attempt: 2,
            lease: Duration::from_secs(9),
        }])
        .await
        .remove(0)
        .expect("renewed");
    assert_pythonic(&raw_item(&config, key).await, key);

    store
        .complete(vec![success("4f2e", 2)])
        .await
        .remove(0)
        .expect("stored");
    assert_eq!(
        assert_pythonic(&raw_item(&config, key).await, key).status,
        State::Success
    );

    store
        .forget(&["4f2e".to_owned()])
        .await
        .remove(0)
        .expect("forgotten");
    assert_eq!(
        assert_pythonic(&raw_item(&config, key).await, key).status,
        State::Pending
    );
}

#[tokio::test]
async fn a_no_op_task_costs_two_write_units_and_less_than_a_tenth_of_a_request() {
    let mut config = table().await;
    config.dynamodb.report_capacity = true;
    let store = DynamoStore::new(&config);
    let ids: Vec<String> = (0..100).map(|_| uuid::Uuid::new_v4().to_string()).collect();
    for claimed in store.claim(ids.iter().map(|id| claim(id)).collect()).await {
        assert!(matches!(claimed, Ok(ClaimOutcome::Claimed(_))));
    }
    for completed in store
        .complete(ids.iter().map(|id| success(id, 1)).collect())
        .await
    {
        assert!(matches!(completed, Ok(CompletionOutcome::Stored)));
    }
    assert!(
        (store.requests().write_units() - 200.0).abs() < 0.01,
        "{} units",
        store.requests().write_units()
    );
    assert_eq!(
        store.requests().snapshot(),
        [("BatchExecuteStatement", 8)].into()
    );
    // DynamoDB rounds each write up to whole KiB of the larger of the item before and after
    let item = raw_item(&config, &task_key("", &ids[0])).await;
    let size: usize = item
        .iter()
        .map(|(name, value)| name.len() + value_length(value))
        .sum();
    assert!(size < 700, "the item has {size} bytes");
}

fn value_length(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.len(),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        other => panic!("an attribute of another type: {other:?}"),
    }
}

#[tokio::test]
async fn one_task_alone_costs_two_requests() {
    let store = DynamoStore::new(&table().await);
    store
        .claim(vec![claim("alone")])
        .await
        .remove(0)
        .expect("claimed");
    store
        .complete(vec![success("alone", 1)])
        .await
        .remove(0)
        .expect("stored");
    assert_eq!(store.requests().total(), 2);
}

#[tokio::test]
async fn a_python_write_under_our_run_is_survived() {
    let config = table().await;
    let store = DynamoStore::new(&config);
    store
        .claim(vec![claim("shared")])
        .await
        .remove(0)
        .expect("claimed");
    put_as_python(
        &config,
        "shared",
        &ResultMeta::new("shared", State::Started, Value::Null),
    )
    .await;

    let lease = Lease {
        task_id: "shared".to_owned(),
        attempt: 1,
        lease: Duration::from_mins(1),
    };
    assert_eq!(
        store.renew(vec![lease]).await.remove(0).expect("answered"),
        LeaseOutcome::Held
    );
    let other = Claim {
        sent_by: None,
        isolate_at: None,
        to_run: true,
        takes_over: false,
        replaces: false,
        unanswered: Vec::new(),
        likely_known: true,
        ..claim("shared")
    };
    assert!(
        matches!(
            store.claim(vec![other]).await.remove(0),
            Ok(ClaimOutcome::Leased { .. })
        ),
        "the claim was put back"
    );
    assert_eq!(
        store
            .complete(vec![success("shared", 1)])
            .await
            .remove(0)
            .expect("answered"),
        CompletionOutcome::Stored
    );

    put_as_python(
        &config,
        "shared",
        &ResultMeta::new("shared", State::Revoked, Value::Null),
    )
    .await;
    let lease = Lease {
        task_id: "shared".to_owned(),
        attempt: 1,
        lease: Duration::from_mins(1),
    };
    assert_eq!(
        store.renew(vec![lease]).await.remove(0).expect("answered"),
        LeaseOutcome::Lost
    );
    assert_eq!(
        store
            .complete(vec![success("shared", 1)])
            .await
            .remove(0)
            .expect("answered"),
        CompletionOutcome::AlreadyFinal
    );
}

#[tokio::test]
async fn a_result_under_a_repaired_celerys_key_is_found() {
    let config = table().await;
    let store = DynamoStore::new(&config);
    let meta = ResultMeta::new("plain", State::Success, Value::Int(3));
    let put = raw_dynamodb(&config)
        .put_item()
        .table_name(&config.dynamodb.table)
        .item("id", AttributeValue::S(task_key_plain("", "plain")))
        .item(
            "result",
            AttributeValue::B(Blob::new(
                ResultCodec::default().encode(&meta).expect("written"),
            )),
        )
        .item(
            "timestamp",
            AttributeValue::N("1795324892.4098997".to_owned()),
        );
    put.send().await.expect("the item is put");
    let record = store
        .get(&["plain".to_owned()])
        .await
        .remove(0)
        .expect("read")
        .expect("found");
    assert_eq!((record.meta.result, record.attempt), (Value::Int(3), 0));
    assert_eq!(record.written_at.0 / 1000, 1_795_324_892_409);
}

#[tokio::test]
async fn polling_an_unknown_id_costs_one_request_each_time() {
    let store = DynamoStore::new(&table().await);
    for _ in 0..10 {
        assert!(
            store
                .get(&["nobody".to_owned()])
                .await
                .remove(0)
                .expect("read")
                .is_none()
        );
    }
    let requests = store.requests().total();
    // at most one look a second under the other key
    assert!((10..=14).contains(&requests), "{requests} requests");
}

#[tokio::test]
async fn a_missing_table_is_named_in_every_answer() {
    let mut config = AwsConfig::emulator(Ministack::shared().await.url());
    config.dynamodb.table = unique_name("absent");
    let store = DynamoStore::new(&config);
    let ids = ["x".to_owned()];
    let refusals = [
        store.check().await.err(),
        store.describe().await.err(),
        store.claim(vec![claim("x")]).await.remove(0).err(),
        store.complete(vec![success("x", 1)]).await.remove(0).err(),
        store.get(&ids).await.remove(0).err(),
        store.forget(&ids).await.remove(0).err(),
    ];
    for refusal in refusals {
        let error = refusal.expect("there is no table");
        assert!(
            matches!(error.kind, StoreErrorKind::TableNotFound),
            "{error}"
        );
    }
}

/// Somebody else's table under the name of ours.
#[tokio::test]
async fn a_table_with_another_key_is_named_with_what_to_do() {
    let mut config = AwsConfig::emulator(Ministack::shared().await.url());
    config.dynamodb.table = unique_name("foreign");
    let key = KeySchemaElement::builder()
        .attribute_name("pk")
        .key_type(KeyType::Hash);
    let attribute = AttributeDefinition::builder()
        .attribute_name("pk")
        .attribute_type(ScalarAttributeType::S);
    raw_dynamodb(&config)
        .create_table()
        .table_name(&config.dynamodb.table)
        .key_schema(key.build().expect("a key"))
        .attribute_definitions(attribute.build().expect("an attribute"))
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await
        .expect("a table");

    let store = DynamoStore::new(&config);
    for refused in [store.declare().await, store.check().await] {
        let error = refused.expect_err("not a table of results").to_string();
        assert!(
            error.contains("the table's key is `pk` (S), and results need `id`"),
            "{error}"
        );
        assert!(error.contains(&config.dynamodb.table), "{error}");
    }
    assert!(
        !store.describe().await.expect("described").ttl,
        "it is left alone"
    );
}

#[tokio::test]
async fn a_declared_table_is_paid_per_request_and_forgets() {
    let store = DynamoStore::new(&table().await);
    let status = store.describe().await.expect("described");
    assert!(
        status.active && status.on_demand && status.ttl,
        "{status:?}"
    );
    store.check().await.expect("it is there");
}
