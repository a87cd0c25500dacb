use celeriac_core::Settings;

use crate::aws_config_error::AwsConfigError;
use crate::dynamo_config::DynamoConfig;
use crate::service_url::{Endpoint, StaticCredentials};
use crate::sqs_config::SqsConfig;

/// What the adapters need to know, read from the settings. Every field can be set by hand as well.
#[derive(Clone, Debug, Default)]
pub struct AwsConfig {
    /// The broker's part.
    pub sqs: SqsConfig,
    /// The result store's part.
    pub dynamodb: DynamoConfig,
}

impl AwsConfig {
    /// Everything at one endpoint, in `us-east-1` with throw-away credentials: an emulator's.
    pub fn emulator(url: impl Into<String>) -> Self {
        let endpoint = Endpoint {
            region: Some("us-east-1".to_owned()),
            url: Some(url.into()),
            credentials: Some(StaticCredentials {
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

    /// Reads `broker_url`, `result_backend` and their transport options. URLs of other schemes
    /// leave their part at its default; with an `sqs://` broker and no `result_backend`, the table
    /// `celery` is where the broker is.
    pub fn from_settings(settings: &Settings) -> Result<Self, AwsConfigError> {
        let sqs = SqsConfig::of(settings)?;
        let dynamodb = DynamoConfig::of(settings, &sqs.endpoint)?;
        Ok(Self { sqs, dynamodb })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::dynamo_config::RETENTION;

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
    fn a_fifo_queue_has_the_name_of_one() {
        let of = |name: &str, url: &str| {
            let mut settings = Settings {
                broker_url: Some("sqs://".to_owned()),
                ..Settings::default()
            };
            let predefined = &mut settings.broker_transport_options.predefined_queues;
            predefined.insert(name.to_owned(), format!("https://host/1/{url}"));
            AwsConfig::from_settings(&settings).map(drop)
        };
        of("jobs.fifo", "jobs.fifo").expect("it has");
        of("jobs", "other").expect("it is none");
        let error = of("jobs", "jobs.fifo").expect_err("not by its name");
        assert!(error.reason.contains("name it `jobs.fifo`"), "{error:?}");
        let error = of("jobs.fifo", "jobs").expect_err("by its name alone");
        assert!(error.reason.contains("without `.fifo`"), "{error:?}");
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
        assert_eq!(
            ttl("?ttl_seconds=60"),
            Some(RETENTION),
            "as long as messages"
        );
        assert_eq!(ttl("?ttl_seconds=864000"), Some(Duration::from_hours(240)));
        assert_eq!(ttl("?ttl_seconds=-1"), None);
        let longer = Settings {
            result_expires: Some(Duration::from_hours(720)),
            ..Settings::default()
        };
        assert_eq!(
            AwsConfig::from_settings(&longer)
                .expect("usable")
                .dynamodb
                .ttl,
            Some(Duration::from_hours(720))
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
