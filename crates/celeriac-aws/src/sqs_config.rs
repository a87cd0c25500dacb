use std::collections::BTreeMap;

use celeriac_core::Settings;
use celeriac_protocol::mangle;

use crate::aws_config_error::AwsConfigError;
use crate::service_url::{Endpoint, ServiceUrl, is_amazon, is_at_amazon};
use crate::sqs::limits::is_fifo;

/// SQS.
#[derive(Clone, Debug, Default)]
pub struct SqsConfig {
    /// Where.
    pub endpoint: Endpoint,
    /// In front of every queue name.
    pub queue_name_prefix: String,
    /// Queue name to URL. If there are any, no other queue is known, and no List, Get or Create
    /// right is needed.
    pub predefined_queues: BTreeMap<String, String>,
}

impl SqsConfig {
    /// Of `broker_url` and `broker_transport_options`.
    pub(crate) fn of(settings: &Settings) -> Result<Self, AwsConfigError> {
        let options = &settings.broker_transport_options;
        let url = ServiceUrl::of_setting("broker_url", settings.broker_url.as_ref(), "sqs")?
            .unwrap_or_default();
        check_predefined(&options.predefined_queues)?;
        let amazon = url.host.as_deref().is_some_and(is_amazon);
        let secure = options.is_secure || amazon; // credentials never go to AWS in the clear
        let url_endpoint = url
            .authority()
            .map(|authority| format!("{}://{authority}", if secure { "https" } else { "http" }));
        let region = options
            .region
            .clone()
            .or_else(|| url.host.as_deref().and_then(amazon_region));
        Ok(Self {
            endpoint: Endpoint {
                region,
                url: options.endpoint_url.clone().or(url_endpoint),
                credentials: url.credentials,
            },
            queue_name_prefix: options.queue_name_prefix.clone(),
            predefined_queues: options.predefined_queues.clone(),
        })
    }

    /// The name of a Celery queue in SQS: what its URL ends with where it is predefined, else
    /// [`queue_name`](Self::queue_name).
    pub fn real_name(&self, queue: &str) -> String {
        match self.predefined_queues.get(queue) {
            Some(url) => last_part(url).to_owned(),
            None => self.queue_name(queue),
        }
    }

    /// Whether a predefined queue is one of AWS, and no emulator's.
    pub fn is_predefined_at_aws(&self, queue: &str) -> bool {
        let url = self.predefined_queues.get(queue);
        url.is_some_and(|url| is_at_amazon(url))
    }

    /// The SQS name of a Celery queue: with the prefix, and Celery's replacements of what SQS does
    /// not allow (SPEC 1).
    pub fn queue_name(&self, queue: &str) -> String {
        mangle(&format!("{}{queue}", self.queue_name_prefix))
    }
}

/// SQS tells a FIFO queue by its name, and Celery by the name that the queue has here: they must
/// agree, as kombu demands (InvalidQueueException).
fn check_predefined(queues: &BTreeMap<String, String>) -> Result<(), AwsConfigError> {
    let differs = |(name, url): &(&String, &String)| is_fifo(name) != is_fifo(last_part(url));
    let Some((name, url)) = queues.iter().find(differs) else {
        return Ok(());
    };
    let reason = if is_fifo(name) {
        format!(
            "`{name}` is the name of a FIFO queue, and its URL ends with `{}`, which is none: name it without `.fifo`",
            last_part(url)
        )
    } else {
        format!("`{name}` has the URL of a FIFO queue: name it `{name}.fifo`")
    };
    Err(AwsConfigError {
        setting: "broker_transport_options.predefined_queues",
        reason,
    })
}

fn last_part(url: &str) -> &str {
    let url = url.trim_end_matches('/');
    url.rsplit('/').next().unwrap_or(url)
}

fn amazon_region(host: &str) -> Option<String> {
    let mut labels = host.strip_suffix(".amazonaws.com")?.split('.');
    (labels.next() == Some("sqs"))
        .then(|| labels.next().map(str::to_owned))
        .flatten()
}
