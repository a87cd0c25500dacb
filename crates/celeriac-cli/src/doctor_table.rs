use celeriac::aws::{AwsConfig, DynamoStore, TableStatus};
use celeriac::results::{Ledger as _, StoreError, StoreErrorKind};

use crate::check::Check;

/// The table of results: can it be read, and is it as it should be.
pub(crate) async fn checks(config: &AwsConfig) -> Vec<Check> {
    let store = DynamoStore::new(config);
    let subject = format!("table `{}`", store.table());
    if let Err(error) = store.check().await {
        return vec![failed(subject, &error)];
    }
    let mut checks = vec![Check::ok(&subject, "exists and is readable")];
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
            "off: results are kept forever",
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
        StoreErrorKind::WrongKey(key) => Check::fail(
            subject,
            format!("its key is {key}, and must be `id`, a string, without a sort key"),
            "name another table in `result_backend`; or delete this one, and then: celeriac queues create --table",
        ),
        other => Check::fail(subject, other.to_string(), "see the message"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_key_wants_another_table() {
        let error = StoreError::new(
            "check",
            "celery",
            StoreErrorKind::WrongKey("`pk` (S)".into()),
        );
        let text = failed("table `celery`".to_owned(), &error).text(false);
        assert!(
            text.contains("its key is `pk` (S), and must be `id`"),
            "{text}"
        );
        assert!(
            text.contains("-> name another table in `result_backend`"),
            "{text}"
        );
    }
}
