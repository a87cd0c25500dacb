use std::borrow::Cow;
use std::fmt;

use percent_encoding::percent_decode_str;

use crate::aws_config_error::AwsConfigError;

/// Where an AWS service is, and whose credentials its requests carry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// `None`: the SDK's own chain (environment, profile, instance), or `us-east-1` where `url` is
    /// set.
    pub region: Option<String>,
    /// Any endpoint, such as an emulator's or a VPC endpoint's. `None`: AWS's own for the region.
    pub url: Option<String>,
    /// `None`: the SDK's own chain.
    pub credentials: Option<StaticCredentials>,
}

impl Endpoint {
    /// Whether it is AWS itself, and no emulator.
    pub fn is_aws(&self) -> bool {
        self.url.as_deref().is_none_or(is_at_amazon)
    }

    /// Where the services are that go with one at this endpoint: an emulator's in the emulator,
    /// AWS's at AWS.
    pub(crate) fn beside(&self) -> Self {
        let own = |url: &String| is_at_amazon(url);
        Self {
            url: self.url.clone().filter(|url| !own(url)),
            ..self.clone()
        }
    }
}

/// An access key, as a URL carries it.
#[derive(Clone, PartialEq, Eq)]
pub struct StaticCredentials {
    /// The access key's id.
    pub access_key_id: String,
    /// The secret. Never shown.
    pub secret_access_key: String,
}

impl fmt::Debug for StaticCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticCredentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// The parts of `scheme://KEY:SECRET@HOST:PORT/PATH?QUERY`, decoded.
///
/// Not a general URL: an AWS secret may hold a bare `/` or `+`, so the credentials end at the last
/// `@`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ServiceUrl {
    pub(crate) credentials: Option<StaticCredentials>,
    pub(crate) host: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
}

impl ServiceUrl {
    /// The parts of a setting's URL, if it has one with this scheme.
    pub(crate) fn of_setting(
        setting: &'static str,
        url: Option<&String>,
        scheme: &str,
    ) -> Result<Option<Self>, AwsConfigError> {
        url.filter(|url| Self::scheme(url).as_deref() == Some(scheme))
            .map(|url| Self::parse(url).map_err(|reason| AwsConfigError { setting, reason }))
            .transpose()
    }

    /// The scheme in front of `://` (or `:`), in lower case.
    fn scheme(url: &str) -> Option<String> {
        url.split_once(':')
            .map(|(scheme, _)| scheme.to_ascii_lowercase())
    }

    /// Reads what follows the scheme. The error is a text for people and never repeats the
    /// credentials.
    fn parse(url: &str) -> Result<Self, String> {
        let (_, rest) = url.split_once("://").ok_or("it has no `://`")?;
        let (userinfo, location) = match rest.rsplit_once('@') {
            Some((userinfo, location)) => (Some(userinfo), location),
            None => (None, rest),
        };
        let (location, query) = location.split_once('?').unwrap_or((location, ""));
        let (authority, path) = location.split_once('/').unwrap_or((location, ""));
        let (host, port) = split_port(authority)?;
        Ok(Self {
            credentials: userinfo.map(parse_credentials).transpose()?.flatten(),
            host: (!host.is_empty()).then(|| host.to_owned()),
            port,
            path: decode(path.trim_matches('/'))?,
            query: parse_query(query)?,
        })
    }

    /// `host` or `host:port`.
    pub(crate) fn authority(&self) -> Option<String> {
        let host = self.host.as_ref()?;
        Some(match self.port {
            Some(port) => format!("{host}:{port}"),
            None => host.clone(),
        })
    }
}

/// Whether a host is AWS's own.
/// Whether this is a URL of AWS, with or without a path.
pub(crate) fn is_at_amazon(url: &str) -> bool {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = authority.split('/').next().unwrap_or_default();
    is_amazon(authority.rsplit('@').next().unwrap_or_default())
}

