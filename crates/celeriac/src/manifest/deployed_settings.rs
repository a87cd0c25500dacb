use std::collections::BTreeMap;

use celeriac_aws::{AwsConfig, Endpoint};
use celeriac_core::Settings;

use crate::Error;
use crate::connect::aws_config;
use crate::place::{Place, without_secrets};

/// The settings that a deployed program is to have: those that the manifest was printed with, but
/// for what belongs to the machine that printed it, and for secrets.
pub(super) struct DeployedSettings {
    pub(super) settings: Settings,
    pub(super) config: AwsConfig,
    /// What was left out, a sentence each.
    pub(super) notes: Vec<String>,
}

impl DeployedSettings {
    pub(super) fn of(settings: &Settings) -> Result<Self, Error> {
        let settings = on_aws(settings);
        let mut deployed = Self {
            config: aws_config(&settings)?,
            settings,
            notes: Vec::new(),
        };
        deployed.take_broker();
        deployed.take_results()?;
        deployed.take_predefined_queues();
        deployed.leave_the_rest_out();
        deployed.config = aws_config(&deployed.settings)?;
        Ok(deployed)
    }

    /// Only an endpoint of AWS is one for the deployed program, and only the region that goes with
    /// one.
    fn take_broker(&mut self) {
        let endpoint = self.config.sqs.endpoint.clone();
        let options = &mut self.settings.broker_transport_options;
        options.is_secure = false;
        self.settings.broker_url = Some("sqs://".to_owned());
        if !endpoint.is_aws() {
            options.region = None;
            options.endpoint_url = None;
            self.leave_out_endpoint("broker", &endpoint);
            return;
        }
        options.region.clone_from(&endpoint.region);
        options.endpoint_url = endpoint.url.as_deref().map(without_credentials);
        if endpoint.credentials.is_some() {
            self.leave_out_key("broker_url");
        }
    }

    fn take_results(&mut self) -> Result<(), Error> {
        let broker = Place::of_broker(&self.settings)?;
        if Place::of_results(&self.settings, &broker)? == Place::Disabled {
            self.settings.result_backend = Some("disabled://".to_owned());
            return Ok(());
        }
        let given = self.settings.result_backend.clone().unwrap_or_default();
        let endpoint = self.config.dynamodb.endpoint.clone();
        let options = &mut self.settings.result_backend_transport_options;
        let region = if endpoint.is_aws() {
            options.endpoint_url = endpoint.url.as_deref().map(without_credentials);
            endpoint.region.clone()
        } else {
            options.endpoint_url = None;
            self.settings.broker_transport_options.region.clone()
        };
        let table = &self.config.dynamodb.table;
        let ttl = ttl_of(&given).map_or_else(String::new, |ttl| format!("?ttl_seconds={ttl}"));
        let host = region.unwrap_or_default();
        self.settings.result_backend = Some(format!("dynamodb://{host}/{table}{ttl}"));
        if !endpoint.is_aws() && endpoint != self.config.sqs.endpoint {
            self.leave_out_endpoint("result table", &endpoint);
        } else if endpoint.is_aws() && given.contains('@') && !given.contains("//@") {
            self.leave_out_key("result_backend");
        }
        Ok(())
    }

    fn take_predefined_queues(&mut self) {
        let queues = std::mem::take(&mut self.settings.broker_transport_options.predefined_queues);
        let mut kept = BTreeMap::new();
        for (name, url) in queues {
            let plain = without_credentials(&url);
            if !self.config.sqs.is_predefined_at_aws(&name) {
                self.notes.push(format!(
                    "`predefined_queues`: `{name}` is at `{}`, which is not AWS: it is left out",
                    without_secrets(&url)
                ));
                continue;
            }
            if plain != url {
                self.leave_out_key("predefined_queues");
            }
            kept.insert(name, plain);
        }
        self.settings.broker_transport_options.predefined_queues = kept;
    }

    fn leave_the_rest_out(&mut self) {
        // they are the manifest's schedules
        self.settings.beat_schedule.clear();
        let options = &mut self.settings.broker_transport_options;
        if std::mem::take(&mut options.create_missing_queues) {
            self.notes.push(
                "`create_missing_queues` is left out: whoever applies the manifest makes the queues, and the roles may not".to_owned(),
            );
        }
    }

    fn leave_out_endpoint(&mut self, what: &str, endpoint: &Endpoint) {
        let url = endpoint.url.as_deref().unwrap_or_default();
        self.notes.push(format!(
            "the {what} at `{}` is this machine's: it is left out with its region and its access key, and the deployed program uses AWS",
            without_secrets(url)
        ));
    }

    fn leave_out_key(&mut self, setting: &str) {
        self.notes.push(format!(
            "the access key in `{setting}` is left out, since it is secret: the deployed program has the rights of its role"
        ));
    }
}

/// A laptop's settings as they would be on AWS. Nothing is opened for them.
pub(crate) fn on_aws(settings: &Settings) -> Settings {
    let mut settings = settings.clone();
    if !matches!(Place::of_broker(&settings), Ok(Place::Aws(_))) {
        settings.broker_url = Some("sqs://".to_owned());
    }
    let sqs = Place::Aws("sqs://".to_owned());
    if let Ok(Place::Sqlite(_)) = Place::of_results(&settings, &sqs) {
        settings.result_backend = None;
    }
    settings
}

/// `ttl_seconds` of a result URL: the only part of its query that has a meaning here.
fn ttl_of(url: &str) -> Option<&str> {
    let (_, query) = url.split_once('?')?;
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let ttl = pairs.into_iter().find(|(name, _)| *name == "ttl_seconds");
    ttl.map(|(_, seconds)| seconds)
}

/// `https://KEY:SECRET@HOST/PATH` as `https://HOST/PATH`.
fn without_credentials(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
            format!("{scheme}://{rest}")
        }
        None => url.to_owned(),
    }
}
