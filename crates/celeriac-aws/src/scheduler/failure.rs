use celeriac_core::SchedulerErrorKind;

use crate::fault::Fault;

/// The thing, or the group it is said to be in, is not there.
pub(super) const NOT_FOUND: &str = "ResourceNotFoundException";
/// There is one of that name, or another change of it is under way.
pub(super) const CONFLICT: &str = "ConflictException";

impl From<Fault> for SchedulerErrorKind {
    /// [`NOT_FOUND`] is left to who knows what was asked for.
    fn from(fault: Fault) -> Self {
        let (code, message) = match fault {
            Fault::Unavailable(text) => return Self::Unavailable(text),
            Fault::AccessDenied(text) => return Self::AccessDenied(text),
            Fault::Service { code, message } => (code, message),
        };
        match code.as_str() {
            "ValidationException" => Self::Invalid(message),
            "ServiceQuotaExceededException" => Self::Quota(message),
            CONFLICT => Self::Unavailable(message),
            _ => Self::Other(format!("{code}: {message}")),
        }
    }
}

/// Whether the service asks to slow down. Rates are exceeded under either name (EventBridge
/// Scheduler user guide, Quotas for Amazon EventBridge Scheduler, Troubleshooting), while a full
/// account is only ever the latter.
pub(super) fn is_throttle(fault: &Fault) -> bool {
    match fault {
        Fault::Unavailable(text) => text.contains("Throttl") || text.contains("TooManyRequests"),
        Fault::Service { code, message } => {
            code == "ServiceQuotaExceededException" && message.to_lowercase().contains("rate")
        }
        Fault::AccessDenied(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_services_errors_are_told_apart() {
        let kind = |code, status| SchedulerErrorKind::from(Fault::of_code(code, "text", status));
        let text = || "text".to_owned();
        assert_eq!(
            kind("ValidationException", 400),
            SchedulerErrorKind::Invalid(text())
        );
        assert_eq!(
            kind("ServiceQuotaExceededException", 402),
            SchedulerErrorKind::Quota(text())
        );
        assert_eq!(
            kind("ConflictException", 409),
            SchedulerErrorKind::Unavailable(text())
        );
        for (code, status) in [
            ("ThrottlingException", 429),
            ("InternalServerException", 500),
        ] {
            assert!(matches!(
                kind(code, status),
                SchedulerErrorKind::Unavailable(_)
            ));
        }
        assert!(matches!(
            kind("AccessDeniedException", 403),
            SchedulerErrorKind::AccessDenied(_)
        ));
        assert!(matches!(
            kind("NeverHeardOf", 400),
            SchedulerErrorKind::Other(_)
        ));
    }

    #[test]
    fn a_rate_is_waited_for_and_a_full_account_is_not() {
        let throttled = |code, message, status| is_throttle(&Fault::of_code(code, message, status));
        assert!(throttled("ThrottlingException", "", 429));
        assert!(throttled(
            "ServiceQuotaExceededException",
            "The request rate is exceeded",
            402
        ));
        assert!(!throttled(
            "ServiceQuotaExceededException",
            "The number of schedules is exceeded",
            402
        ));
        assert!(!throttled("InternalServerException", "", 500));
        assert!(!throttled("AccessDeniedException", "rate", 403));
    }
}
