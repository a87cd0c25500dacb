//! One no-op task from message body to stored bytes, without a broker or a table: decode, dispatch,
//! run, encode.
//!
//! `cargo bench -p celeriac-worker`

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use celeriac_core::{
    Broker, BrokerError, BrokerErrorKind, Capabilities, Claim, ClaimOutcome, Claimed, Completion,
    CompletionKind, CompletionOutcome, DeadLetter, Delivery, Lease, LeaseOutcome, Ledger, Outgoing,
    Params, QueueStats, Receipt, Record, Registry, SetVisibility, Settings, StateMap, StateUpdate,
    StoreError, SystemClock, TaskDefinition, TaskKind, TaskOptions,
};
use celeriac_producer::{Client, ClientParts};
use celeriac_protocol::{
    Envelope, Headers, Payload, Properties, ResultCodec, Serializer, Value, WireForm,
};
use celeriac_worker::{Executor, ExecutorParts, Outcome, Shutdown};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// A broker that is never asked.
struct NoBroker;

fn never<T>() -> Result<T, BrokerError> {
    Err(BrokerError::new(
        "bench",
        "bench",
        BrokerErrorKind::Other("no broker here".to_owned()),
    ))
}

#[async_trait]
impl Broker for NoBroker {
    fn capabilities(&self, queue: &str) -> Capabilities {
        Capabilities::sqs(queue)
    }
    async fn send(&self, _: &str, batch: Vec<Outgoing>) -> Vec<Result<String, BrokerError>> {
        batch.iter().map(|_| never()).collect()
    }
    async fn receive(
        &self,
        _: &str,
        _: usize,
        _: Duration,
        _: Duration,
    ) -> Result<Vec<Delivery>, BrokerError> {
        never()
    }
    async fn ack(&self, _: &str, receipts: Vec<Receipt>) -> Vec<Result<(), BrokerError>> {
        receipts.iter().map(|_| never()).collect()
    }
    async fn set_visibility(
        &self,
        _: &str,
        batch: Vec<SetVisibility>,
    ) -> Vec<Result<(), BrokerError>> {
        batch.iter().map(|_| never()).collect()
    }
    async fn dead_letter(&self, _: &str, batch: Vec<DeadLetter>) -> Vec<Result<(), BrokerError>> {
        batch.iter().map(|_| never()).collect()
    }
    async fn stats(&self, _: &str) -> Result<QueueStats, BrokerError> {
        never()
    }
}

/// A store that encodes what it is given, and grants every claim.
#[derive(Default)]
struct EncodingStore(ResultCodec);

#[async_trait]
impl Ledger for EncodingStore {
    async fn declare(&self) -> Result<(), StoreError> {
        Ok(())
    }
    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
    async fn claim(&self, batch: Vec<Claim>) -> Vec<Result<ClaimOutcome, StoreError>> {
        let granted = |claim: Claim| {
            black_box(self.0.encode(&claim.shown).ok());
            Ok(ClaimOutcome::Claimed(Claimed {
                attempt: 1,
                runs: 1,
            }))
        };
        batch.into_iter().map(granted).collect()
    }
    async fn renew(&self, batch: Vec<Lease>) -> Vec<Result<LeaseOutcome, StoreError>> {
        batch.iter().map(|_| Ok(LeaseOutcome::Held)).collect()
    }
    async fn update_state(&self, batch: Vec<StateUpdate>) -> Vec<Result<LeaseOutcome, StoreError>> {
        batch.iter().map(|_| Ok(LeaseOutcome::Held)).collect()
    }
    async fn complete(&self, batch: Vec<Completion>) -> Vec<Result<CompletionOutcome, StoreError>> {
        let stored = |completion: Completion| {
            if let CompletionKind::Final(meta) = &completion.kind {
                black_box(self.0.encode(meta).ok());
            }
            Ok(CompletionOutcome::Stored)
        };
        batch.into_iter().map(stored).collect()
    }
    async fn get(&self, task_ids: &[String]) -> Vec<Result<Option<Record>, StoreError>> {
        task_ids.iter().map(|_| Ok(None)).collect()
    }
    async fn forget(&self, task_ids: &[String]) -> Vec<Result<(), StoreError>> {
        task_ids.iter().map(|_| Ok(())).collect()
    }
}

fn executor(store: Option<Arc<dyn Ledger>>) -> Executor {
    static NONE: Params = Params {
        function: "noop",
        list: &[],
    };
    let kind = TaskKind::Async(Arc::new(|_, _| Box::pin(async { Ok(Value::Null) })));
    let mut registry = Registry::default();
    registry
        .add(TaskDefinition {
            name: "tasks.noop".to_owned(),
            params: &NONE,
            options: TaskOptions::default(),
            kind,
        })
        .expect("a new name");
    let (registry, settings, broker) = (
        Arc::new(registry),
        Arc::new(Settings::default()),
        Arc::new(NoBroker) as Arc<dyn Broker>,
    );
    let router = settings.router().expect("routes");
    let clock = Arc::new(SystemClock);
    let client = Client::new(ClientParts {
        broker: Arc::clone(&broker),
        store: store.clone(),
        router: router.clone(),
        settings: Arc::clone(&settings),
        registry: Arc::clone(&registry),
        clock: clock.clone(),
    });
    let state = Arc::new(StateMap::default());
    Executor::new(ExecutorParts {
        registry,
        broker,
        store,
        client,
        router,
        state,
        settings,
        clock,
        node_name: "celeriac@bench".to_owned(),
    })
}

/// As Celery sends it.
fn body() -> String {
    let headers = Headers {
        task: "tasks.noop".to_owned(),
        id: "6da28e72-4e5f-40c4-856a-cd0aeab5f122".to_owned(),
        ..Headers::default()
    };
    let envelope = Envelope::new(
        headers,
        Properties::default(),
        &Payload::default(),
        Serializer::Json,
        None,
    )
    .expect("an envelope");
    envelope.encode(WireForm::Celery)
}

fn delivery(body: String) -> Delivery {
    Delivery {
        queue: "celery".to_owned(),
        receipt: Receipt("receipt".to_owned()),
        message_id: "message".to_owned(),
        body,
        receive_count: 1,
        sent_at: None,
        group_id: None,
        dedup_id: None,
        attributes: BTreeMap::new(),
    }
}

/// 2,000 deliveries at a time: claims and completions travel as they do at backlog, and the 20 ms
/// that the last completions wait for company do not count much.
fn dispatch(criterion: &mut Criterion) {
    const TASKS: usize = 2_000;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let mut group = criterion.benchmark_group("dispatch of 2,000 no-op tasks");
    group.sample_size(20);
    group.throughput(Throughput::Elements(TASKS as u64));
    let body = body();
    for (name, store) in [
        ("without a result", None),
        (
            "with the ledger",
            Some(Arc::new(EncodingStore::default()) as Arc<dyn Ledger>),
        ),
    ] {
        let executor = runtime.block_on(async { executor(store) });
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                runtime.block_on(async {
                    let shutdown = Shutdown::new();
                    let runs =
                        (0..TASKS).map(|_| executor.execute(delivery(body.clone()), &shutdown));
                    for outcome in futures_util::future::join_all(runs).await {
                        assert!(matches!(outcome, Outcome::Ack));
                    }
                });
            });
        });
    }
    group.finish();
}

criterion_group!(benches, dispatch);
criterion_main!(benches);
