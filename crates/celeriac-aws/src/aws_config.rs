use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use celeriac_core::Settings;
use celeriac_protocol::{Compression, ResultCodec, Serializer};
use thiserror::Error;

use crate::service_url::{Endpoint, ServiceUrl};

/// How long SQS keeps a message unless told otherwise: a ledger item outlives the message it guards against.
const RETENTION: Duration = Duration::from_secs(4 * 24 * 3600);
const DEFAULT_TABLE: &str = "celery";

/// What the adapters need to know, read from the settings. Every field can be set by hand as well.
#[derive(Clone, Debug, Default)]
pub struct AwsConfig {
    /// The broker's part.
    pub sqs: SqsConfig,
    /// The result store's part.
    pub dynamodb: DynamoConfig,
}

/// SQS.
#[derive(Clone, Debug, Default)]
pub struct SqsConfig {
    /// Where.
    pub endpoint: Endpoint,
    /// In front of every queue name.
    pub queue_name_prefix: String,
    /// Queue name to URL. If there are any, no other queue is known, and no List, Get or Create right is needed.
    pub predefined_queues: BTreeMap<String, String>,
}

/// DynamoDB.
#[derive(Clone, Debug)]
pub struct DynamoConfig {
    /// Where.
    pub endpoint: Endpoint,
    /// The table's name.
    pub table: String,
    /// How long items live after their last write; `None`: for ever.
    pub ttl: Option<Duration>,
    /// `global_keyprefix`: in front of every key.
    pub key_prefix: String,
    /// How results are serialized.
    pub codec: ResultCodec,
    /// Asks DynamoDB for the capacity each write consumed, and adds it up in [`crate::RequestCounts`]. For tests and benchmarks.
    pub report_capacity: bool,
}

impl Default for DynamoConfig {
    fn default() -> Self {
        Self {
            endpoint: Endpoint::default(),
            table: DEFAULT_TABLE.to_owned(),
            ttl: Some(RETENTION),
            key_prefix: String::new(),
            codec: ResultCodec::default(),
            report_capacity: false,
        }
    }
}

/// A setting that the AWS adapters cannot use.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{setting}` is not usable: {reason}")]
pub struct AwsConfigError {
    /// `broker_url`, `result_backend`, ...
    pub setting: &'static str,
    /// What is wrong. Never holds a secret.
    pub reason: String,
}

impl AwsConfig {
    /// Everything at one endpoint, in `us-east-1` with throw-away credentials: an emulator's.
    pub fn emulator(url: impl Into<String>) -> Self {
        let endpoint = Endpoint {
            region: Some("us-east-1".to_owned()),
            url: Some(url.into()),
            credentials: Some(crate::StaticCredentials {
                access_key_id: "test".to_owned(),
                secret_access_key: "test".to_owned(),
            }),
        };
        Self {
            sqs: SqsConfig {
                endpoint: endpoint.clone(),
                ..SqsConfig::default()
            },
            dynamodb: DynamoConfig {
                endpoint,
                ..DynamoConfig::default()
            },
        }
    }

    /// Reads `broker_url`, `result_backend` and their transport options. URLs of other schemes leave their part at its
    /// default; with an `sqs://` broker and no `result_backend`, the table `celery` is where the broker is.
    pub fn from_settings(settings: &Settings) -> Result<Self, AwsConfigError> {
        let sqs = sqs_config(settings)?;
        let dynamodb = dynamo_config(settings, &sqs.endpoint)?;
        Ok(Self { sqs, dynamodb })
    }
}

fn url_of_scheme(
    url: Option<&String>,
    setting: &'static str,
    scheme: &str,
) -> Result<Option<ServiceUrl>, AwsConfigError> {
    match url {
        Some(url) if ServiceUrl::scheme(url).as_deref() == Some(scheme) => ServiceUrl::parse(url)
            .map(Some)
            .map_err(|reason| AwsConfigError { setting, reason }),
        _ => Ok(None),
    }
}

fn sqs_config(settings: &Settings) -> Result<SqsConfig, AwsConfigError> {
    let options = &settings.broker_transport_options;
    let url = url_of_scheme(settings.broker_url.as_ref(), "broker_url", "sqs")?.unwrap_or_default();
    let amazon = url.host.as_deref().is_some_and(is_amazon);
    let secure = options.is_secure || amazon; // credentials never go to AWS in the clear
    let url_endpoint = url
        .authority()
        .map(|authority| format!("{}://{authority}", if secure { "https" } else { "http" }));
    let region = options
        .region
        .clone()
        .or_else(|| url.host.as_deref().and_then(amazon_region));
    Ok(SqsConfig {
        endpoint: Endpoint {
            region,
            url: options.endpoint_url.clone().or(url_endpoint),
            credentials: url.credentials,
        },
        queue_name_prefix: options.queue_name_prefix.clone(),
        predefined_queues: options.predefined_queues.clone(),
    })
}

