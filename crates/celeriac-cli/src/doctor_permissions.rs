use celeriac::aws::{AwsConfig, DynamoStore, Grant, Permission, SqsBroker};
use celeriac::broker::Broker as _;
use celeriac::results::{Ledger as _, StoreErrorKind};

use crate::check::Check;

/// What a worker does on its queues and a client on those it sends to.
pub(crate) async fn on_queues(config: &AwsConfig, queues: &[String]) -> Vec<Check> {
    let broker = SqsBroker::new(config);
    let mut checks = Vec::new();
    for queue in queues {
        let mut permissions = Vec::new();
        permissions.extend(broker.send_permission(queue).await.ok());
        permissions.extend(broker.worker_permissions(queue).await.unwrap_or_default());
        checks.extend(check(&format!("queue `{queue}`"), &permissions));
        checks.extend(on_dead_letters(&broker, queue).await);
    }
    checks
}

async fn on_dead_letters(broker: &SqsBroker, queue: &str) -> Option<Check> {
    let dead_letters = broker.stats(queue).await.ok()?.dead_letter_queue?;
    let permission = broker.send_permission(&dead_letters).await.ok()?;
    check(&format!("queue `{dead_letters}`"), &[permission])
}

/// What clients and workers do on the table of results; `None` for a table that can be no table of
/// results.
pub(crate) async fn on_table(config: &AwsConfig) -> Option<Check> {
    let store = DynamoStore::new(config);
    let checked = store.check().await.map_err(|error| error.kind);
    if let Err(StoreErrorKind::WrongKey(_)) = checked {
        return None;
    }
    check(
        &format!("table `{}`", store.table()),
        &store.permissions().await,
    )
}

/// One line for a queue or table; `None` where it is not there, which another check says.
fn check(place: &str, permissions: &[Permission]) -> Option<Check> {
    let subject = format!("{place}, permissions");
    let of = |wanted: fn(&Grant) -> bool| -> Vec<&str> {
        permissions
            .iter()
            .filter(|permission| wanted(&permission.grant))
            .map(|permission| permission.action)
            .collect()
    };
    let denied = of(|grant| matches!(grant, Grant::Denied(_)));
    let allowed = of(|grant| matches!(grant, Grant::Allowed));
    if !denied.is_empty() {
        let advice = "allow these actions on it, for the identity above; a program that only sends needs no more than sqs:SendMessage and dynamodb:BatchGetItem";
        return Some(Check::fail(
            subject,
            format!("denied: {}", denied.join(", ")),
            advice,
        ));
    }
    (!allowed.is_empty()).then(|| Check::ok(subject, allowed.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Status;

    fn permission(action: &'static str, grant: Grant) -> Permission {
        Permission { action, grant }
    }

    #[test]
    fn denied_actions_are_named() {
        let permissions = [
            permission("sqs:SendMessage", Grant::Allowed),
            permission("sqs:DeleteMessage", Grant::Denied("no".into())),
        ];
        let check = check("queue `a`", &permissions).expect("a check");
        assert_eq!(check.status(), Status::Fail);
        assert!(
            check.text(false).contains("denied: sqs:DeleteMessage"),
            "{}",
            check.text(false)
        );
    }

    #[test]
    fn what_is_not_there_is_another_checks_business() {
        assert!(
            check(
                "queue `a`",
                &[permission(
                    "sqs:SendMessage",
                    Grant::Unknown("no queue".into())
                )]
            )
            .is_none()
        );
    }
}
