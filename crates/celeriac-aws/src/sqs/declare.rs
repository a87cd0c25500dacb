use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName as Name;
use celeriac_core::{BrokerError, BrokerErrorKind, Capabilities, QueueSpec, check_queue_name};

use crate::fault::Fault;

use super::broker::SqsBroker;
use super::limits::{is_fifo, whole_seconds};
use super::redrive::Redrive;

const OPERATION: &str = "declare";
/// What SQS allows.
const RETENTION: RangeInclusive<Duration> = Duration::from_mins(1)..=Duration::from_hours(14 * 24);
/// SQS: `maxReceiveCount`.
const MAX_RECEIVES: u32 = 1000;
type Attributes = HashMap<Name, String>;

impl SqsBroker {
    pub(super) async fn declare_queue(&self, spec: &QueueSpec) -> Result<(), BrokerError> {
        check_spec(spec).map_err(|kind| BrokerError::new(OPERATION, &spec.name, kind))?;
        let mut attributes = HashMap::from([
            (
                Name::VisibilityTimeout,
                whole_seconds(spec.visibility).to_string(),
            ),
            (
                Name::MessageRetentionPeriod,
                whole_seconds(spec.retention).to_string(),
            ),
        ]);
        let policy = match &spec.dead_letter {
            Some((dead_letter, max_receives)) => Some(
                self.declare_dead_letter_queue(dead_letter, *max_receives)
                    .await?,
            ),
            None => None,
        };
        attributes.extend(policy.clone().map(|policy| (Name::RedrivePolicy, policy)));
        let (url, created) = self.create_if_missing(&spec.name, attributes).await?;
        if let (false, Some(policy)) = (created, policy) {
            self.add_policy_if_missing(&spec.name, &url, policy).await?;
        }
        self.redrives.forget(&spec.name);
        Ok(())
    }

    /// Creates it where it is missing, and gives the redrive policy that points to it.
    async fn declare_dead_letter_queue(
        &self,
        dead_letter: &str,
        max_receives: u32,
    ) -> Result<String, BrokerError> {
        let attributes = HashMap::from([(
            Name::MessageRetentionPeriod,
            QueueSpec::DEAD_LETTER_RETENTION.as_secs().to_string(),
        )]);
        let (url, _) = self.create_if_missing(dead_letter, attributes).await?;
        let arn = self
            .attributes(OPERATION, dead_letter, &url, &[Name::QueueArn])
            .await?
            .remove(&Name::QueueArn)
            .unwrap_or_default();
        Ok(serde_json::json!({"deadLetterTargetArn": arn, "maxReceiveCount": max_receives.to_string()}).to_string())
    }

    async fn create_if_missing(
        &self,
        queue: &str,
        mut attributes: Attributes,
    ) -> Result<(Arc<str>, bool), BrokerError> {
        match self.url(OPERATION, queue).await {
            Ok(url) => return Ok((url, false)),
            Err(error) if !matches!(error.kind, BrokerErrorKind::QueueNotFound) => {
                return Err(error);
            }
            Err(_) => {}
        }
        let name = self.urls.sqs_name(queue);
        check_queue_name(&name).map_err(|kind| BrokerError::new(OPERATION, queue, kind))?;
        if is_fifo(queue) {
            attributes.insert(Name::FifoQueue, "true".to_owned());
        }
        let created = self
            .sdk
            .sqs()
            .await
            .create_queue()
            .queue_name(name)
            .set_attributes(Some(attributes))
            .send()
            .await;
        match created.map_err(Fault::from) {
            Ok(answer) => {
                let url = Arc::from(answer.queue_url.unwrap_or_default());
                self.urls.put(queue, &url);
                Ok((url, true))
            }
            // another was faster
            Err(fault) if matches!(fault.code(), "QueueNameExists" | "QueueAlreadyExists") => {
                Ok((self.url(OPERATION, queue).await?, false))
            }
            Err(fault) => Err(self.fault(OPERATION, queue, fault)),
        }
    }

    /// A policy that stands there is somebody's decision, and is left alone.
    async fn add_policy_if_missing(
        &self,
        queue: &str,
        url: &Arc<str>,
        policy: String,
    ) -> Result<(), BrokerError> {
        let attributes = self
            .attributes(OPERATION, queue, url, &[Name::RedrivePolicy])
            .await?;
        if attributes
            .get(&Name::RedrivePolicy)
            .and_then(|policy| Redrive::parse(policy, url))
            .is_some()
        {
            return Ok(());
        }
        let request = self
            .sdk
            .sqs()
            .await
            .set_queue_attributes()
            .queue_url(&**url)
            .attributes(Name::RedrivePolicy, policy);
        request
            .send()
            .await
            .map_err(|error| self.fault(OPERATION, queue, Fault::from(error)))?;
        Ok(())
    }

    pub(super) async fn attributes(
        &self,
        operation: &'static str,
        queue: &str,
        url: &str,
        names: &[Name],
    ) -> Result<Attributes, BrokerError> {
        let request = self
            .sdk
            .sqs()
            .await
            .get_queue_attributes()
            .queue_url(url)
            .set_attribute_names(Some(names.to_vec()));
        let answer = request
            .send()
            .await
            .map_err(|error| self.fault(operation, queue, Fault::from(error)))?;
        Ok(answer.attributes.unwrap_or_default())
    }
}

/// Refuses what SQS would refuse, before anything is created.
fn check_spec(spec: &QueueSpec) -> Result<(), BrokerErrorKind> {
    Capabilities::sqs(&spec.name).check_visibility(spec.visibility)?;
    if !RETENTION.contains(&spec.retention) {
        let text = format!(
            "a retention of {:?}: SQS keeps messages from 60 s to 14 days",
            spec.retention
        );
        return Err(BrokerErrorKind::Invalid(text));
    }
    let Some((dead_letter, max_receives)) = &spec.dead_letter else {
        return Ok(());
    };
    if *max_receives > MAX_RECEIVES {
        let (actual, limit) = (u64::from(*max_receives), u64::from(MAX_RECEIVES));
        return Err(BrokerErrorKind::LimitExceeded {
            what: "number of receives before dead-lettering",
            actual,
            limit,
        });
    }
    if *max_receives == 0 {
        return Err(BrokerErrorKind::Invalid(
            "0 receives before dead-lettering: SQS wants 1 at least".to_owned(),
        ));
    }
    if is_fifo(&spec.name) != is_fifo(dead_letter) {
        let text =
            format!("the dead-letter queue `{dead_letter}` must be FIFO just where its queue is");
        return Err(BrokerErrorKind::Invalid(text));
    }
    Ok(())
}
