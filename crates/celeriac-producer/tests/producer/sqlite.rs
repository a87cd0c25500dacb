//! There and back on SQLite: a client sends, a worker of three lines runs, the client reads.

use std::sync::Arc;
use std::time::{Duration, Instant};

use celeriac_core::{
    Broker, Claim, ClaimOutcome, Completion, CompletionKind, Ledger, StateUpdate, SystemClock,
    TaskSignature,
};
use celeriac_local::{Database, LocalBroker, LocalStore};
use celeriac_producer::{Client, ClientParts, join};
use celeriac_protocol::{Envelope, ExceptionInfo, Limits, ResultMeta, State, Value};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::support::Parts;

const LONG: Duration = Duration::from_secs(30);

struct App {
    broker: Arc<LocalBroker>,
    store: Arc<LocalStore>,
    client: Client,
}

fn app() -> App {
    let database = Database::memory().unwrap();
    let (broker, store) = (
        Arc::new(LocalBroker::new(database.clone())),
        Arc::new(LocalStore::new(database)),
    );
    let Parts {
        settings, registry, ..
    } = Parts::default();
    let client = Client::new(ClientParts {
        broker: broker.clone(),
        store: Some(store.clone()),
        chords: Some(store.clone()),
        router: settings.router().unwrap(),
        settings: Arc::new(settings),
        registry: Arc::new(registry),
        clock: Arc::new(SystemClock),
    });
    App {
        broker,
        store,
        client,
    }
}

impl App {
    /// Runs the tasks that wait: doubles numbers, fails at others.
    async fn work(&self) -> usize {
        let received = self
            .broker
            .receive("celery", 10, Duration::from_secs(1), LONG)
            .await
            .unwrap();
        let mut receipts = Vec::new();
        for delivery in &received {
            let envelope = Envelope::decode(&delivery.body, &Limits::default()).unwrap();
            self.run(&envelope).await;
            receipts.push(delivery.receipt.clone());
        }
        for ack in self.broker.ack("celery", receipts).await {
            ack.unwrap();
        }
        received.len()
    }

    async fn run(&self, envelope: &Envelope) {
        let id = &envelope.headers.id;
        let args = envelope.payload(&Limits::default()).unwrap().args;
        let meta = match args.first() {
            Some(Value::Int(n)) => ResultMeta::new(id, State::Success, Value::Int(n * 2)),
            other => {
                let exception =
                    ExceptionInfo::new("builtins", "TypeError", format!("{other:?} is no number"));
                let meta = ResultMeta::new(id, State::Failure, exception.to_value());
                ResultMeta {
                    traceback: Some("Traceback: here".to_owned()),
                    ..meta
                }
            }
        };
        let attempt = self.claim(id).await;
        let nonce = format!("{id}-done");
        let done = Completion {
            task_id: id.clone(),
            attempt,
            nonce,
            kind: CompletionKind::Final(meta),
        };
        self.store.complete(vec![done]).await.remove(0).unwrap();
    }

    async fn claim(&self, id: &str) -> u64 {
        let claim = Claim {
            task_id: id.to_owned(),
            identity: celeriac_core::TaskIdentity::named("tasks.add"),
            retries: 0,
            owner: "test".to_owned(),
            nonce: id.to_owned(),
            lease: LONG,
            shown: ResultMeta::new(id, State::Pending, Value::Null),
            sent_by: None,
            isolate_at: None,
            to_run: true,
            takes_over: false,
            replaces: false,
            unanswered: Vec::new(),
            likely_known: false,
        };
        match self.store.claim(vec![claim]).await.remove(0).unwrap() {
            ClaimOutcome::Claimed(claimed) => claimed.attempt,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_value_and_a_failure_come_back() {
    let app = app();
    let good = app
        .client
        .send(TaskSignature::<i64>::new("double").arg(21))
        .await
        .unwrap();
    let bad = app
        .client
        .send(TaskSignature::<i64>::new("double").arg("x"))
        .await
        .unwrap();
    assert_eq!(good.state().await.unwrap(), State::Pending);
    let mut done = 0;
    while done < 2 {
        done += app.work().await;
    }
    assert_eq!(good.get(LONG).await.unwrap(), 42);
    let error = bad.get(LONG).await.unwrap_err();
    assert!(error.is("builtins.TypeError"), "{error:?}");
    assert_eq!(error.traceback(), Some("Traceback: here"));
    good.forget().await.unwrap();
    assert_eq!(
        good.try_get().await.unwrap(),
        None,
        "a forgotten value is gone"
    );
}

#[tokio::test]
async fn progress_is_seen_and_waiting_sees_the_end_at_once() {
    let app = app();
    let result = app.client.result::<i64>("p");
    let attempt = app.claim("p").await;
    let meta = ResultMeta::new("p", State::Custom("PROGRESS".to_owned()), Value::Int(10));
    app.store
        .update_state(vec![StateUpdate {
            task_id: "p".to_owned(),
            attempt,
            meta,
        }])
        .await
        .remove(0)
        .unwrap();
    assert_eq!(result.progress::<u8>().await.unwrap(), Some(10));

    let wait = tokio::spawn({
        let result = result.clone();
        async move { (result.get(LONG).await.unwrap(), Instant::now()) }
    });
    tokio::time::sleep(Duration::from_millis(20)).await;
    let meta = ResultMeta::new("p", State::Success, Value::Int(1));
    let done = Completion {
        task_id: "p".to_owned(),
        attempt,
        nonce: "n".to_owned(),
        kind: CompletionKind::Final(meta),
    };
    app.store.complete(vec![done]).await.remove(0).unwrap();
    let stored = Instant::now();
    let (value, seen) = wait.await.unwrap();
    assert_eq!(value, 1);
    // about 20 ms; the rest is a busy machine
    assert!(
        seen.duration_since(stored) < Duration::from_millis(500),
        "{:?}",
        seen.duration_since(stored)
    );
}

#[tokio::test]
async fn a_stream_goes_and_comes_in_order() {
    let app = app();
    let calls = stream::iter(0..200).map(|n| TaskSignature::<i64>::new("double").arg(n));
    let results: Vec<_> = app.client.send_all(calls).try_collect().await.unwrap();
    let work = async {
        let mut done = 0;
        while done < 200 {
            done += app.work().await;
        }
    };
    let (values, ()) = tokio::join!(join(results, LONG), work);
    assert_eq!(values.unwrap(), (0..200).map(|n| n * 2).collect::<Vec<_>>());
}
