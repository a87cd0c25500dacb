use std::fmt;

use celeriac_core::Settings;

use crate::Error;

/// The file of broker and results where nothing is configured.
const DEFAULT_FILE: &str = "celeriac.sqlite";

/// What an `sqs://` broker without `result_backend` means.
const BESIDE_SQS: &str = "dynamodb://";

/// Where messages or results are, by the scheme of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// `sqlite:...`
    Sqlite(String),
    /// `sqs://...` or `dynamodb://...`
    Aws(String),
    /// `disabled://`
    Disabled,
}

impl Place {
    pub(crate) fn of_broker(settings: &Settings) -> Result<Self, Error> {
        let Some(url) = given(settings.broker_url.as_ref()) else {
            return Ok(Self::Sqlite(format!("sqlite:{DEFAULT_FILE}")));
        };
        let url = &with_plain_scheme(url);
        match scheme(url) {
            "sqlite" => Ok(Self::Sqlite(url.clone())),
            "sqs" => Ok(Self::Aws(url.clone())),
            _ => Err(unknown(
                "broker_url",
                url,
                "`sqs://` (region and credentials from the environment) or `sqlite:PATH`",
            )),
        }
    }

    /// Unset results are where the broker is: in its file, or in DynamoDB's table `celery` beside
    /// SQS.
    pub(crate) fn of_results(settings: &Settings, broker: &Self) -> Result<Self, Error> {
        let Some(url) = given(settings.result_backend.as_ref()) else {
            return Ok(match broker {
                Self::Aws(_) => Self::Aws(BESIDE_SQS.to_owned()),
                other => other.clone(),
            });
        };
        let url = &with_plain_scheme(url);
        match scheme(url) {
            "sqlite" => Ok(Self::Sqlite(url.clone())),
            "dynamodb" => Ok(Self::Aws(url.clone())),
            "disabled" => Ok(Self::Disabled),
            _ => Err(unknown(
                "result_backend",
                url,
                "`dynamodb://REGION/TABLE`, `sqlite:PATH` or `disabled://`",
            )),
        }
    }

    /// The URL of an SQLite database.
    pub(crate) fn database_url(&self) -> Option<&str> {
        match self {
            Self::Sqlite(url) => Some(url),
            Self::Aws(_) | Self::Disabled => None,
        }
    }

    /// Whether it ends with this process.
    pub(crate) fn is_memory(&self) -> bool {
        self.database_url()
            .is_some_and(|url| url.ends_with(":memory:"))
    }

    /// Where a default was taken because nothing was set.
    pub(crate) fn note(settings: &Settings) -> Option<String> {
        if given(settings.broker_url.as_ref()).is_some() {
            return None;
        }
        let folder = std::env::current_dir().unwrap_or_default();
        let note = format!(
            "no `broker_url` is set: using SQLite in {}",
            folder.join(DEFAULT_FILE).display()
        );
        Some(match std::env::var_os("CELERY_BROKER_URL") {
            Some(_) => {
                format!("{note} (`CELERY_BROKER_URL` is Celery's: set `CELERIAC_BROKER_URL`)")
            }
            None => note,
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aws(url) if url == BESIDE_SQS => {
                f.write_str("the DynamoDB table `celery` of the same account and region")
            }
            Self::Sqlite(url) => f.write_str(url),
            Self::Aws(url) => f.write_str(&without_secrets(url)),
            Self::Disabled => f.write_str("disabled"),
        }
    }
}

fn given(url: Option<&String>) -> Option<&str> {
    url.map(String::as_str).filter(|url| !url.is_empty())
}

/// A scheme is the same in capitals (RFC 3986, 3.1); here it is in small letters.
fn with_plain_scheme(url: &str) -> String {
    let (scheme, rest) = url.split_at(scheme(url).len());
    scheme.to_ascii_lowercase() + rest
}

fn scheme(url: &str) -> &str {
    url.split_once(':').map_or("", |(scheme, _)| scheme)
}

fn unknown(setting: &'static str, url: &str, right: &str) -> Error {
    Error::Url {
        setting,
        url: without_secrets(url),
        reason: format!("is not a URL that celeriac knows: {right} is"),
    }
}

/// `sqs://KEY:SECRET@HOST` as `sqs://***@HOST`, and `KEY:SECRET@HOST` as `***@HOST`. A secret may
/// hold slashes, so the credentials end at the last `@`.
pub(crate) fn without_secrets(url: &str) -> String {
    let Some((credentials, rest)) = url.rsplit_once('@') else {
        return url.to_owned();
    };
    match credentials.split_once("://") {
        Some((scheme, _)) if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            format!("{scheme}://***@{rest}")
        }
        _ => format!("***@{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(broker: Option<&str>, results: Option<&str>) -> Result<(Place, Place), Error> {
        let settings = Settings {
            broker_url: broker.map(str::to_owned),
            result_backend: results.map(str::to_owned),
            ..Settings::default()
        };
        let broker = Place::of_broker(&settings)?;
        let results = Place::of_results(&settings, &broker)?;
        Ok((broker, results))
    }

    #[test]
    fn nothing_set_is_one_file_for_both() {
        let file = Place::Sqlite("sqlite:celeriac.sqlite".into());
        assert_eq!(places(None, None).expect("places"), (file.clone(), file));
        assert!(
            Place::note(&Settings::default()).is_some_and(|note| note.contains("celeriac.sqlite"))
        );
    }

    #[test]
    fn results_are_where_the_broker_is() {
        let (_, results) = places(Some("sqs://"), None).expect("places");
        assert_eq!(results, Place::Aws("dynamodb://".into()));
        let (broker, results) = places(Some("SQS://"), Some("DynamoDB://a/b")).expect("places");
        assert_eq!(broker, Place::Aws("sqs://".into()));
        assert_eq!(results, Place::Aws("dynamodb://a/b".into()));
        let (broker, _) = places(Some("SQLite:Some/File"), None).expect("places");
        assert_eq!(broker, Place::Sqlite("sqlite:Some/File".into()));
        let (_, results) = places(Some("sqlite:x"), Some("disabled://")).expect("places");
        assert_eq!(results, Place::Disabled);
    }

    #[test]
    fn other_brokers_are_refused_without_showing_the_password() {
        let error = places(Some("amqp://user:hunter2@host//"), None)
            .expect_err("not ours")
            .to_string();
        assert!(
            error.contains("`broker_url`") && error.contains("`sqs://`"),
            "{error}"
        );
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn secrets_are_hidden_in_urls_of_any_form() {
        for (url, shown) in [
            ("sqs://key:s3cret@host:1", "sqs://***@host:1"),
            ("sqs://key:s3/cr@t@host", "sqs://***@host"),
            ("u:s3cret@host", "***@host"),
            ("s3cret@", "***@"),
            ("u:s3://cret@host", "***@host"),
            ("u:s3cret@host://x", "***@host://x"),
            ("sqs:u:s3cret@host", "***@host"),
            ("sqs://", "sqs://"),
        ] {
            assert_eq!(without_secrets(url), shown);
        }
        let error = places(Some("u:s3cret@host"), None).expect_err("no scheme");
        assert!(!error.to_string().contains("s3cret"), "{error}");
        let file = Place::Sqlite("sqlite:/home/me@work/a.sqlite".into());
        assert_eq!(file.to_string(), "sqlite:/home/me@work/a.sqlite");
    }
}
