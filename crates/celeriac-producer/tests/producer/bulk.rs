//! Streams of calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use celeriac_core::{BrokerErrorKind, TaskSignature};
use futures_util::{StreamExt, stream};

use crate::memory_broker::MemoryBroker;
use crate::support::Parts;

#[tokio::test]
async fn a_million_calls_in_a_bounded_window() {
    // unoptimized, a million messages take two minutes to make; the window is as wide for fewer
    const CALLS: usize = if cfg!(debug_assertions) {
        50_000
    } else {
        1_000_000
    };
    let broker = Arc::new(MemoryBroker::counting(Duration::ZERO));
    let client = Parts::default().client(broker.clone());
    let made = Arc::new(AtomicUsize::new(0));
    let calls = stream::iter(0..CALLS).map(|n| {
        made.fetch_add(1, Ordering::SeqCst);
        TaskSignature::<usize>::new("t").arg(n)
    });
    let mut results = std::pin::pin!(client.send_all(calls));
    let (mut sent, mut widest) = (0, 0);
    while let Some(result) = results.next().await {
        result.unwrap();
        sent += 1;
        widest = widest.max(made.load(Ordering::SeqCst) - sent);
    }
    assert_eq!((sent, broker.count()), (CALLS, CALLS));
    assert!(widest <= 256, "{widest} calls were held at once");
}

#[tokio::test(start_paused = true)]
async fn full_batches_in_the_streams_order_one_failure_apart() {
    let refused = Some(BrokerErrorKind::Invalid("refused".to_owned()));
    let failures = (0..1000).map(|n| if n == 500 { refused.clone() } else { None });
    let broker = Arc::new(MemoryBroker {
        latency: Duration::from_millis(10),
        ..MemoryBroker::failing(failures)
    });
    let client = Parts::default().client(broker.clone());
    let calls = (0..2000).map(|n| {
        let mut call = TaskSignature::<()>::new("t");
        call.options.task_id = Some(n.to_string());
        call.options.queue = Some("orders.fifo".to_owned());
        call
    });
    let results: Vec<_> = client.send_all(stream::iter(calls)).collect().await;
    for (n, result) in results.iter().enumerate() {
        match result {
            Ok(result) => assert_eq!(result.id(), n.to_string()),
            Err(error) => assert_eq!(
                (n, error.to_string().as_str()),
                (500, "send on queue `orders.fifo`: refused")
            ),
        }
    }
    let order: Vec<usize> = broker
        .sent
        .lock()
        .unwrap()
        .iter()
        .map(|(_, message)| message.dedup_id.as_ref().unwrap().parse().unwrap())
        .collect();
    assert_eq!(order.len(), 1999);
    assert!(order.is_sorted(), "FIFO order is the stream's");
    assert!(
        broker.requests() <= 202,
        "{} requests for 2,000 messages",
        broker.requests()
    );
}
