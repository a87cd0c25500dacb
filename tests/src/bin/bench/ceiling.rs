use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use celeriac::Connection;
use celeriac_core::{
    Claim, ClaimOutcome, Completion, CompletionKind, Delivery, Ledger, TaskIdentity,
};
use celeriac_protocol::{ResultMeta, State, Value};

/// Loops side by side, enough to keep the emulator busy.
const LOOPS: usize = 2;

/// Receives side by side in a loop, so that claims and completions fill DynamoDB's batches of 25.
const RECEIVES: usize = 5;

/// Tasks per second of the least that any ledgered worker must ask of SQS and DynamoDB (receive and
/// delete by ten, claim and complete by 25) with no worker between: what the emulators and this
/// machine can give at all.
pub(crate) async fn of_emulators(
    connection: &Connection,
    queue: &str,
    tasks: usize,
) -> Result<f64> {
    let done = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let loops = (0..LOOPS).map(|_| pump(connection, queue, tasks, Arc::clone(&done)));
    futures_util::future::try_join_all(loops).await?;
    Ok(tasks as f64 / started.elapsed().as_secs_f64())
}

async fn pump(
    connection: &Connection,
    queue: &str,
    tasks: usize,
    done: Arc<AtomicUsize>,
) -> Result<()> {
    let Some(store) = connection.ledger() else {
        anyhow::bail!("the benchmark needs results")
    };
    let broker = connection.broker();
    while done.load(Ordering::Relaxed) < tasks {
        let receives = (0..RECEIVES)
            .map(|_| broker.receive(queue, 10, Duration::ZERO, Duration::from_mins(1)));
        let batch: Vec<Delivery> = futures_util::future::try_join_all(receives)
            .await?
            .into_iter()
            .flatten()
            .collect();
        if batch.is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        }
        let ids: Vec<String> = batch.iter().map(task_id).collect::<Result<_>>()?;
        finish(store.as_ref(), &ids).await?;
        for deleted in broker
            .ack(
                queue,
                batch
                    .iter()
                    .map(|delivery| delivery.receipt.clone())
                    .collect(),
            )
            .await
        {
            deleted?;
        }
        done.fetch_add(batch.len(), Ordering::Relaxed);
    }
    Ok(())
}

async fn finish(store: &dyn Ledger, ids: &[String]) -> Result<()> {
    let claims = ids.iter().map(|id| Claim {
        task_id: id.clone(),
        identity: TaskIdentity::named("bench.ceiling"),
        retries: 0,
        owner: "ceiling".to_owned(),
        nonce: id.clone(),
        lease: Duration::from_mins(1),
        shown: ResultMeta::new(id, State::Pending, Value::Null),
        sent_by: None,
        isolate_at: None,
        to_run: true,
        takes_over: false,
        replaces: false,
        unanswered: Vec::new(),
        likely_known: false,
    });
    let claimed = store.claim(claims.collect()).await;
    let mut completions = Vec::new();
    for (id, outcome) in ids.iter().zip(claimed) {
        if let ClaimOutcome::Claimed(claimed) = outcome? {
            completions.push(Completion {
                task_id: id.clone(),
                attempt: claimed.attempt,
                nonce: format!("{id}-done"),
                kind: CompletionKind::Final(ResultMeta::new(id, State::Success, Value::Int(1))),
            });
        }
    }
    for outcome in store.complete(completions).await {
        outcome?;
    }
    Ok(())
}

fn task_id(delivery: &Delivery) -> Result<String> {
    let envelope =
        celeriac_protocol::Envelope::decode(&delivery.body, &celeriac_protocol::Limits::default())?;
    Ok(envelope.headers.id)
}
