//! What a document's item looks like, what it costs, and what faults do to it.

use aws_sdk_dynamodb::types::AttributeValue;
use celeriac_aws::{AwsConfig, DynamoStore};
use celeriac_core::StoreErrorKind;
use celeriac_core::documents::{
    Advance, Document, Documents, Expect, Key, Put, PutOutcome, Remove,
};
use celeriac_testkit::emulator::{Ministack, unique_name};
use celeriac_testkit::fault_proxy::{Fault, FaultProxy, Rule};

use crate::lane::raw_dynamodb;
use crate::ledger::{raw_item, table, table_at};

const WRITE: &[&str] = &["BatchExecuteStatement"];

fn key() -> Key {
    Key::new("beat")
}

fn put(expect: Expect, body: &str) -> Put {
    Put::new(key(), expect, body)
}

async fn written(store: &DynamoStore, put: Put) -> u64 {
    let outcome = store.put(vec![put]).await.remove(0);
    match outcome.expect("the put is answered") {
        PutOutcome::Done { version } => version,
        refused @ PutOutcome::Refused(_) => panic!("the put is done, got {refused:?}"),
    }
}

async fn loaded(store: &DynamoStore) -> Option<Document> {
    let found = store.get(&[key()]).await.remove(0);
    found.expect("the document is read")
}

async fn proxied() -> (FaultProxy, DynamoStore) {
    let proxy = FaultProxy::start(Ministack::shared().await.url(), Vec::new()).await;
    let store = DynamoStore::new(&table_at(&proxy.url()).await);
    (proxy, store)
}

#[tokio::test]
async fn a_document_is_an_item_that_a_reader_of_results_understands() {
    let mut config = table().await;
    config.dynamodb.key_prefix = "shop".to_owned();
    let store = DynamoStore::new(&config);
    let mut expect = Expect::Absent;
    for _ in 0..2 {
        let version = written(&store, put(expect, "{\"n\": 1}")).await;
        let item = raw_item(&config, "b'shop_celeriac-document-beat'").await;
        let mut names: Vec<&str> = item.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "c_at",
                "c_body",
                "c_holder",
                "c_nonce",
                "c_version",
                "id",
                "result",
                "timestamp",
                "ttl"
            ]
        );
        assert_eq!(
            item["c_body"].as_b().expect("binary").as_ref(),
            b"{\"n\": 1}"
        );
        assert_eq!(
            item["c_version"].as_n().expect("a number"),
            &version.to_string()
        );
        assert_eq!(
            item["ttl"].as_n().expect("a number"),
            "253402300799",
            "it never ends"
        );
        let result = item["result"].as_b().expect("binary").as_ref();
        let limits = celeriac_protocol::Limits::default();
        let meta = config.dynamodb.codec.decode(result, &limits);
        assert_eq!(
            meta.expect("a result").status,
            celeriac_protocol::State::Pending
        );
        item["timestamp"].as_n().expect("a number");
        expect = Expect::Version(version);
    }
}

/// As the release before wrote it: a beat that is updated goes on from its state.
#[tokio::test]
async fn a_document_of_the_release_before_is_read_and_written_over() {
    let config = table().await;
    let store = DynamoStore::new(&config);
    let sdk = raw_dynamodb(&config);
    let (text, number) = (AttributeValue::S, AttributeValue::N);
    let item = sdk
        .put_item()
        .table_name(&config.dynamodb.table)
        .item("id", text("b'celeriac-document-beat'".to_owned()))
        .item("c_version", number("7".to_owned()))
        .item("c_nonce", text("n".to_owned()))
        .item("c_body", text("{\"größe\": 1}".to_owned()));
    item.send().await.expect("it is put");
    let stands = loaded(&store).await.expect("it is there");
    assert_eq!(stands.version, 7);
    assert_eq!(stands.body, "{\"größe\": 1}".as_bytes());
    assert_eq!(stands.expires_at, None);
    written(&store, put(Expect::Version(7), "[]")).await;
    assert_eq!(loaded(&store).await.expect("it is there").body, b"[]");
}

#[tokio::test]
async fn a_change_and_a_look_cost_one_request_each() {
    let store = DynamoStore::new(&table().await);
    let held = Put {
        holder: Some("me".to_owned()),
        ..put(Expect::Absent, "{}")
    };
    let version = written(&store, held).await;
    written(&store, put(Expect::Version(version), "{}")).await;
    let refused = store
        .put(vec![put(Expect::Version(version), "{}")])
        .await
        .remove(0);
    let Ok(PutOutcome::Refused(Some(stands))) = refused else {
        panic!("{refused:?}");
    };
    let removal = Remove::new(key(), Expect::Version(stands.version));
    store
        .remove(vec![removal])
        .await
        .remove(0)
        .expect("it is removed");
    let writes = [("BatchExecuteStatement", 4)];
    assert_eq!(
        store.requests().snapshot(),
        writes.into(),
        "a refusal shows what stands"
    );
    loaded(&store).await;
    assert_eq!(store.requests().snapshot()["BatchGetItem"], 1);
}

