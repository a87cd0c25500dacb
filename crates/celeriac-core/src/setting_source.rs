//! Where settings come from: a TOML file and the environment.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use celeriac_protocol::{Dict, Serializer, Value};

use crate::setting::{Problem, SettingGroup, SettingList};
use crate::setting_value::{assign_all, from_toml};
use crate::{
    BrokerTransportOptions, ResultBackendTransportOptions, Settings, SettingsError, setting_note,
    text_file,
};

/// In front of the environment variables' names.
const PREFIX: &str = "CELERIAC_";
/// Names the settings file.
const CONFIG: &str = "CELERIAC_CONFIG";
/// Read when `CELERIAC_CONFIG` is not set, if it is there.
const DEFAULT_FILE: &str = "celeriac.toml";
/// Variables of tests are none of ours.
const TEST_PREFIX: &str = "CELERIAC_TEST_";

impl Settings {
    /// These settings, then `celeriac.toml` of the working directory (or the file `CELERIAC_CONFIG`
    /// names), then the environment.
    pub fn load(self) -> Result<Self, SettingsError> {
        let (settings, notes) = self.load_with_notes()?;
        warn(&notes);
        Ok(settings)
    }

    /// The same, and what was passed over since it has no meaning here, a line each: for a program
    /// that sets up its log by the settings.
    pub fn load_with_notes(mut self) -> Result<(Self, Vec<String>), SettingsError> {
        SettingGroup::check_all(&self).map_err(|problem| error(problem, "code"))?;
        let mut notes = Vec::new();
        if let Some((path, text)) = settings_file()? {
            notes.extend(self.toml(&text, &path)?);
        }
        let variables = std::env::vars_os().map(|(name, value)| {
            (
                name.to_string_lossy().into_owned(),
                value.to_string_lossy().into_owned(),
            )
        });
        notes.extend(self.environment(variables)?);
        Ok((self, notes))
    }

    /// Applies a TOML file's text. `path` is for errors alone.
    pub fn apply_toml(&mut self, text: &str, path: &Path) -> Result<(), SettingsError> {
        warn(&self.toml(text, path)?);
        Ok(())
    }

    fn toml(&mut self, text: &str, path: &Path) -> Result<Vec<String>, SettingsError> {
        let origin = path.display().to_string();
        let document: toml::Table =
            text.parse()
                .map_err(|error: toml::de::Error| SettingsError {
                    name: String::new(),
                    origin: origin.clone(),
                    reason: format!("not TOML: {}", error.to_string().trim_end()),
                })?;
        let values = document
            .into_iter()
            .map(|(name, value)| (name, from_toml(value)))
            .collect();
        self.apply(values, &origin)
    }

    /// Sets them, and gives what is passed over.
    fn apply(&mut self, values: Dict, origin: &str) -> Result<Vec<String>, SettingsError> {
        let notes = setting_note::passed_over(&values, origin);
        assign_all(self, from_celery(values)).map_err(|problem| error(problem, origin))?;
        Ok(notes)
    }

    /// Applies variables named `CELERIAC_...`; unknown ones are errors that name the nearest
    /// setting. A setting inside of a group is named with two underscores:
    /// `CELERIAC_BROKER_TRANSPORT_OPTIONS__REGION`. Tables are inline TOML or JSON.
    pub fn apply_env(
        &mut self,
        vars: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), SettingsError> {
        warn(&self.environment(vars)?);
        Ok(())
    }