fn dynamo_config(settings: &Settings, broker: &Endpoint) -> Result<DynamoConfig, AwsConfigError> {
    let options = &settings.result_backend_transport_options;
    let url = url_of_scheme(
        settings.result_backend.as_ref(),
        "result_backend",
        "dynamodb",
    )?;
    let expiry = settings
        .result_expires
        .map(|expires| expires.max(RETENTION));
    let mut endpoint = match &url {
        Some(url) => table_endpoint(url, broker),
        None => beside_broker(broker),
    };
    endpoint.url = options.endpoint_url.clone().or(endpoint.url);
    let (table, ttl) = match &url {
        Some(url) => (url.path.as_str(), ttl_of(url)?.unwrap_or(expiry)),
        None => ("", expiry),
    };
    let invalid = |setting, error: &dyn std::fmt::Display| AwsConfigError {
        setting,
        reason: error.to_string(),
    };
    let compression = settings.result_compression.as_deref().map(|name| {
        Compression::from_name(name).ok_or_else(|| {
            invalid(
                "result_compression",
                &format!("`{name}` is not a compression"),
            )
        })
    });
    let serializer = Serializer::from_name(&settings.result_serializer)
        .map_err(|error| invalid("result_serializer", &error))?;
    Ok(DynamoConfig {
        endpoint,
        table: table_name(table)?,
        ttl,
        key_prefix: options.global_keyprefix.clone(),
        codec: ResultCodec {
            serializer,
            compression: compression.transpose()?,
        },
        report_capacity: false,
    })
}

/// SPEC 9: `localhost` and addresses are endpoints, other hosts are regions; here, a host with a port is an endpoint too.
fn table_endpoint(url: &ServiceUrl, broker: &Endpoint) -> Endpoint {
    let host = url.host.as_deref().unwrap_or_default();
    let is_endpoint = host == "localhost"
        || url.port.is_some()
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let (region, endpoint_url) = match url.authority() {
        Some(authority) if is_endpoint => {
            (broker.region.clone(), Some(format!("http://{authority}")))
        }
        Some(_) => (Some(host.to_owned()), None),
        None => (broker.region.clone(), None),
    };
    Endpoint {
        region,
        url: endpoint_url,
        credentials: url.credentials.clone(),
    }
}

/// The table of a broker that is at AWS is at AWS; that of an emulator is in the emulator.
fn beside_broker(broker: &Endpoint) -> Endpoint {
    let url = broker
        .url
        .clone()
        .filter(|url| !is_amazon(url.rsplit('/').next().unwrap_or_default()));
    Endpoint {
        url,
        ..broker.clone()
    }
}

fn ttl_of(url: &ServiceUrl) -> Result<Option<Option<Duration>>, AwsConfigError> {
    let Some((_, text)) = url.query.iter().find(|(name, _)| name == "ttl_seconds") else {
        return Ok(None);
    };
    let seconds: i64 = text.parse().map_err(|_| AwsConfigError {
        setting: "result_backend",
        reason: format!("its `ttl_seconds` is `{text}`, not a whole number of seconds"),
    })?;
    Ok(Some(u64::try_from(seconds).ok().map(Duration::from_secs))) // negative: off, as in Celery
}

/// DynamoDB: 3 to 255 of `a-z A-Z 0-9 _ - .`. The name goes into PartiQL text, so this is also what keeps it harmless.
fn table_name(name: &str) -> Result<String, AwsConfigError> {
    let name = if name.is_empty() { DEFAULT_TABLE } else { name };
    let allowed = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    if allowed && (3..=255).contains(&name.len()) {
        return Ok(name.to_owned());
    }
    let reason =
        format!("the table name `{name}` must be 3 to 255 letters, digits, `_`, `-` or `.`");
    Err(AwsConfigError {
        setting: "result_backend",
        reason,
    })
}

fn is_amazon(host: &str) -> bool {
    let host = host.split(':').next().unwrap_or_default();
    host.ends_with(".amazonaws.com")
        || host.ends_with(".amazonaws.com.cn")
        || host.ends_with(".api.aws")
}

