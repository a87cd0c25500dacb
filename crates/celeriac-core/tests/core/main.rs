//! Tests of what a task, a call and a setting are, against Celery's own tables where there are
//! some.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(
    clippy::duration_suboptimal_units,
    reason = "settings and Celery count in seconds"
)]

mod arguments;
mod backoff;
mod batcher;
mod context;
mod failures;
mod ledger;
mod routing;
mod scheduled_run;
mod send_options;
mod settings;
mod settings_doc;
mod signature;

use celeriac_protocol::{Dict, Value};

/// A table of what Celery itself answered.
fn table(name: &str) -> Vec<serde_json::Value> {
    let path = format!(
        "{}/../../tests/fixtures/wire/tables/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(&path).unwrap();
    let table: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rows = table["rows"].as_array().unwrap().clone();
    assert!(!rows.is_empty());
    rows
}

fn text(text: &str) -> Value {
    Value::Str(text.to_owned())
}

fn dict<const N: usize>(pairs: [(&str, Value); N]) -> Dict {
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
