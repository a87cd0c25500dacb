use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName as Name;
use celeriac_core::{
    BrokerError, BrokerErrorKind, Capabilities, QueueChange, QueueSpec, check_queue_name,
};

use crate::fault::Fault;

use super::limits::{is_fifo, whole_seconds};
use super::redrive::Redrive;
use super::sqs_broker::{Attributes, SqsBroker};

const OPERATION: &str = "declare";
/// What SQS allows.
const RETENTION: RangeInclusive<Duration> = Duration::from_mins(1)..=Duration::from_hours(14 * 24);
/// SQS: `maxReceiveCount`.
const MAX_RECEIVES: u32 = 1000;

impl SqsBroker {
    pub(super) async fn declare_queue(&self, spec: &QueueSpec) -> Result<(), BrokerError> {
        check_spec(spec).map_err(|kind| BrokerError::new(OPERATION, &spec.name, kind))?;
        match self.existing(&spec.name).await? {
            Some(url) => self.add_policy_if_missing(spec, &url).await?,
            None => self.create(spec).await?,
        }
        self.redrives.forget(&spec.name);
        Ok(())
    }

    pub(super) async fn update_queue(
        &self,
        queue: &str,
        change: &QueueChange,
    ) -> Result<(), BrokerError> {
        const OPERATION: &str = "update";
        let failed = |kind| BrokerError::new(OPERATION, queue, kind);
        change.check().map_err(failed)?;
        let url = self.url(OPERATION, queue).await?;
        let mut attributes = Attributes::new();
        if let Some(visibility) = change.visibility {
            attributes.insert(Name::VisibilityTimeout, seconds(visibility));
        }
        if let Some(retention) = change.retention {
            attributes.insert(Name::MessageRetentionPeriod, seconds(retention));
        }
        if let Some(max_receives) = change.max_receives {
            let policy = self.policy(OPERATION, queue, &url).await?;
            let policy = policy.and_then(|policy| with_max_receives(&policy, max_receives));
            let policy = policy.ok_or_else(|| failed(BrokerErrorKind::NoDeadLetterQueue))?;
            attributes.insert(Name::RedrivePolicy, policy);
        }
        if !attributes.is_empty() {
            self.set_attributes(OPERATION, queue, &url, attributes)
                .await?;
        }
        self.redrives.forget(queue);
        Ok(())
    }

    async fn create(&self, spec: &QueueSpec) -> Result<(), BrokerError> {
        let mut attributes = HashMap::from([
            (Name::VisibilityTimeout, seconds(spec.visibility)),
            (Name::MessageRetentionPeriod, seconds(spec.retention)),
        ]);
        if let Some((dead_letter, max_receives)) = &spec.dead_letter {
            let policy = self
                .declare_dead_letter_queue(dead_letter, *max_receives)
                .await?;
            attributes.insert(Name::RedrivePolicy, policy);
        }
        let (url, created) = self.create_if_missing(&spec.name, attributes).await?;
        if !created {
            self.add_policy_if_missing(spec, &url).await?;
        }
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

    async fn existing(&self, queue: &str) -> Result<Option<Arc<str>>, BrokerError> {
        match self.url(OPERATION, queue).await {
            Ok(url) => Ok(Some(url)),
            Err(error) if matches!(error.kind, BrokerErrorKind::QueueNotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn create_if_missing(
        &self,
        queue: &str,
        mut attributes: Attributes,
    ) -> Result<(Arc<str>, bool), BrokerError> {
        if let Some(url) = self.existing(queue).await? {
            return Ok((url, false));
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

    /// A policy that stands there is somebody's decision: it is left alone, and no other
    /// dead-letter queue is made.
    async fn add_policy_if_missing(
        &self,
        spec: &QueueSpec,
        url: &Arc<str>,
    ) -> Result<(), BrokerError> {
        let Some((dead_letter, max_receives)) = &spec.dead_letter else {
            return Ok(());
        };
        if self.policy(OPERATION, &spec.name, url).await?.is_some() {
            return Ok(());
        }
        let policy = self
            .declare_dead_letter_queue(dead_letter, *max_receives)
            .await?;
        let attributes = HashMap::from([(Name::RedrivePolicy, policy)]);
        self.set_attributes(OPERATION, &spec.name, url, attributes)
            .await
    }

    /// The queue's redrive policy, if it names a dead-letter queue.
    async fn policy(
        &self,
        operation: &'static str,
        queue: &str,
        url: &str,
    ) -> Result<Option<String>, BrokerError> {
        let mut attributes = self
            .attributes(operation, queue, url, &[Name::RedrivePolicy])
            .await?;
        let policy = attributes.remove(&Name::RedrivePolicy);
        Ok(policy.filter(|policy| Redrive::parse(policy, url).is_some()))
    }

    async fn set_attributes(
        &self,
        operation: &'static str,
        queue: &str,
        url: &str,
        attributes: Attributes,
    ) -> Result<(), BrokerError> {
        let request = self
            .sdk
            .sqs()
            .await
            .set_queue_attributes()
            .queue_url(url)
            .set_attributes(Some(attributes));
        request
            .send()
            .await
            .map_err(|error| self.fault(operation, queue, Fault::from(error)))?;
        Ok(())
    }
}

fn seconds(duration: Duration) -> String {
    whole_seconds(duration).to_string()
}

/// The policy with another count; whatever else it says stays.
fn with_max_receives(policy: &str, max_receives: u32) -> Option<String> {
    let mut policy: serde_json::Map<_, _> = serde_json::from_str(policy).ok()?;
    policy.insert(
        "maxReceiveCount".to_owned(),
        max_receives.to_string().into(),
    );
    serde_json::to_string(&policy).ok()
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
