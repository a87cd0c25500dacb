use std::sync::Arc;
use std::time::Duration;

use aws_config::meta::region::RegionProviderChain;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::retry::RetryPartition;
use aws_sdk_sqs::config::{
    Credentials, SharedAsyncSleep, SharedCredentialsProvider, StalledStreamProtectionConfig,
};
use aws_smithy_async::rt::sleep::TokioSleep;
use celeriac_core::{Clock, SystemClock};
use tokio::sync::OnceCell;

use crate::request_counts::{CountRequests, RequestCounts};
use crate::service_time::{ReadDates, ServiceTime};
use crate::service_url::Endpoint;
use crate::transport::{Transport, TransportClient};

/// No answer for this long means that none will come; a long poll gets [`POLL_TIMEOUT`] instead.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// SQS answers an empty long poll after 20 s at the latest.
const POLL_TIMEOUT: Duration = Duration::from_secs(30);
const MAX_ATTEMPTS: u32 = 6;

/// The SDK's clients for one endpoint, each built at its first use: nothing here costs a cold start
/// anything.
#[derive(Debug)]
pub(crate) struct Sdk {
    endpoint: Endpoint,
    transport: Option<Arc<dyn Transport>>,
    time: ServiceTime,
    counts: Arc<RequestCounts>,
    shared: OnceCell<SdkConfig>,
    sqs: OnceCell<aws_sdk_sqs::Client>,
    sqs_poll: OnceCell<aws_sdk_sqs::Client>,
    dynamodb: OnceCell<aws_sdk_dynamodb::Client>,
    sts: OnceCell<aws_sdk_sts::Client>,
    #[cfg(feature = "scheduler")]
    scheduler: OnceCell<aws_sdk_scheduler::Client>,
}

impl Sdk {
    pub(crate) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            transport: None,
            time: ServiceTime::new(Arc::new(SystemClock)),
            counts: Arc::default(),
            shared: OnceCell::new(),
            sqs: OnceCell::new(),
            sqs_poll: OnceCell::new(),
            dynamodb: OnceCell::new(),
            sts: OnceCell::new(),
            #[cfg(feature = "scheduler")]
            scheduler: OnceCell::new(),
        }
    }

    /// The same, measuring the service's time against this clock.
    pub(crate) fn timed_by(self, clock: Arc<dyn Clock>) -> Self {
        Self {
            time: ServiceTime::new(clock),
            ..self
        }
    }

    /// The service's time.
    pub(crate) fn time(&self) -> &ServiceTime {
        &self.time
    }

    /// The same, with requests that do not go over the network.
    pub(crate) fn over(self, transport: Arc<dyn Transport>) -> Self {
        Self {
            transport: Some(transport),
            ..self
        }
    }

    pub(crate) fn counts(&self) -> &Arc<RequestCounts> {
        &self.counts
    }

    pub(crate) async fn region(&self) -> Option<String> {
        self.shared().await.region().map(ToString::to_string)
    }

    pub(crate) async fn sqs(&self) -> &aws_sdk_sqs::Client {
        self.sqs.get_or_init(|| self.build_sqs(READ_TIMEOUT)).await
    }

    /// For long polls, with connections of its own.
    pub(crate) async fn sqs_poll(&self) -> &aws_sdk_sqs::Client {
        self.sqs_poll
            .get_or_init(|| self.build_sqs(POLL_TIMEOUT))
            .await
    }

    async fn build_sqs(&self, read_timeout: Duration) -> aws_sdk_sqs::Client {
        let mut config = aws_sdk_sqs::config::Builder::from(self.shared().await)
            .timeout_config(timeouts(read_timeout))
            .interceptor(CountRequests(Arc::clone(&self.counts)));
        config.set_retry_partition(self.retry_partition());
        aws_sdk_sqs::Client::from_conf(config.build())
    }

    pub(crate) async fn dynamodb(&self) -> &aws_sdk_dynamodb::Client {
        let build = || async {
            let mut config = aws_sdk_dynamodb::config::Builder::from(self.shared().await)
                .timeout_config(timeouts(READ_TIMEOUT))
                .interceptor(ReadDates(self.time.clone()))
                .interceptor(CountRequests(Arc::clone(&self.counts)));
            config.set_retry_partition(self.retry_partition());
            aws_sdk_dynamodb::Client::from_conf(config.build())
        };
        self.dynamodb.get_or_init(build).await
    }

    pub(crate) async fn sts(&self) -> &aws_sdk_sts::Client {
        let build = || async {
            let config = aws_sdk_sts::config::Builder::from(self.shared().await)
                .timeout_config(timeouts(READ_TIMEOUT))
                .interceptor(CountRequests(Arc::clone(&self.counts)));
            aws_sdk_sts::Client::from_conf(config.build())
        };
        self.sts.get_or_init(build).await
    }

    #[cfg(feature = "scheduler")]
    pub(crate) async fn scheduler(&self) -> &aws_sdk_scheduler::Client {
        let build = || async {
            let config = aws_sdk_scheduler::config::Builder::from(self.shared().await)
                .timeout_config(timeouts(READ_TIMEOUT))
                .interceptor(CountRequests(Arc::clone(&self.counts)));
            aws_sdk_scheduler::Client::from_conf(config.build())
        };
        self.scheduler.get_or_init(build).await
    }

    /// The SDK's retries draw on one bucket of a whole process. Simulated processes have one each.
    fn retry_partition(&self) -> Option<RetryPartition> {
        let transport = self.transport.as_ref();
        transport.map(|_| RetryPartition::custom("transport").build())
    }

    async fn shared(&self) -> &SdkConfig {
        let load = || async {
            match &self.transport {
                Some(transport) => without_network(transport),
                None => load(&self.endpoint).await,
            }
        };
        self.shared.get_or_init(load).await
    }
}

fn timeouts(read: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .read_timeout(read)
        .build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(MAX_ATTEMPTS)
        .with_initial_backoff(Duration::from_millis(100))
        .with_max_backoff(Duration::from_secs(5))
}

/// Nothing is looked up anywhere.
fn without_network(transport: &Arc<dyn Transport>) -> SdkConfig {
    let credentials = Credentials::new("none", "none", None, None, "celeriac-transport");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .retry_config(retries())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .region(Region::new("us-east-1"))
        .endpoint_url("http://transport.invalid")
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .http_client(TransportClient(Arc::clone(transport)))
        .build()
}

async fn load(endpoint: &Endpoint) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .retry_config(retries())
        // bodies are small and whole; watching their throughput only costs CPU
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    let region = endpoint.region.clone().map(Region::new);
    loader = match &endpoint.url {
        // an emulator has no instance metadata to wait for
        Some(url) => loader.endpoint_url(url).region(
            RegionProviderChain::first_try(region)
                .or_else(aws_config::environment::region::EnvironmentVariableRegionProvider::new())
                .or_else(Region::new("us-east-1")),
        ),
        None => match region {
            Some(region) => loader.region(region),
            None => loader,
        },
    };
    if let Some(credentials) = &endpoint.credentials {
        let provider = Credentials::new(
            &credentials.access_key_id,
            &credentials.secret_access_key,
            None,
            None,
            "celeriac-url",
        );
        loader = loader.credentials_provider(provider);
    }
    without_empty_region(loader.load().await)
}

/// An empty `AWS_REGION`, as a template without a value gives it, is none.
fn without_empty_region(config: SdkConfig) -> SdkConfig {
    if config
        .region()
        .is_none_or(|region| !region.as_ref().is_empty())
    {
        return config;
    }
    let mut builder = config.into_builder();
    builder.set_region(None);
    builder.build()
}