pub(crate) fn is_amazon(host: &str) -> bool {
    let host = host.split(':').next().unwrap_or_default();
    host.ends_with(".amazonaws.com")
        || host.ends_with(".amazonaws.com.cn")
        || host.ends_with(".api.aws")
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), String> {
    // an IPv6 address has colons of its own
    let after_bracket = authority.rfind(']').map_or(0, |end| end + 1);
    match authority[after_bracket..].rfind(':') {
        None => Ok((authority, None)),
        Some(at) => {
            let (host, port) = (
                &authority[..after_bracket + at],
                &authority[after_bracket + at + 1..],
            );
            if port.is_empty() {
                return Ok((host, None));
            }
            let port = port
                .parse()
                // it may be a secret key, where the `@` is missing
                .map_err(|_| "its port is not a number up to 65535".to_owned())?;
            Ok((host, Some(port)))
        }
    }
}

fn parse_credentials(userinfo: &str) -> Result<Option<StaticCredentials>, String> {
    if userinfo.is_empty() || userinfo == ":" {
        return Ok(None);
    }
    let (key, secret) = userinfo
        .split_once(':')
        .ok_or("it has an access key without `:` and its secret")?;
    if key.is_empty() || secret.is_empty() {
        return Err(
            "it needs both an access key and its secret in front of `@`, or neither".to_owned(),
        );
    }
    Ok(Some(StaticCredentials {
        access_key_id: decode(key)?,
        secret_access_key: decode(secret)?,
    }))
}

fn parse_query(query: &str) -> Result<Vec<(String, String)>, String> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

fn decode(text: &str) -> Result<String, String> {
    percent_decode_str(text)
        .decode_utf8()
        .map(Cow::into_owned)
        .map_err(|_| "a percent-encoded part is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> ServiceUrl {
        ServiceUrl::parse(url).expect("a good URL")
    }

    #[test]
    fn bare_schemes_carry_nothing() {
        assert_eq!(parse("sqs://"), ServiceUrl::default());
        assert_eq!(parse("sqs://@"), ServiceUrl::default());
        assert_eq!(ServiceUrl::scheme("SQS://").as_deref(), Some("sqs"));
    }

    #[test]
    fn credentials_are_decoded_and_may_hold_slashes() {
        let url = parse("sqs://AKIA:a%2Fb%40c/d+e@localhost:4566//");
        let credentials = url.credentials.clone().expect("credentials");
        assert_eq!(
            (
                credentials.access_key_id.as_str(),
                credentials.secret_access_key.as_str()
            ),
            ("AKIA", "a/b@c/d+e")
        );
        assert_eq!(
            (url.authority().as_deref(), url.path.as_str()),
            (Some("localhost:4566"), "")
        );
    }

    #[test]
    fn secrets_are_not_shown() {
        let url = parse("sqs://AKIA:hunter2@localhost");
        assert!(!format!("{url:?}").contains("hunter2"));
        for bad in [
            "sqs://AKIA:hunter2@h:99999",
            "sqs://hunter2@h",
            "sqs://:hunter2@h",
            "sqs://a:hunter2%FF@h",
        ] {
            assert!(
                !ServiceUrl::parse(bad).expect_err(bad).contains("hunter2"),
                "{bad}"
            );
        }
    }

    #[test]
    fn paths_and_queries_are_split() {
        let url = parse("dynamodb://us-east-1/my-table?ttl_seconds=60&read=5&x");
        assert_eq!(
            (url.host.as_deref(), url.path.as_str()),
            (Some("us-east-1"), "my-table")
        );
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            url.query,
            [pair("ttl_seconds", "60"), pair("read", "5"), pair("x", "")]
        );
        assert_eq!(
            parse("sqs://[::1]:99").authority().as_deref(),
            Some("[::1]:99")
        );
        assert_eq!(parse("sqs://[::1]").port, None);
    }
}
