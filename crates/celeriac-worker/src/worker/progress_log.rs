use std::sync::Arc;

use tokio::time::Instant;

use super::running_worker::RunningWorker;

/// A line about the work done, as often as the options say, while there is any. For ever.
pub(crate) async fn log_progress(worker: Arc<RunningWorker>) {
    let mut last = done(&worker);
    let mut since = Instant::now();
    loop {
        tokio::time::sleep(worker.options.progress_every).await;
        let now = done(&worker);
        let (running, waiting) = (worker.deliveries.len(), worker.prefetch().waiting());
        if now != last || running > 0 || waiting > 0 {
            let report = worker.counters.report();
            let rate = (now - last) as f64 / since.elapsed().as_secs_f64();
            let stuck = match worker.stuck.count() {
                0 => String::new(),
                stuck => format!(", {stuck} stuck without a dead-letter queue"),
            };
            tracing::info!(
                "{} succeeded, {} failed, {} retried; {rate:.1} tasks/s, {running} running, {waiting} waiting here{stuck}",
                report.succeeded,
                report.failed,
                report.retried
            );
        }
        (last, since) = (now, Instant::now());
    }
}

fn done(worker: &RunningWorker) -> u64 {
    let report = worker.counters.report();
    report.succeeded + report.failed + report.retried
}
