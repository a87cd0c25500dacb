use std::time::Duration;

use crate::conformance::{BrokerBench, BrokerFixture, StoreBench, StoreFixture};

/// Longer than any case takes on the slowest emulator under load.
const TIME_LIMIT: Duration = Duration::from_mins(2);

/// Runs one broker case on a runtime of its own; for
/// [`broker_conformance!`](crate::broker_conformance).
///
/// # Panics
/// If the case fails, or does not end within two minutes.
pub fn run_broker_case<F: BrokerFixture>(
    name: &'static str,
    fixture: impl AsyncFnOnce() -> Option<F>,
    case: impl AsyncFnOnce(BrokerBench),
) {
    run(name, async {
        if let Some(fixture) = fixture().await {
            case(BrokerBench::new(name, Box::new(fixture)).await).await;
        }
    });
}

/// Runs one store case on a runtime of its own; for
/// [`store_conformance!`](crate::store_conformance).
///
/// # Panics
/// If the case fails, or does not end within two minutes.
pub fn run_store_case<F: StoreFixture>(
    name: &'static str,
    fixture: impl AsyncFnOnce() -> Option<F>,
    case: impl AsyncFnOnce(StoreBench),
) {
    run(name, async {
        if let Some(fixture) = fixture().await {
            case(StoreBench::new(name, Box::new(fixture)).await).await;
        }
    });
}

fn run(name: &str, case: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = runtime.expect("a tokio runtime starts");
    let ended = runtime.block_on(async { tokio::time::timeout(TIME_LIMIT, case).await });
    assert!(
        ended.is_ok(),
        "case `{name}` did not end within {TIME_LIMIT:?}"
    );
}
