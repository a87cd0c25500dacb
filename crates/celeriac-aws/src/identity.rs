use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_sqs::config::{ConfigBag, Intercept, RuntimeComponents};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use thiserror::Error;

use crate::fault::Fault;
use crate::sdk::Sdk;
use crate::service_time::date_of;
use crate::service_url::Endpoint;

/// An operator's questions about an endpoint: who am I there, in which region, and how far off is
/// my clock.
#[derive(Debug)]
pub struct AwsIdentity {
    sdk: Sdk,
}

/// Who the credentials belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerIdentity {
    /// The account's number.
    pub account: String,
    /// The user's or role session's ARN.
    pub arn: String,
}

/// The question could not be answered.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AwsIdentityError {
    /// No credentials, or ones that AWS does not know.
    #[error("the credentials are refused: {0}")]
    Denied(String),
    /// No answer.
    #[error("STS does not answer: {0}")]
    Unavailable(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl From<Fault> for AwsIdentityError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::AccessDenied(text) => Self::Denied(text),
            Fault::Unavailable(text) => Self::Unavailable(text),
            Fault::Service { code, message } => Self::Other(format!("{code}: {message}")),
        }
    }
}

impl AwsIdentity {
    /// Asks at `endpoint`; an endpoint URL that only SQS or DynamoDB answers at does not serve.
    pub fn new(endpoint: Endpoint) -> Self {
        Self {
            sdk: Sdk::new(endpoint),
        }
    }

    /// The region in use, from the settings or the SDK's chain.
    pub async fn region(&self) -> Option<String> {
        self.sdk.region().await
    }

    /// Who the credentials belong to: one `GetCallerIdentity`, which needs no right.
    pub async fn identity(&self) -> Result<CallerIdentity, AwsIdentityError> {
        let answer = self
            .sdk
            .sts()
            .await
            .get_caller_identity()
            .send()
            .await
            .map_err(Fault::from)?;
        let text = |part: Option<String>| part.unwrap_or_default();
        Ok(CallerIdentity {
            account: text(answer.account),
            arn: text(answer.arn),
        })
    }

    /// How far this machine's clock is ahead of AWS's, in seconds; negative: behind. One second is
    /// within the measurement. Answers for refused requests too, since a wrong clock is why AWS
    /// refuses them.
    pub async fn clock_skew(&self) -> Result<i64, AwsIdentityError> {
        let seen = Arc::new(Mutex::new(None));
        let watch = aws_sdk_sts::config::Builder::new().interceptor(WatchDate(Arc::clone(&seen)));
        let outcome = self
            .sdk
            .sts()
            .await
            .get_caller_identity()
            .customize()
            .config_override(watch)
            .send()
            .await;
        let skew = *seen.lock().unwrap_or_else(PoisonError::into_inner);
        match (skew, outcome) {
            (Some(skew), _) => Ok(skew),
            (None, Err(error)) => Err(Fault::from(error).into()),
            (None, Ok(_)) => Err(AwsIdentityError::Other(
                "the answer carries no date".to_owned(),
            )),
        }
    }
}

/// Notes the difference between our clock and the `Date` header of the FIRST answer: later ones are
/// of retries.
#[derive(Debug)]
struct WatchDate(Arc<Mutex<Option<i64>>>);

impl Intercept for WatchDate {
    fn name(&self) -> &'static str {
        "WatchDate"
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(date) = date_of(context.response()) {
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_secs();
            let skew = i64::try_from(now).unwrap_or(i64::MAX) - date.0 / 1_000_000;
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get_or_insert(skew);
        }
        Ok(())
    }
}
