use std::future::Future;

use crate::fault::Fault;
use crate::pause::{MAX_ENTRY_ATTEMPTS, pause};

use super::failure::is_throttle;

/// Makes the request again while the service asks to slow down: a batch of thousands is over an
/// account's rate (of `CreateSchedule` 250 a second in small regions: EventBridge Scheduler user
/// guide, Quotas for Amazon EventBridge Scheduler) for longer than the SDK's own retries last.
pub(super) async fn unless_throttled<T, Fut>(request: impl Fn() -> Fut) -> Result<T, Fault>
where
    Fut: Future<Output = Result<T, Fault>>,
{
    let mut attempt = 0;
    loop {
        match request().await {
            Err(fault) if is_throttle(&fault) && attempt + 1 < MAX_ENTRY_ATTEMPTS => {
                attempt += 1;
                pause(attempt).await;
            }
            outcome => return outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Requests made until `failing` of them have failed with this code, and the outcome.
    async fn requests(failing: u32, code: &str, status: u16) -> (u32, Result<(), Fault>) {
        let made = Cell::new(0);
        let outcome = unless_throttled(|| async {
            made.set(made.get() + 1);
            if made.get() > failing {
                Ok(())
            } else {
                Err(Fault::of_code(code, "", status))
            }
        });
        let outcome = outcome.await;
        (made.get(), outcome)
    }

    #[tokio::test(start_paused = true)]
    async fn throttles_are_waited_out_and_nothing_else() {
        assert_eq!(requests(3, "ThrottlingException", 429).await, (4, Ok(())));
        let (made, outcome) = requests(1000, "ThrottlingException", 429).await;
        assert!(matches!(outcome, Err(Fault::Unavailable(_))));
        assert_eq!(made, MAX_ENTRY_ATTEMPTS);
        for (code, status) in [
            ("InternalServerException", 500),
            ("ValidationException", 400),
        ] {
            let (made, outcome) = requests(1, code, status).await;
            assert!(outcome.is_err());
            assert_eq!(made, 1, "{code}");
        }
    }
}
