use std::sync::Arc;
use std::time::Duration;

use super::running_worker::RunningWorker;
use super::worker_report::WorkerReport;
use crate::metrics::MetricsLine;

/// CloudWatch's own resolution.
const EVERY: Duration = Duration::from_mins(1);
/// A run is taken for this long before the first has ended.
const FIRST_GUESS: Duration = Duration::from_secs(1);

/// Prints the worker's metrics every minute, if they are asked for. For ever.
pub(crate) async fn log_metrics(worker: Arc<RunningWorker>) {
    if !worker.executor.engine().has_metrics() {
        return;
    }
    let mut before = WorkerReport::default();
    let mut run_time = FIRST_GUESS;
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        run_time = worker.run_times.take_mean().unwrap_or(run_time);
        let backlog = backlog(&worker).await;
        let now = worker.counters.report();
        print(&worker, backlog, run_time, now, before);
        before = now;
    }
}

/// Messages that wait in the queues; `None` if it cannot be told.
async fn backlog(worker: &RunningWorker) -> Option<u64> {
    let mut sum = 0;
    for lane in &worker.lanes {
        match worker.broker().stats(&lane.queue).await {
            Ok(stats) => sum += stats.visible,
            Err(error) => {
                tracing::warn!("the queues' backlog could not be read: {error}");
                return None;
            }
        }
    }
    Some(sum)
}

fn print(
    worker: &RunningWorker,
    backlog: Option<u64>,
    run_time: Duration,
    now: WorkerReport,
    before: WorkerReport,
) {
    let engine = worker.executor.engine();
    let mut queues: Vec<&str> = worker
        .lanes
        .iter()
        .map(|lane| lane.queue.as_str())
        .collect();
    queues.sort_unstable();
    let mut line = MetricsLine::new(engine.app(), &queues.join(","))
        .count("Workers", 1)
        .count("Succeeded", now.succeeded - before.succeeded)
        .count("Failed", now.failed - before.failed)
        .count("Retried", now.retried - before.retried)
        .count("DeadLettered", now.dead_lettered - before.dead_lettered)
        .incidents(&engine.incidents);
    if let Some(backlog) = backlog {
        // how long this worker alone would need, at the rate it was measured to work
        let alone = backlog as f64 * run_time.as_secs_f64() / worker.options.concurrency as f64;
        line = line
            .count("Backlog", backlog)
            .with("BacklogSeconds", "Seconds", alone);
    }
    line.print(engine);
}
