//! What a document's item looks like, what it costs, and what faults do to it.

use celeriac_aws::{AwsConfig, DynamoStore};
use celeriac_core::{Document, DocumentSave, ResultStore, SaveOutcome, StoreErrorKind};
use celeriac_testkit::emulator::{Ministack, unique_name};
use celeriac_testkit::fault_proxy::{Fault, FaultProxy, Rule};

use crate::ledger::{raw_item, table, table_at};

const WRITE: &[&str] = &["BatchExecuteStatement"];

fn save(version: u64, body: &str, nonce: &str) -> DocumentSave {
    DocumentSave {
        key: "beat".to_owned(),
        version,
        body: body.to_owned(),
        nonce: nonce.to_owned(),
    }
}

async fn saved(store: &DynamoStore, save: DocumentSave) -> SaveOutcome {
    let saved = store.save_document(save).await;
    saved.expect("the save is answered")
}

async fn loaded(store: &DynamoStore) -> Option<Document> {
    let loaded = store.load_document("beat").await;
    loaded.expect("the document is loaded")
}

async fn proxied() -> (FaultProxy, DynamoStore) {
    let proxy = FaultProxy::start(Ministack::shared().await.url(), Vec::new()).await;
    let store = DynamoStore::new(&table_at(&proxy.url()).await);
    (proxy, store)
}

#[tokio::test]
async fn a_document_is_an_item_that_a_reader_of_results_understands_and_that_never_ends() {
    let mut config = table().await;
    config.dynamodb.key_prefix = "shop".to_owned();
    let store = DynamoStore::new(&config);
    let key = "b'shop_celeriac-document-beat'";
    for version in 0..2 {
        saved(&store, save(version, "{\"n\": 1}", "nonce")).await;
        let item = raw_item(&config, key).await;
        let mut names: Vec<&str> = item.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "c_body",
                "c_nonce",
                "c_version",
                "id",
                "result",
                "timestamp"
            ]
        );
        assert_eq!(item["c_body"].as_s().expect("text"), "{\"n\": 1}");
        assert_eq!(
            item["c_version"].as_n().expect("a number"),
            &(version + 1).to_string()
        );
        let result = item["result"].as_b().expect("binary").as_ref();
        let meta = config
            .dynamodb
            .codec
            .decode(result, &celeriac_protocol::Limits::default());
        assert_eq!(
            meta.expect("a result").status,
            celeriac_protocol::State::Pending
        );
        item["timestamp"].as_n().expect("a number");
    }
}

#[tokio::test]
async fn a_save_and_a_load_cost_one_request_each() {
    let store = DynamoStore::new(&table().await);
    saved(&store, save(0, "{}", "a")).await;
    saved(&store, save(1, "{}", "b")).await;
    loaded(&store).await;
    assert_eq!(
        store.requests().snapshot(),
        [("BatchExecuteStatement", 2), ("BatchGetItem", 1)].into()
    );
}

#[tokio::test]
async fn a_save_whose_answer_was_lost_is_saved() {
    let (proxy, store) = proxied().await;
    for version in 0..3 {
        proxy.reset_requests();
        proxy.set_rules(vec![Rule::every(1, Fault::DropResponse).of(WRITE).times(1)]);
        let outcome = saved(&store, save(version, "{}", &version.to_string())).await;
        assert_eq!(
            outcome,
            SaveOutcome::Saved {
                version: version + 1
            }
        );
        assert_eq!(
            proxy.requests_of(WRITE),
            2,
            "it was written, and tried again"
        );
    }
    let stands = loaded(&store).await.expect("it was saved");
    assert_eq!(stands.version, 3, "each was written once");
}

#[tokio::test]
async fn throttles_inside_a_200_are_waited_out_and_reported_in_the_end() {
    let (proxy, store) = proxied().await;
    let throttle = || {
        let code = "ThrottlingError".to_owned();
        Rule::every(1, Fault::WithholdStatement { code })
    };
    proxy.set_rules(vec![throttle().times(3)]);
    assert_eq!(
        saved(&store, save(0, "{}", "a")).await,
        SaveOutcome::Saved { version: 1 }
    );

    proxy.set_rules(vec![throttle()]);
    let refused = store.save_document(save(1, "[]", "b")).await;
    let error = refused.expect_err("throttled for good");
    assert!(
        matches!(error.kind, StoreErrorKind::Unavailable(_)) && error.is_retryable(),
        "{error}"
    );
    proxy.set_rules(Vec::new());
    assert_eq!(
        saved(&store, save(1, "[]", "b")).await,
        SaveOutcome::Saved { version: 2 }
    );
}

#[tokio::test]
async fn a_document_over_the_limit_makes_no_request() {
    let (proxy, store) = proxied().await;
    proxy.reset_requests();
    let refused = store
        .save_document(save(0, &"x".repeat(409_600), "a"))
        .await;
    let error = refused.expect_err("no item holds it");
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
        store.load_document("beat").await.err(),
        store.save_document(save(0, "{}", "a")).await.err(),
        store.save_document(save(1, "{}", "a")).await.err(),
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
