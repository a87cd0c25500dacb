//! DynamoDB: tables with the key `id`, PartiQL batches, updates, plain puts and deletes.

mod attribute;
mod execution;
mod expression;
mod partiql;
mod reads;
mod statement;
mod statements;
mod table;
mod updates;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::answer::{read, written};
use super::text::Text;
use super::{Chances, CloudError, CloudTime, Watch};

pub use self::attribute::{Attribute, Item, size as item_size};
use self::statements::Statements;
use self::table::Table;

pub(super) struct DynamoDb {
    time: CloudTime,
    chances: Arc<dyn Chances>,
    watch: Arc<dyn Watch>,
    tables: Mutex<BTreeMap<String, Table>>,
    statements: Statements,
}

type Answer = Result<String, CloudError>;

/// A table.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OfTable<'a> {
    #[serde(borrow, default)]
    table_name: Text<'a>,
}

/// An item by its key.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ItemKey<'a> {
    #[serde(borrow, default)]
    table_name: Text<'a>,
    #[serde(default)]
    key: Item,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Put<'a> {
    #[serde(borrow, default)]
    table_name: Text<'a>,
    #[serde(default)]
    item: Item,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateTtl<'a> {
    #[serde(borrow, default)]
    table_name: Text<'a>,
    #[serde(default)]
    time_to_live_specification: Json,
}

impl DynamoDb {
    pub(super) fn new(time: CloudTime, chances: Arc<dyn Chances>, watch: Arc<dyn Watch>) -> Self {
        Self {
            time,
            chances,
            watch,
            tables: Mutex::default(),
            statements: Statements::default(),
        }
    }

    pub(super) fn items(&self, table: &str) -> Vec<(String, Item)> {
        let tables = self.tables();
        let items = tables.get(table).into_iter().flat_map(Table::items);
        items
            .map(|(id, item)| (id.to_string(), item.clone()))
            .collect()
    }

    pub(super) fn item(&self, table: &str, id: &str) -> Option<Item> {
        self.tables().get(table)?.get(id).cloned()
    }

    pub(super) fn call(&self, by: &str, operation: &str, body: &[u8]) -> Answer {
        match operation {
            "BatchExecuteStatement" => self.execute(by, read(body)?),
            "BatchGetItem" => self.get_many(read(body)?),
            "GetItem" => self.get_one(&read(body)?),
            "Scan" => self.scan(&read(body)?),
            "PutItem" => self.put(by, read(body)?),
            "UpdateItem" => self.update(by, read(body)?),
            "DeleteItem" => self.delete(by, &read(body)?),
            "CreateTable" => self.create_table(&read(body)?),
            "DescribeTable" => self.describe_table(&read(body)?),
            "DescribeTimeToLive" => self.describe_ttl(&read(body)?),
            "UpdateTimeToLive" => self.update_ttl(&read(body)?),
            other => Err(CloudError::new(
                "UnknownOperationException",
                format!("DynamoDB's `{other}` is not here"),
            )),
        }
    }

    /// As Python's Celery writes: over whatever stands there.
    fn put(&self, by: &str, put: Put<'_>) -> Answer {
        let (name, item) = (&*put.table_name, put.item);
        let Some(Attribute::S(id)) = item.get("id").cloned() else {
            return Err(invalid("Missing the key id in the item"));
        };
        let mut tables = self.tables();
        let table = tables.get_mut(name).ok_or_else(no_table)?;
        let before = table.put(Arc::clone(&id), item);
        self.watch
            .item_changed(by, name, &id, before.as_ref(), table.get(&id));
        written(&json!({}))
    }

    fn delete(&self, by: &str, of: &ItemKey<'_>) -> Answer {
        let (name, id) = (&*of.table_name, key_of(&of.key)?);
        let mut tables = self.tables();
        let before = tables.get_mut(name).ok_or_else(no_table)?.remove(id);
        if before.is_some() {
            self.watch.item_changed(by, name, id, before.as_ref(), None);
        }
        written(&json!({}))
    }

    fn create_table(&self, of: &OfTable<'_>) -> Answer {
        let name = &*of.table_name;
        let mut tables = self.tables();
        if tables.contains_key(name) {
            return Err(CloudError::new(
                "ResourceInUseException",
                format!("Table already exists: {name}"),
            ));
        }
        tables.insert(name.to_owned(), Table::default());
        written(&json!({ "TableDescription": description(name) }))
    }

    fn describe_table(&self, of: &OfTable<'_>) -> Answer {
        let name = &*of.table_name;
        self.tables().get(name).ok_or_else(no_table)?;
        written(&json!({ "Table": description(name) }))
    }

    fn describe_ttl(&self, of: &OfTable<'_>) -> Answer {
        let tables = self.tables();
        let table = tables.get(&*of.table_name).ok_or_else(no_table)?;
        written(&json!({"TimeToLiveDescription": {
            "TimeToLiveStatus": if table.lapses { "ENABLED" } else { "DISABLED" },
            "AttributeName": "ttl",
        }}))
    }

    fn update_ttl(&self, of: &UpdateTtl<'_>) -> Answer {
        let mut tables = self.tables();
        let table = tables.get_mut(&*of.table_name).ok_or_else(no_table)?;
        let wanted = &of.time_to_live_specification;
        table.lapses = wanted["Enabled"].as_bool().unwrap_or_default();
        written(&json!({ "TimeToLiveSpecification": wanted }))
    }

    fn tables(&self) -> MutexGuard<'_, BTreeMap<String, Table>> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key_of(key: &Item) -> Result<&str, CloudError> {
    let id = key.get("id").and_then(Attribute::text);
    id.ok_or_else(|| invalid("The provided key element does not match the schema"))
}

fn description(name: &str) -> Json {
    json!({
        "TableName": name,
        "TableStatus": "ACTIVE",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
    })
}

fn no_table() -> CloudError {
    CloudError::new("ResourceNotFoundException", "Requested resource not found")
}

fn invalid(message: &str) -> CloudError {
    CloudError::new("ValidationException", message)
}
