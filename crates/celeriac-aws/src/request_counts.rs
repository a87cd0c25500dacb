use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_sqs::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;

use crate::fault::with_causes;

/// The operations counted by name; others count as `Other`.
const OPERATIONS: [&str; 13] = [
    "SendMessageBatch",
    "ReceiveMessage",
    "DeleteMessageBatch",
    "ChangeMessageVisibilityBatch",
    "GetQueueUrl",
    "GetQueueAttributes",
    "BatchExecuteStatement",
    "BatchGetItem",
    "UpdateItem",
    "PutItem",
    "DescribeTable",
    "GetCallerIdentity",
    "Other",
];

/// Requests made, retries included, by operation. Counting costs an atomic addition.
#[derive(Debug, Default)]
pub struct RequestCounts {
    made: [AtomicU64; OPERATIONS.len()],
    failed: AtomicU64,
    write_hundredths: AtomicU64,
    last_report: AtomicU64,
}

impl RequestCounts {
    /// Requests of one operation, by AWS's name for it.
    pub fn of(&self, operation: &str) -> u64 {
        self.made[index(operation)].load(Relaxed)
    }

    /// All requests.
    pub fn total(&self) -> u64 {
        self.made.iter().map(|count| count.load(Relaxed)).sum()
    }

    /// Requests that met a throttle, a server's error or a broken connection. The SDK tries them
    /// again.
    pub fn failed(&self) -> u64 {
        self.failed.load(Relaxed)
    }

    /// Every operation that was used.
    pub fn snapshot(&self) -> BTreeMap<&'static str, u64> {
        let counts = OPERATIONS
            .iter()
            .zip(&self.made)
            .map(|(name, count)| (*name, count.load(Relaxed)));
        counts.filter(|(_, count)| *count > 0).collect()
    }

    /// Write units consumed, where [`crate::DynamoConfig::report_capacity`] is on.
    pub fn write_units(&self) -> f64 {
        self.write_hundredths.load(Relaxed) as f64 / 100.0
    }

    pub(crate) fn add_write_units(&self, units: f64) {
        self.write_hundredths
            .fetch_add((units * 100.0).round() as u64, Relaxed);
    }

    /// Counts a failure, and reports at most one a second: a broken network must not flood the log.
    pub(crate) fn report_failure(&self, operation: &str, error: &str) {
        let failed = self.failed.fetch_add(1, Relaxed) + 1;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        if self.last_report.swap(now, Relaxed) != now {
            tracing::warn!(
                operation,
                error,
                failed_so_far = failed,
                "request failed; it will be retried"
            );
        }
    }
}

fn index(operation: &str) -> usize {
    OPERATIONS
        .iter()
        .position(|name| *name == operation)
        .unwrap_or(OPERATIONS.len() - 1)
}

/// Hooks the counts into an SDK client.
#[derive(Debug)]
pub(crate) struct CountRequests(pub(crate) Arc<RequestCounts>);

fn operation(cfg: &ConfigBag) -> &str {
    cfg.load::<Metadata>().map_or("Other", Metadata::name)
}

impl Intercept for CountRequests {
    fn name(&self) -> &'static str {
        "CountRequests"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.made[index(operation(cfg))].fetch_add(1, Relaxed);
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(Err(error)) = context.output_or_error() {
            let status = context
                .response()
                .map(|response| response.status().as_u16());
            // the only form that has the code of every service's error
            let text = format!("{error:?}");
            let throttled = text.contains("Throttl")
                || text.contains("ThroughputExceeded")
                || text.contains("RequestLimitExceeded");
            if throttled || status.is_none_or(|status| status >= 500 || status == 429) {
                self.0.report_failure(operation(cfg), &with_causes(error));
            }
        }
        Ok(())
    }
}
