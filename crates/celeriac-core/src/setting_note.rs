//! What is passed over in a Celery user's settings, so that they are not refused: told, once the log
//! is there.

use celeriac_protocol::{Dict, Value};

use crate::celery_setting;
use crate::setting::SettingGroup;
use crate::setting_value::{SettingValue, inline};
use crate::{
    AcceptContent, BrokerTransportOptions, ResultBackendTransportOptions, RouteTarget, SendOptions,
    Settings,
};

/// Names what has no meaning here, one line each.
pub(crate) fn passed_over(values: &Dict, origin: &str) -> Vec<String> {
    let mut notes = Vec::new();
    for (name, value) in values {
        match name.as_str() {
            "broker_transport_options" => {
                notes.extend(inside::<BrokerTransportOptions>(name, value));
                notes.extend(of_queues(name, value));
            }
            "result_backend_transport_options" => {
                notes.extend(inside::<ResultBackendTransportOptions>(name, value));
            }
            "accept_content"
                if AcceptContent::read(value.clone()).is_ok_and(|it| it.names_pickle()) =>
            {
                notes.push((format!("{name}: pickle"), "it is never read".to_owned()));
            }
            "task_routes" => notes.extend(of_routes(value)),
            "worker_log_format" if is_python_format(value) => {
                notes.push((name.clone(), LOG_FORMAT.to_owned()));
            }
            name => {
                let why = celery_setting::why(Settings::CELERY_ONLY, name);
                notes.extend(why.map(|why| (name.to_owned(), why.to_owned())));
            }
        }
    }
    let told = |(name, why)| {
        format!("setting `{name}` ({origin}) has no effect here and is ignored: {why}")
    };
    notes.into_iter().map(told).collect()
}

/// In Celery a format of Python's `logging`.
pub(crate) fn is_python_format(value: &Value) -> bool {
    matches!(value, Value::Str(format) if format.contains("%("))
}

/// A name, and why it is passed over.
type Note = (String, String);

const LOG_FORMAT: &str = "it is `text` or `json` here, not a format of Python's `logging`";
const OF_QUEUES: &str = "only the `url` of a predefined queue is used";

fn inside<G: SettingGroup>(group: &str, value: &Value) -> Vec<Note> {
    let notes = table(value).into_iter().filter_map(|(name, _)| {
        let why = celery_setting::why(G::CELERY_ONLY, &name)?;
        Some((format!("{group}.{name}"), why.to_owned()))
    });
    notes.collect()
}

/// Of a predefined queue only its URL counts: no credentials, no region of its own.
fn of_queues(group: &str, value: &Value) -> Vec<Note> {
    let queues = table(value).shift_remove("predefined_queues");
    let queues = queues.map(|queues| table(&queues)).unwrap_or_default();
    let mut names = Vec::new();
    for (queue, parts) in queues {
        let others = table(&parts).into_iter().filter(|(part, _)| part != "url");
        names.extend(others.map(|(part, _)| {
            let name = format!("{group}.predefined_queues.{queue}.{part}");
            (name, OF_QUEUES.to_owned())
        }));
    }
    names
}

/// Keys of a route that are most likely misspelled. What are no routes is refused elsewhere.
fn of_routes(value: &Value) -> Vec<Note> {
    let mut notes = Vec::new();
    for (pattern, target) in Vec::<(String, RouteTarget)>::read(value.clone()).unwrap_or_default() {
        let options = SendOptions::from_dict(&target.options).unwrap_or_default();
        notes.extend(options.likely_misspelled().map(|(key, meant)| {
            let name = format!("task_routes.\"{pattern}\".{key}");
            (name, format!("did you mean `{meant}`?"))
        }));
    }
    notes
}

/// Its entries; none of what is no table, which is refused elsewhere.
fn table(value: &Value) -> Dict {
    match inline(value.clone()) {
        Ok(Value::Dict(entries)) => entries,
        _ => Dict::new(),
    }
}