fn amazon_region(host: &str) -> Option<String> {
    let mut labels = host.strip_suffix(".amazonaws.com")?.split('.');
    (labels.next() == Some("sqs"))
        .then(|| labels.next().map(str::to_owned))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(broker: &str, backend: Option<&str>) -> Result<AwsConfig, AwsConfigError> {
        let settings = Settings {
            broker_url: Some(broker.to_owned()),
            result_backend: backend.map(str::to_owned),
            ..Settings::default()
        };
        AwsConfig::from_settings(&settings)
    }

    fn good(broker: &str, backend: Option<&str>) -> AwsConfig {
        config(broker, backend).expect("usable")
    }

    #[test]
    fn a_bare_broker_is_the_sdks_own() {
        let config = good("sqs://", None);
        assert_eq!(
            (config.sqs.endpoint, config.dynamodb.endpoint),
            (Endpoint::default(), Endpoint::default())
        );
        assert_eq!(
            (config.dynamodb.table.as_str(), config.dynamodb.ttl),
            ("celery", Some(RETENTION))
        );
    }

    #[test]
    fn an_emulator_serves_both() {
        let config = good("sqs://key:se%2Fcret@localhost:4566", None);
        let credentials = config
            .sqs
            .endpoint
            .credentials
            .clone()
            .expect("credentials");
        assert_eq!(credentials.secret_access_key, "se/cret");
        assert_eq!(
            config.sqs.endpoint.url.as_deref(),
            Some("http://localhost:4566")
        );
        assert_eq!(config.dynamodb.endpoint, config.sqs.endpoint);
    }

    #[test]
    fn amazons_own_host_gives_the_region_and_is_never_met_in_the_clear() {
        let config = good("sqs://sqs.eu-west-1.amazonaws.com", None);
        assert_eq!(
            config.sqs.endpoint.url.as_deref(),
            Some("https://sqs.eu-west-1.amazonaws.com")
        );
        assert_eq!(
            config.dynamodb.endpoint,
            Endpoint {
                region: Some("eu-west-1".to_owned()),
                ..Endpoint::default()
            }
        );
    }

    #[test]
    fn tables_are_in_regions_or_at_endpoints() {
        let in_region = good("sqs://", Some("dynamodb://@eu-central-1/results")).dynamodb;
        assert_eq!(
            in_region.endpoint,
            Endpoint {
                region: Some("eu-central-1".to_owned()),
                ..Endpoint::default()
            }
        );
        assert_eq!(in_region.table, "results");
        for (url, endpoint) in [
            ("dynamodb://k:s@localhost:8000/t-1", "http://localhost:8000"),
            ("dynamodb://k:s@127.0.0.1/t-1", "http://127.0.0.1"),
            (
                "dynamodb://k:s@ministack:4566/t-1?read=5&write=7",
                "http://ministack:4566",
            ),
            ("dynamodb://k:s@[::1]:8000/t-1", "http://[::1]:8000"),
        ] {
            let config = good("sqs://", Some(url)).dynamodb;
            assert_eq!(
                (config.endpoint.url.as_deref(), config.table.as_str()),
                (Some(endpoint), "t-1"),
                "{url}"
            );
            assert!(config.endpoint.credentials.is_some());
        }
    }

    #[test]
    fn the_url_decides_over_the_ttl() {
        let ttl = |query: &str| {
            good(
                "sqs://",
                Some(&format!("dynamodb://us-east-1/results{query}")),
            )
            .dynamodb
            .ttl
        };
        assert_eq!(ttl(""), Some(RETENTION));
        assert_eq!(ttl("?ttl_seconds=60"), Some(Duration::from_secs(60)));
        assert_eq!(ttl("?ttl_seconds=-1"), None);
        let longer = Settings {
            result_expires: Some(Duration::from_secs(30 * 86_400)),
            ..Settings::default()
        };
        assert_eq!(
            AwsConfig::from_settings(&longer)
                .expect("usable")
                .dynamodb
                .ttl,
            Some(Duration::from_secs(30 * 86_400))
        );
    }

    #[test]
    fn what_cannot_be_used_is_named_without_secrets() {
        for (broker, backend, part) in [
            ("sqs://key:hunter2@host:port", None, "port"),
            (
                "sqs://",
                Some("dynamodb://k:hunter2@h/t?ttl_seconds=soon"),
                "ttl_seconds",
            ),
            ("sqs://", Some("dynamodb://us-east-1/a\"b"), "table name"),
            ("sqs://", Some("dynamodb://us-east-1/ab"), "table name"),
        ] {
            let error = config(broker, backend).expect_err("unusable").to_string();
            assert!(
                error.contains(part) && !error.contains("hunter2"),
                "{error}"
            );
        }
    }
}
