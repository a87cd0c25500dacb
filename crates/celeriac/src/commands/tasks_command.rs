use celeriac_core::{Registry, Router, TaskDefinition, TaskKind};
use celeriac_protocol::{Dict, Value};
use clap::Args;

use super::{EXIT_OK, Table, json_text, print};
use crate::routing::queue_of;

/// Lists the app's tasks: name, queue, arguments, limits.
#[derive(Clone, Debug, Args)]
pub struct TasksCommand {
    /// Print a JSON list
    #[arg(long)]
    pub json: bool,
}

impl TasksCommand {
    pub(super) fn run(&self, registry: &Registry, router: &Router) -> u8 {
        let rows: Vec<Row> = registry.iter().map(|task| Row::of(task, router)).collect();
        print(&if self.json {
            as_json(&rows)
        } else {
            as_text(&rows)
        });
        EXIT_OK
    }
}

struct Row {
    name: String,
    queue: String,
    arguments: String,
    limits: String,
}

impl Row {
    fn of(task: &TaskDefinition, router: &Router) -> Self {
        Self {
            name: task.name.clone(),
            queue: queue_of(router, task),
            arguments: arguments(task),
            limits: limits(task),
        }
    }
}

/// `x, y, day=…`
fn arguments(task: &TaskDefinition) -> String {
    let params = task.params.list.iter();
    let texts: Vec<String> = params
        .map(|param| {
            if param.required {
                param.name.to_owned()
            } else {
                format!("{}=…", param.name)
            }
        })
        .collect();
    texts.join(", ")
}

fn limits(task: &TaskDefinition) -> String {
    let options = &task.options;
    let mut limits = Vec::new();
    if matches!(task.kind, TaskKind::Blocking(_)) {
        limits.push("blocking".to_owned());
    }
    if let Some(limit) = options.soft_time_limit {
        limits.push(format!("soft {}", humantime::format_duration(limit)));
    }
    if let Some(limit) = options.time_limit {
        limits.push(format!("hard {}", humantime::format_duration(limit)));
    }
    if options.autoretry {
        limits.push(match options.retry.max_retries {
            Some(times) => format!("retries {times}"),
            None => "retries for ever".to_owned(),
        });
    }
    if options.ignore_result == Some(true) {
        limits.push("no result".to_owned());
    }
    limits.join(", ")
}

fn as_text(rows: &[Row]) -> String {
    let mut table = Table::new(&["TASK", "QUEUE", "ARGUMENTS", "LIMITS"]);
    for row in rows {
        table.row([&row.name, &row.queue, &row.arguments, &row.limits].map(String::as_str));
    }
    table.render()
}

fn as_json(rows: &[Row]) -> String {
    let object = |row: &Row| {
        let pairs = [
            ("name", &row.name),
            ("queue", &row.queue),
            ("arguments", &row.arguments),
            ("limits", &row.limits),
        ];
        Value::Dict(
            pairs
                .into_iter()
                .map(|(key, text)| (key.to_owned(), Value::Str(text.clone())))
                .collect::<Dict>(),
        )
    };
    json_text(&Value::List(rows.iter().map(object).collect()))
}