    fn environment(
        &mut self,
        vars: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Vec<String>, SettingsError> {
        let mut notes = Vec::new();
        let mut ours: Vec<(String, String)> = vars
            .into_iter()
            .filter(|(name, value)| is_setting(name) && !is_of_kubernetes(name, value))
            .collect();
        ours.sort(); // a whole group before what is inside of it
        for (variable, text) in ours {
            let name = variable[PREFIX.len()..].to_ascii_lowercase();
            one_underscore(&variable, &name)?;
            let value = match name.split_once("__") {
                Some((group, inner)) => (
                    group.to_owned(),
                    Value::Dict(Dict::from([(inner.to_owned(), Value::Str(text))])),
                ),
                None => (name, Value::Str(text)),
            };
            let origin = format!("environment variable {variable}");
            notes.extend(self.apply(Dict::from([value]), &origin)?);
        }
        Ok(notes)
    }

    /// The environment variables that make these settings of `before`, as [`Self::apply_env`] reads
    /// them; with whatever is secret in them. Entries that `beat_schedule` has no more stay: they
    /// can be replaced, but not taken away.
    ///
    /// ```
    /// use celeriac_core::Settings;
    ///
    /// let mut settings = Settings::default();
    /// settings.broker_transport_options.queue_name_prefix = "staging-".to_owned();
    /// let variables = settings.variables_over(&Settings::default());
    /// let name = "CELERIAC_BROKER_TRANSPORT_OPTIONS__QUEUE_NAME_PREFIX";
    /// assert_eq!(variables[name], "staging-");
    /// ```
    pub fn variables_over(&self, before: &Self) -> BTreeMap<String, String> {
        let variable = |(name, value): (String, Value)| {
            let name = format!("{PREFIX}{}", name.to_ascii_uppercase());
            (name, text_of(&value))
        };
        let changes = SettingGroup::changes(self, before);
        changes.into_iter().map(variable).collect()
    }

    /// All settings, by group, for documentation.
    pub fn reference() -> [SettingList; 3] {
        [
            SettingList::of::<Self>(""),
            SettingList::of::<BrokerTransportOptions>("broker_transport_options"),
            SettingList::of::<ResultBackendTransportOptions>("result_backend_transport_options"),
        ]
    }
}

/// A value as the environment has it; tables and lists are JSON.
fn text_of(value: &Value) -> String {
    match value {
        Value::Str(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Bool(yes) => yes.to_string(),
        other => {
            let json = Serializer::Json.dump(other).unwrap_or_default();
            String::from_utf8(json).unwrap_or_default()
        }
    }
}

fn is_setting(variable: &str) -> bool {
    variable.starts_with(PREFIX) && !variable.starts_with(TEST_PREFIX) && variable != CONFIG
}

/// Kubernetes gives each container some variables of every Service in its namespace; those of one
/// that is named `celeriac`, or `celeriac-worker`, look like ours
/// (<https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables>).
fn is_of_kubernetes(variable: &str, value: &str) -> bool {
    let protocols = ["TCP", "UDP", "SCTP"];
    let is_address = protocols.iter().any(|protocol| {
        let rest = value.strip_prefix(&protocol.to_ascii_lowercase());
        rest.is_some_and(|rest| rest.starts_with("://"))
    });
    let of_a_port = |port: &str| {
        let (number, rest) = port.split_once('_').unwrap_or((port, ""));
        let protocol = rest.split('_').next().unwrap_or_default();
        !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && protocols.contains(&protocol)
    };
    variable.ends_with("_SERVICE_HOST")
        || variable.ends_with("_SERVICE_PORT")
        || variable.contains("_SERVICE_PORT_")
        || (variable.ends_with("_PORT") && is_address)
        || variable
            .match_indices("_PORT_")
            .any(|(at, port)| of_a_port(&variable[at + port.len()..]))
}

/// `dynamodb_endpoint_url` is a setting of its own in Celery; here it is an option of the result
/// store.
fn from_celery(mut values: Dict) -> Dict {
    if let Some(url) = values.shift_remove("dynamodb_endpoint_url") {
        let options = values
            .entry("result_backend_transport_options".to_owned())
            .or_insert_with(|| Value::Dict(Dict::new()));
        if let Value::Dict(options) = options {
            options.entry("endpoint_url".to_owned()).or_insert(url);
        }
    }
    if values
        .get("worker_log_format")
        .is_some_and(setting_note::is_python_format)
    {
        values.shift_remove("worker_log_format");
    }
    values
}

fn warn(notes: &[String]) {
    for note in notes {
        tracing::warn!("{note}");
    }
}

fn error(problem: Problem, origin: &str) -> SettingsError {
    SettingsError {
        name: problem.path,
        origin: origin.to_owned(),
        reason: problem.reason,
    }
}

/// The settings file and its text; `None` if none is named and the default one is not there.
fn settings_file() -> Result<Option<(PathBuf, String)>, SettingsError> {
    let named = std::env::var_os(CONFIG)
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    let path = named.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
    match File::open(&path).and_then(text_file::read) {
        Ok(text) => Ok(Some((path, text))),
        Err(missing) if named.is_none() && missing.kind() == std::io::ErrorKind::NotFound => {
            Ok(None)
        }
        Err(problem) => Err(SettingsError {
            name: CONFIG.to_owned(),
            origin: path.display().to_string(),
            reason: format!("cannot be read: {problem}"),
        }),
    }
}

/// What is inside of a group has two underscores before it.
fn one_underscore(variable: &str, name: &str) -> Result<(), SettingsError> {
    let groups = [
        "broker_transport_options",
        "result_backend_transport_options",
    ];
    let inside = groups.iter().find_map(|group| {
        let inner = name.strip_prefix(group)?.strip_prefix('_')?;
        (!inner.starts_with('_')).then(|| format!("{PREFIX}{group}__{inner}").to_ascii_uppercase())
    });
    let Some(meant) = inside else {
        return Ok(());
    };
    Err(SettingsError {
        name: name.to_owned(),
        origin: format!("environment variable {variable}"),
        reason: format!("there is no such setting: did you mean `{meant}` (two underscores)?"),
    })
}
