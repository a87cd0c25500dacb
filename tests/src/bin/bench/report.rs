use std::time::Duration;

/// What one run of one contender gave.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// Which contender.
    pub(crate) name: String,
    /// Tasks per second, from the first message sent to the last result stored.
    pub(crate) rate: f64,
    /// Worker CPU for one task.
    pub(crate) cpu_per_task: Duration,
    /// Peak resident memory of the worker's processes, in bytes.
    pub(crate) peak_memory: u64,
}

/// Requests one task costs the worker, by the counting proxies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Requests {
    /// SQS: receive, delete, visibility.
    pub(crate) sqs: f64,
    /// DynamoDB.
    pub(crate) dynamodb: f64,
}

/// Medians of a contender's runs.
#[derive(Clone, Debug)]
pub(crate) struct Summary {
    pub(crate) name: String,
    pub(crate) rate: f64,
    pub(crate) cpu_micros: f64,
    pub(crate) memory_mib: f64,
    pub(crate) requests: Option<Requests>,
}

impl Summary {
    pub(crate) fn of(name: &str, runs: &[Run], requests: Option<Requests>) -> Self {
        let mine: Vec<&Run> = runs.iter().filter(|run| run.name == name).collect();
        Self {
            name: name.to_owned(),
            rate: median(mine.iter().map(|run| run.rate)),
            cpu_micros: median(mine.iter().map(|run| run.cpu_per_task.as_secs_f64() * 1e6)),
            memory_mib: median(
                mine.iter()
                    .map(|run| run.peak_memory as f64 / (1024.0 * 1024.0)),
            ),
            requests,
        }
    }

    pub(crate) fn line(&self) -> String {
        let requests = self.requests.map_or_else(
            || format!("{:>12} {:>12}", "-", "-"),
            |requests| format!("{:>12.3} {:>12.3}", requests.sqs, requests.dynamodb),
        );
        format!(
            "{:<22} {:>10.0} {:>14.0} {:>12.1} {requests}",
            self.name, self.rate, self.cpu_micros, self.memory_mib
        )
    }
}

/// The head of the table that [`Summary::line`] fills.
pub(crate) fn head() -> String {
    format!(
        "{:<22} {:>10} {:>14} {:>12} {:>12} {:>12}",
        "worker", "tasks/s", "CPU µs/task", "peak MiB", "SQS req", "DynamoDB req"
    )
}

/// The middle one; not a number without any.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
