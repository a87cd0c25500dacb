use std::sync::Arc;

use tokio::time::Instant;

use super::station::Station;

/// A line about the work done, as often as the options say, while there is any. For ever.
pub(crate) async fn log_progress(station: Arc<Station>) {
    let mut last = done(&station);
    let mut since = Instant::now();
    loop {
        tokio::time::sleep(station.options.progress_every).await;
        let now = done(&station);
        let (running, waiting) = (station.lives.len(), station.prefetch().waiting());
        if now != last || running > 0 || waiting > 0 {
            let report = station.counters.report();
            let rate = (now - last) as f64 / since.elapsed().as_secs_f64();
            let stuck = match station.stuck.count() {
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

fn done(station: &Station) -> u64 {
    let report = station.counters.report();
    report.succeeded + report.failed + report.retried
}
