use crate::fault::Fault;

/// One IAM action on one queue or table, tried by a request that changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// IAM's name of it, such as `sqs:SendMessage`.
    pub action: &'static str,
    /// Whether these credentials may.
    pub grant: Grant,
}

/// Whether an action is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Grant {
    /// The request got past the check of rights.
    Allowed,
    /// AWS refused it, with this text.
    Denied(String),
    /// No answer that tells: the network, or a queue or table that is not there.
    Unknown(String),
}

impl Permission {
    /// By the answer to a request that is right in everything but what it asks for: any complaint
    /// about that came after the check of rights.
    pub(crate) fn by_answer<T>(action: &'static str, answer: Result<T, Fault>) -> Self {
        let grant = match answer {
            Err(Fault::AccessDenied(text)) => Grant::Denied(text),
            Err(Fault::Unavailable(text)) => Grant::Unknown(text),
            Err(Fault::Service { code, message }) if is_missing(&code) => {
                Grant::Unknown(format!("{code}: {message}"))
            }
            Ok(_) | Err(Fault::Service { .. }) => Grant::Allowed,
        };
        Self { action, grant }
    }
}

fn is_missing(code: &str) -> bool {
    ["QueueDoesNotExist", "NonExistentQueue", "ResourceNotFound"]
        .iter()
        .any(|missing| code.starts_with(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refusal_of_rights_is_a_denial() {
        let grant = |code| {
            Permission::by_answer::<()>("sqs:SendMessage", Err(Fault::of_code(code, "text", 400)))
                .grant
        };
        assert_eq!(grant("EmptyBatchRequest"), Grant::Allowed);
        assert!(matches!(grant("AccessDenied"), Grant::Denied(_)));
        assert!(matches!(
            grant("com.amazonaws.sqs#QueueDoesNotExist"),
            Grant::Unknown(_)
        ));
        assert!(matches!(grant("ThrottlingException"), Grant::Unknown(_)));
    }
}
