use celeriac::aws::{AwsConfig, DynamoStore, TableStatus};
use celeriac::results::{ResultStore as _, StoreError, StoreErrorKind};

use crate::check::Check;

/// The table of results: can it be read, and is it as it should be.
pub(crate) async fn checks(config: &AwsConfig) -> Vec<Check> {
    let store = DynamoStore::new(config);
    let subject = format!("table `{}`", store.table());
    if let Err(error) = store.check().await {
        return vec![failed(subject, &error)];
    }
    let mut checks = vec![Check::ok(&subject, "there, and readable")];
    match store.describe().await {
        Ok(status) => checks.extend(described(&subject, status, config.dynamodb.ttl.is_some())),
        Err(error) => checks.push(Check::warn(
            format!("{subject}, settings"),
            format!("cannot be looked at: {}", error.kind),
            "for this check only: dynamodb:DescribeTable and dynamodb:DescribeTimeToLive",
        )),
    }
    checks
}

fn described(subject: &str, status: TableStatus, wants_ttl: bool) -> Vec<Check> {
    let mut checks = Vec::new();
    if !status.active {
        checks.push(Check::warn(subject, "not active yet", "wait until it is"));
    }
    checks.push(if status.ttl || !wants_ttl {
        Check::ok(
            format!("{subject}, TTL"),
            if status.ttl { "on" } else { "off, as set" },
        )
    } else {
        Check::warn(
            format!("{subject}, TTL"),
            "off: results stay for ever",
            "celeriac queues create --table switches it on",
        )
    });
    checks.push(if status.on_demand {
        Check::ok(format!("{subject}, capacity"), "on demand")
    } else {
        Check::warn(
            format!("{subject}, capacity"),
            "provisioned (Celery creates tables with 1 read and 1 write a second): writes beyond it are throttled",
            "set its billing mode to PAY_PER_REQUEST, unless the units are your choice",
        )
    });
    checks
}

fn failed(subject: String, error: &StoreError) -> Check {
    match &error.kind {
        StoreErrorKind::TableNotFound => {
            Check::fail(subject, "does not exist", "celeriac queues create --table")
        }
        StoreErrorKind::AccessDenied(text) => Check::fail(
            subject,
            format!("access denied: {text}"),
            "allow dynamodb:BatchGetItem on it",
        ),
        StoreErrorKind::Unavailable(text) => Check::fail(
            subject,
            format!("no answer: {text}"),
            "check the network, the endpoint and the region",
        ),
        other => Check::fail(
            subject,
            other.to_string(),
            "its key must be `id`, a string, without a sort key: another table, or celeriac queues create --table",
        ),
    }
}
