//! What is passed over in a Celery user's settings, so that they are not refused: told, once the log
//! is there.

use celeriac_protocol::{Dict, Value};

use crate::setting::SettingGroup;
use crate::setting_value::inline;
use crate::{BrokerTransportOptions, ResultBackendTransportOptions, Settings};

/// Names what has no meaning here, one line each.
pub(crate) fn passed_over(values: &Dict, origin: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (name, value) in values {
        match name.as_str() {
            "broker_transport_options" => {
                names.extend(inside::<BrokerTransportOptions>(name, value));
                names.extend(of_queues(name, value));
            }
            "result_backend_transport_options" => {
                names.extend(inside::<ResultBackendTransportOptions>(name, value));
            }
            "worker_log_format" if is_python_format(value) => names.push(name.clone()),
            name if Settings::CELERY_ONLY.contains(&name) => names.push(name.to_owned()),
            _ => {}
        }
    }
    let told = |name| format!("setting `{name}` ({origin}) has no meaning here and is passed over");
    names.into_iter().map(told).collect()
}

/// In Celery a format of Python's `logging`.
pub(crate) fn is_python_format(value: &Value) -> bool {
    matches!(value, Value::Str(format) if format.contains("%("))
}

fn inside<G: SettingGroup>(group: &str, value: &Value) -> Vec<String> {
    let names = table(value).into_iter().map(|(name, _)| name);
    let passed_over = names.filter(|name| G::CELERY_ONLY.contains(&name.as_str()));
    passed_over.map(|name| format!("{group}.{name}")).collect()
}

/// Of a predefined queue only its URL counts: no credentials, no region of its own.
fn of_queues(group: &str, value: &Value) -> Vec<String> {
    let queues = table(value).shift_remove("predefined_queues");
    let queues = queues.map(|queues| table(&queues)).unwrap_or_default();
    let mut names = Vec::new();
    for (queue, parts) in queues {
        let others = table(&parts).into_iter().filter(|(part, _)| part != "url");
        names.extend(others.map(|(part, _)| format!("{group}.predefined_queues.{queue}.{part}")));
    }
    names
}

/// Its entries; none of what is no table, which is refused elsewhere.
fn table(value: &Value) -> Dict {
    match inline(value.clone()) {
        Ok(Value::Dict(entries)) => entries,
        _ => Dict::new(),
    }
}