#[tokio::test]
async fn an_advance_costs_a_look_and_a_write() {
    let store = DynamoStore::new(&table().await);
    written(&store, put(Expect::Absent, "{}")).await;
    store
        .advance(vec![Advance::new(key(), 1)])
        .await
        .remove(0)
        .expect("it is advanced");
    assert_eq!(
        store.requests().snapshot(),
        [("BatchExecuteStatement", 2), ("BatchGetItem", 1)].into()
    );
}

/// The directory is written with the first, and not with the second.
#[tokio::test]
async fn a_listed_document_costs_a_directory_once() {
    let store = DynamoStore::new(&table().await);
    let listed = |expect| Put::new(Key::listed("workers", "host-1"), expect, "{}");
    let version = written(&store, listed(Expect::Absent)).await;
    let first = store.requests().snapshot();
    assert_eq!(
        first,
        [("BatchExecuteStatement", 2), ("BatchGetItem", 1)].into()
    );
    written(&store, listed(Expect::Version(version))).await;
    assert_eq!(store.requests().snapshot()["BatchExecuteStatement"], 3);
    store.list("workers", None, 10).await.expect("it is listed");
    assert_eq!(
        store.requests().snapshot()["BatchGetItem"],
        3,
        "the directories, then the documents"
    );
}

#[tokio::test]
async fn a_put_whose_answer_was_lost_is_done() {
    let (proxy, store) = proxied().await;
    let mut expect = Expect::Absent;
    for _ in 0..3 {
        proxy.reset_requests();
        proxy.set_rules(vec![Rule::every(1, Fault::DropResponse).of(WRITE).times(1)]);
        let version = written(&store, put(expect, "{}")).await;
        assert_eq!(
            proxy.requests_of(WRITE),
            2,
            "it was written, and tried again"
        );
        let stands = loaded(&store).await.expect("it was put");
        assert_eq!(stands.version, version, "it was written once");
        expect = Expect::Version(version);
    }
}

#[tokio::test]
async fn throttles_inside_a_200_are_waited_out_and_reported_in_the_end() {
    let (proxy, store) = proxied().await;
    let throttle = || {
        let code = "ThrottlingError".to_owned();
        Rule::every(1, Fault::WithholdStatement { code })
    };
    proxy.set_rules(vec![throttle().times(3)]);
    let version = written(&store, put(Expect::Absent, "{}")).await;

    proxy.set_rules(vec![throttle()]);
    let again = put(Expect::Version(version), "[]");
    let refused = store.put(vec![again.clone()]).await.remove(0);
    let error = refused.expect_err("throttled for good");
    assert!(
        matches!(error.kind, StoreErrorKind::Unavailable(_)) && error.is_retryable(),
        "{error}"
    );
    proxy.set_rules(Vec::new());
    written(&store, again).await;
}

#[tokio::test]
async fn a_document_over_the_limit_makes_no_request() {
    let (proxy, store) = proxied().await;
    proxy.reset_requests();
    let large = put(Expect::Absent, &"x".repeat(409_600));
    let error = store
        .put(vec![large])
        .await
        .remove(0)
        .expect_err("no item holds it");
    assert!(
        matches!(error.kind, StoreErrorKind::TooLarge { .. }),
        "{error}"
    );
    assert_eq!(proxy.requests_of(WRITE), 0);
}

#[tokio::test]
async fn a_missing_table_is_named() {
    let mut config = AwsConfig::emulator(Ministack::shared().await.url());
    config.dynamodb.table = unique_name("absent");
    let store = DynamoStore::new(&config);
    let refusals = [
        store.get(&[key()]).await.remove(0).err(),
        store
            .put(vec![put(Expect::Absent, "{}")])
            .await
            .remove(0)
            .err(),
        store
            .put(vec![put(Expect::Version(1), "{}")])
            .await
            .remove(0)
            .err(),
        store
            .advance(vec![Advance::new(key(), 1)])
            .await
            .remove(0)
            .err(),
    ];
    for refusal in refusals {
        let error = refusal.expect("there is no table");
        assert!(
            matches!(error.kind, StoreErrorKind::TableNotFound),
            "{error}"
        );
        assert_eq!(error.subject, "beat");
    }
}
