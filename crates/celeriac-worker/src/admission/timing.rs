use std::time::Duration;

use celeriac_core::LONGEST_ETA;
use celeriac_protocol::{Headers, UtcTime};

use crate::call::Call;
use crate::engine::Engine;
use crate::{Outcome, outgoing};

/// What `expires` and `eta` say now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Timing {
    /// Run it.
    Due,
    /// Its time is over.
    Expired,
    /// Not before this has passed.
    Early(Duration),
    /// A header that is no time.
    Invalid(String),
}

impl Timing {
    pub(crate) fn of(headers: &Headers, now: UtcTime) -> Self {
        let expires = match time("expires", headers.expires.as_deref()) {
            Ok(expires) => expires,
            Err(reason) => return Self::Invalid(reason),
        };
        let eta = match time("eta", headers.eta.as_deref()) {
            Ok(eta) => eta,
            Err(reason) => return Self::Invalid(reason),
        };
        if expires.is_some_and(|expires| now > expires) {
            return Self::Expired;
        }
        match eta
            .map(|eta| eta.since(now))
            .filter(|early| !early.is_zero())
        {
            Some(early) if early > LONGEST_ETA => {
                Self::Invalid("header `eta`: it is over a thousand years away".to_owned())
            }
            Some(early) => Self::Early(early),
            None => Self::Due,
        }
    }
}

fn time(header: &str, text: Option<&str>) -> Result<Option<UtcTime>, String> {
    text.map(UtcTime::parse)
        .transpose()
        .map_err(|error| format!("header `{header}`: {error}"))
}

/// Defers a message that came before its time. It is never held: on a standard queue it is sent
/// again with the delay, in hops of the longest one the broker takes; on FIFO, where that would
/// change the order, it becomes invisible.
pub(crate) async fn defer(engine: &Engine, call: &mut Call, early: Duration) -> Outcome {
    if call.fifo {
        return Outcome::Defer(early);
    }
    let message = outgoing::delayed(&mut call.delivery, engine.now().after(early));
    tracing::debug!(
        ?early,
        "the message came before its eta and is sent again with a delay"
    );
    match engine.outbox.send(message).await {
        Ok(_) => Outcome::Ack,
        Err(error) => {
            tracing::warn!(
                "the message could not be re-sent with its remaining delay; it will be redelivered: {error}"
            );
            Outcome::Defer(engine.backoff_of(&call.delivery).min(early))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(eta: Option<&str>, expires: Option<&str>) -> Headers {
        Headers {
            eta: eta.map(str::to_owned),
            expires: expires.map(str::to_owned),
            ..Headers::default()
        }
    }

    #[test]
    fn reads_both_headers() {
        let now = UtcTime::parse("2027-01-02T03:04:05Z").expect("a time");
        let of = |eta, expires| Timing::of(&headers(eta, expires), now);
        assert_eq!(of(None, None), Timing::Due);
        assert_eq!(of(Some("2027-01-02T03:04:05Z"), None), Timing::Due);
        assert_eq!(
            of(Some("2027-01-02T04:04:06.5+01:00"), None),
            Timing::Early(Duration::from_millis(1500))
        );
        assert_eq!(of(None, Some("2027-01-02T03:04:05Z")), Timing::Due);
        assert_eq!(
            of(Some("2027-01-03"), Some("2027-01-02T03:04:04Z")),
            Timing::Expired
        );
        assert!(matches!(of(Some("tomorrow"), None), Timing::Invalid(_)));
        assert!(matches!(of(Some("2999-12-31"), None), Timing::Early(_)));
        assert!(matches!(of(Some("9999-12-31"), None), Timing::Invalid(_)));
        assert!(matches!(of(None, Some("")), Timing::Invalid(_)));
    }
}
