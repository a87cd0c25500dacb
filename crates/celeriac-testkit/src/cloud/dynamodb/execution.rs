//! `BatchExecuteStatement`.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::statement::{Refusal, Write};
use super::{Attribute, CloudError, DynamoDb, Item, invalid};
use crate::cloud::answer::written;

/// DynamoDB: statements in one `BatchExecuteStatement`.
const MAX_STATEMENTS: usize = 25;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Batch<'a> {
    #[serde(borrow, default)]
    statements: Vec<Entry<'a>>,
    return_consumed_capacity: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<'a> {
    #[serde(borrow)]
    statement: Option<&'a RawValue>,
    #[serde(default)]
    parameters: Vec<Attribute>,
    return_values_on_condition_check_failure: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    responses: Vec<Response<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumed_capacity: Option<[Capacity<'a>; 1]>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Capacity<'a> {
    table_name: &'a str,
    capacity_units: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Response<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
    table_name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Failure {
    code: &'static str,
    message: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<Item>,
}

impl Failure {
    fn new(code: &'static str, message: &'static str) -> Self {
        Self {
            code,
            message,
            item: None,
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Duplicate => {
                Self::new("DuplicateItem", "Duplicate primary key exists in table")
            }
            Refusal::Condition => {
                Self::new("ConditionalCheckFailed", "The conditional request failed")
            }
            Refusal::TooLarge => Self::new(
                "ValidationError",
                "Item size has exceeded the maximum allowed size",
            ),
        }
    }
}

impl DynamoDb {
    pub(super) fn execute(&self, by: &str, batch: Batch<'_>) -> Result<String, CloudError> {
        let entries = batch.statements;
        if entries.is_empty() || entries.len() > MAX_STATEMENTS {
            return Err(invalid("1 to 25 statements make a batch"));
        }
        let writes = entries.into_iter().map(|entry| self.write_of(entry));
        let writes: Vec<Write> = writes.collect::<Result<_, _>>().map_err(|e| invalid(&e))?;
        let mut seen = HashSet::with_capacity(writes.len());
        let mut keys = writes.iter().map(|one| (&one.statement.table, &one.id));
        if !keys.all(|key| seen.insert(key)) {
            return Err(invalid("two statements of a batch are about one item"));
        }
        let responses = writes.iter().map(|write| Response {
            error: self.write(by, write).err(),
            table_name: &write.statement.table,
        });
        let wanted = batch.return_consumed_capacity;
        written(&Answer {
            responses: responses.collect(),
            consumed_capacity: wanted.filter(|wanted| wanted != "NONE").map(|_| {
                [Capacity {
                    table_name: &writes[0].statement.table,
                    capacity_units: writes.len(),
                }]
            }),
        })
    }

    fn write_of(&self, entry: Entry<'_>) -> Result<Write, String> {
        let text = entry.statement.ok_or("a statement has a text")?;
        let shown = entry.return_values_on_condition_check_failure;
        let shows_item = shown.is_some_and(|shown| shown == "ALL_OLD");
        Write::new(self.statements.read(text)?, entry.parameters, shows_item)
    }

    fn write(&self, by: &str, write: &Write) -> Result<(), Failure> {
        if self.chances.statement_fails() {
            return Err(Failure::new("ThrottlingError", "the partition is busy"));
        }
        let (name, id) = (&*write.statement.table, &write.id);
        let mut tables = self.tables();
        let table = tables
            .get_mut(name)
            .ok_or_else(|| Failure::new("ResourceNotFound", "Requested resource not found"))?;
        table.sweep(self.time.now());
        let stands = table.get(id);
        let after = write.apply(stands).map_err(|refusal| Failure {
            item: stands
                .filter(|_| refusal == Refusal::Condition && write.shows_item)
                .cloned(),
            ..refusal.into()
        })?;
        let before = table.put(id.clone(), after);
        self.watch
            .item_changed(by, name, id, before.as_ref(), table.get(id));
        Ok(())
    }
}
