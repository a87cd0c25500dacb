use std::fmt;

use celeriac_protocol::{Compression, DecodeErrorKind, Envelope, Serializer, Value};

use crate::setting_value::SettingValue;

/// `accept_content`: the serializers of messages that a worker reads, and their compressions where
/// it names any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptContent {
    /// As the setting has them: Celery's names, or MIME types.
    names: Vec<String>,
    serializers: Vec<Serializer>,
    /// Empty: all that this build has.
    compressions: Vec<Compression>,
}

impl AcceptContent {
    /// Of names such as `json`, `application/x-yaml` or `gzip`. `pickle` may be among them, and is
    /// never read.
    ///
    /// # Errors
    /// A name that is neither a serializer nor a compression, or no serializer that can be read.
    pub fn new<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Result<Self, String> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let (mut serializers, mut compressions) = (Vec::new(), Vec::new());
        for name in &names {
            if let Some(compression) = Compression::from_name(name) {
                compressions.push(compression);
                continue;
            }
            match Serializer::from_name(name).map_err(|error| error.kind) {
                Ok(serializer) => serializers.push(serializer),
                Err(DecodeErrorKind::Pickle) => {}
                Err(_) => return Err(format!("expected {}, got `{name}`", Self::KIND)),
            }
        }
        if serializers.is_empty() {
            return Err(format!(
                "it names no serializer that can be read: expected {}",
                Self::KIND
            ));
        }
        Ok(Self {
            names,
            serializers,
            compressions,
        })
    }

    /// Whether `pickle` is among the names.
    pub(crate) fn names_pickle(&self) -> bool {
        let kind = |name: &String| Serializer::from_name(name).map_err(|error| error.kind);
        let is_pickle = |name| matches!(kind(name), Err(DecodeErrorKind::Pickle));
        self.names.iter().any(is_pickle)
    }

    /// Whether a message may be read.
    ///
    /// # Errors
    /// What is not accepted.
    pub fn check(&self, envelope: &Envelope) -> Result<(), DecodeErrorKind> {
        let not_accepted = |name: &str| Err(DecodeErrorKind::NotAccepted(name.to_owned()));
        let serializer = Serializer::from_name(&envelope.content_type);
        let serializer = serializer.map_err(|error| error.kind)?;
        if !self.serializers.contains(&serializer) {
            return not_accepted(&envelope.content_type);
        }
        let Some(name) = envelope.headers.compression.as_deref() else {
            return Ok(());
        };
        match Compression::from_name(name) {
            Some(known) if !self.accepts(known) => not_accepted(name),
            _ => Ok(()),
        }
    }

    fn accepts(&self, compression: Compression) -> bool {
        self.compressions.is_empty() || self.compressions.contains(&compression)
    }
}

impl SettingValue for AcceptContent {
    const KIND: &'static str = "a list of `json`, `msgpack`, `yaml`, and of compressions";

    fn read(raw: Value) -> Result<Self, String> {
        Self::new(Vec::<String>::read(raw)?)
    }

    fn raw(&self) -> Value {
        self.names.raw()
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.names.show(f)
    }
}

#[cfg(test)]
mod tests {
    use celeriac_protocol::Limits;

    use super::*;

    fn envelope(content_type: &str, compression: Option<&str>) -> Envelope {
        let headers = r#"{"task": "t", "id": "i"}"#;
        let body = format!(
            r#"{{"body": "W10=", "content-type": "{content_type}", "headers": {headers}, "properties": {{}}}}"#
        );
        let mut envelope = Envelope::decode(&body, &Limits::default()).expect("an envelope");
        envelope.headers.compression = compression.map(str::to_owned);
        envelope
    }

    #[test]
    fn what_is_not_named_is_not_read() {
        let json = AcceptContent::new(["json", "pickle"]).expect("names");
        let check = |content_type, compression| json.check(&envelope(content_type, compression));
        assert_eq!(check("application/json", None), Ok(()));
        assert_eq!(
            check("application/json", Some("application/x-gzip")),
            Ok(())
        );
        let refused = DecodeErrorKind::NotAccepted("application/x-yaml".to_owned());
        assert_eq!(check("application/x-yaml", None), Err(refused));
        let pickle = check("application/x-python-serialize", None);
        assert_eq!(pickle, Err(DecodeErrorKind::Pickle));

        let zstd = AcceptContent::new(["application/json", "zstd"]).expect("names");
        let check = |compression| zstd.check(&envelope("application/json", compression));
        assert_eq!(check(None), Ok(()));
        assert_eq!(check(Some("application/zstd")), Ok(()));
        let refused = DecodeErrorKind::NotAccepted("application/x-bz2".to_owned());
        assert_eq!(check(Some("application/x-bz2")), Err(refused));
    }

    #[test]
    fn names_that_mean_nothing_are_refused() {
        for names in [&["jsn"][..], &["pickle"], &["gzip"], &[]] {
            assert!(
                AcceptContent::new(names.iter().copied()).is_err(),
                "{names:?}"
            );
        }
    }
}
