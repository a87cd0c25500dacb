use std::net::IpAddr;
use std::time::Duration;

use celeriac_core::Settings;
use celeriac_protocol::ResultCodec;

use crate::aws_config_error::AwsConfigError;
use crate::service_url::{Endpoint, ServiceUrl};

/// How long SQS keeps a message unless told otherwise: a ledger item outlives the message it guards
/// against.
pub(crate) const RETENTION: Duration = Settings::LEAST_RESULT_TTL;
const DEFAULT_TABLE: &str = "celery";

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
    /// Asks DynamoDB for the capacity each write consumed, and adds it up in
    /// [`crate::RequestCounts`]. For tests and benchmarks.
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

impl DynamoConfig {
    /// Of `result_backend`, its transport options and what the settings say of results.
    pub(crate) fn of(settings: &Settings, broker: &Endpoint) -> Result<Self, AwsConfigError> {
        let options = &settings.result_backend_transport_options;
        let url = ServiceUrl::of_setting(
            "result_backend",
            settings.result_backend.as_ref(),
            "dynamodb",
        )?;
        let expiry = settings.result_ttl();
        let mut endpoint = match &url {
            Some(url) => table_endpoint(url, broker),
            None => broker.beside(),
        };
        endpoint.url = options.endpoint_url.clone().or(endpoint.url);
        let (table, ttl) = match &url {
            Some(url) => (url.path.as_str(), ttl_of(url, expiry)?),
            None => ("", expiry),
        };
        Ok(Self {
            endpoint,
            table: table_name(table)?,
            ttl,
            key_prefix: options.global_keyprefix.clone(),
            codec: settings.result_codec(),
            report_capacity: false,
        })
    }
}

/// SPEC 9: `localhost` and addresses are endpoints, other hosts are regions; here, a host with a
/// port is an endpoint too.
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

/// `ttl_seconds` of the URL: over the settings, and off where it is negative, as in Celery. As long
/// as messages live at least: a copy of one must find that its task has ended.
fn ttl_of(
    url: &ServiceUrl,
    otherwise: Option<Duration>,
) -> Result<Option<Duration>, AwsConfigError> {
    let Some((_, text)) = url.query.iter().find(|(name, _)| name == "ttl_seconds") else {
        return Ok(otherwise);
    };
    let seconds: i64 = text.parse().map_err(|_| AwsConfigError {
        setting: "result_backend",
        reason: format!("its `ttl_seconds` is `{text}`, not a whole number of seconds"),
    })?;
    let asked = u64::try_from(seconds).ok().map(Duration::from_secs);
    Ok(asked.map(|ttl| ttl.max(RETENTION)))
}

/// DynamoDB: 3 to 255 of `a-z A-Z 0-9 _ - .`. The name goes into PartiQL text, so this is also what
/// keeps it harmless.
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
