//! What a task of 1 KB costs the worker itself, without a broker or a table: decode, dispatch,
//! encode.
//!
//! `cargo bench -p celeriac-worker`

#![expect(clippy::print_stdout, reason = "the benchmark prints its figures")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use celeriac_core::{
    Broker, BrokerError, BrokerErrorKind, Capabilities, Claim, ClaimOutcome, Claimed, Completion,
    CompletionKind, CompletionOutcome, DeadLetter, Delivery, Lease, LeaseOutcome, Ledger, Outgoing,
    Param, Params, QueueStats, Receipt, Record, Registry, SendOptions, SetVisibility, Settings,
    StateMap, StateUpdate, StoreError, SystemClock, TaskDefinition, TaskKind, TaskOptions,
};
use celeriac_producer::{Client, ClientParts};
use celeriac_protocol::{ResultCodec, ResultMeta, Signature, State, Value, WireForm};
use celeriac_worker::{Answer, Executor, ExecutorParts, Outcome, Shutdown};
use futures_util::future::join_all;
use rustix::time::{ClockId, clock_gettime};

/// What decode, dispatch and encode of one task may take together, in microseconds of CPU.
const GOAL: f64 = 5.0;
/// Bytes of the message, before the base64 that SQS carries it in.
const MESSAGE: usize = 1024;
/// Tasks at once where they are claimed and stored: a request is for many.
const AT_ONCE: usize = 100;
/// Tasks in a round.
const TASKS: usize = 2_000;
const ROUNDS: usize = 31;

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
    static TEXT: Params = Params {
        function: "noop",
        list: &[Param {
            name: "text",
            required: true,
        }],
        ..Params::NONE
    };
    let kind = TaskKind::Async(Arc::new(|_, _| Box::pin(async { Ok(Value::Null) })));
    let mut registry = Registry::default();
    registry
        .add(TaskDefinition {
            states: &[],
            name: "tasks.noop".to_owned(),
            params: &TEXT,
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
        chords: None,
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
        chords: None,
        client,
        router,
        state,
        settings,
        clock,
        node_name: "celeriac@bench".to_owned(),
    })
}

/// A message as a client sends it, of 1 KB by its argument.
fn message(executor: &Executor) -> String {
    let mut text = String::new();
    loop {
        let signature = Signature {
            args: vec![Value::Str(text.clone())],
            ..Signature::new("tasks.noop")
        };
        let client = &executor.parts().client;
        let message = client.message(signature, SendOptions::default());
        let envelope = message.expect("a message").envelope;
        if envelope.encode(WireForm::Bare).len() >= MESSAGE {
            return envelope.encode(WireForm::Celery);
        }
        text.push('x');
    }
}

fn delivery(body: &str) -> Delivery {
    Delivery {
        queue: "celery".to_owned(),
        receipt: Receipt("receipt".to_owned()),
        message_id: "message".to_owned(),
        body: body.to_owned(),
        receive_count: 1,
        sent_at: None,
        group_id: None,
        dedup_id: None,
        attributes: BTreeMap::new(),
    }
}

/// Without a ledger, as a function that answers its caller does it.
async fn answered(executor: &Executor, body: &str, shutdown: &Shutdown) {
    let (executed, answer) = executor.answer(delivery(body), shutdown).await;
    assert!(matches!(executed.outcome, Outcome::Ack));
    let Some(Answer::Returned(value)) = answer else {
        panic!("the task returns")
    };
    let meta = ResultMeta {
        date_done: Some(executor.parts().clock.now().to_iso()),
        ..ResultMeta::new(
            "6da28e72-4e5f-40c4-856a-cd0aeab5f122",
            State::Success,
            value,
        )
    };
    black_box(ResultCodec::default().encode(&meta).expect("bytes"));
}

/// Claimed first, and its end stored.
async fn recorded(executor: &Executor, body: &str, shutdown: &Shutdown) {
    let outcome = executor.execute(delivery(body), shutdown).await;
    assert!(matches!(outcome, Outcome::Ack));
}

/// Of this thread, which does all of the work; waiting, and what else the machine does, are not in
/// it.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).expect("less than a second"),
    )
}

/// The median of the rounds, in microseconds a task.
fn measured(rounds: usize, mut round: impl FnMut()) -> f64 {
    let mut figures: Vec<f64> = (0..rounds)
        .map(|_| {
            let before = cpu();
            round();
            cpu().saturating_sub(before).as_secs_f64() * 1e6 / TASKS as f64
        })
        .collect();
    figures.sort_by(f64::total_cmp);
    figures[rounds / 2]
}

fn main() {
    // as a test of all targets it only has to run
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let rounds = if is_bench { ROUNDS } else { 1 };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let shutdown = Shutdown::new();

    let plain = runtime.block_on(async { executor(None) });
    let body = message(&plain);
    let without = measured(rounds, || {
        runtime.block_on(async {
            for _ in 0..TASKS {
                answered(&plain, &body, &shutdown).await;
            }
        });
    });
    println!("decode, dispatch, encode: {without:6.2} µs of CPU a task, of {GOAL} at most");

    let store = Arc::new(EncodingStore::default());
    let ledger = runtime.block_on(async { executor(Some(store)) });
    let with = measured(rounds, || {
        for _ in 0..TASKS / AT_ONCE {
            let tasks = (0..AT_ONCE).map(|_| recorded(&ledger, &body, &shutdown));
            runtime.block_on(join_all(tasks));
        }
    });
    println!("claimed and stored too:   {with:6.2} µs of CPU a task");
}
