//! DynamoDB: tables with the key `id`, PartiQL batches, plain puts and deletes.

mod attribute;
mod partiql;
mod table;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value as Json, json};

use super::{Chances, CloudError, CloudTime, Watch};

pub use self::attribute::{Attribute, Item, size as item_size};
use self::partiql::{Refusal, Statement};
use self::table::Table;

/// DynamoDB: statements in one `BatchExecuteStatement`.
const MAX_STATEMENTS: usize = 25;
/// DynamoDB: keys in one `BatchGetItem`.
const MAX_KEYS: usize = 100;

pub(super) struct DynamoDb {
    time: CloudTime,
    chances: Arc<dyn Chances>,
    watch: Arc<dyn Watch>,
    tables: Mutex<BTreeMap<String, Table>>,
}

type Answer = Result<Json, CloudError>;

impl DynamoDb {
    pub(super) fn new(time: CloudTime, chances: Arc<dyn Chances>, watch: Arc<dyn Watch>) -> Self {
        Self {
            time,
            chances,
            watch,
            tables: Mutex::default(),
        }
    }

    pub(super) fn items(&self, table: &str) -> Vec<(String, Item)> {
        let tables = self.tables();
        let items = tables.get(table).into_iter().flat_map(Table::items);
        items.map(|(id, item)| (id.clone(), item.clone())).collect()
    }

    pub(super) fn item(&self, table: &str, id: &str) -> Option<Item> {
        self.tables().get(table)?.get(id).cloned()
    }

    pub(super) fn call(&self, by: &str, operation: &str, body: &Json) -> Answer {
        match operation {
            "BatchExecuteStatement" => self.execute(by, body),
            "BatchGetItem" => self.get_many(body),
            "GetItem" => self.get_one(body),
            "PutItem" => self.put(by, body),
            "DeleteItem" => self.delete(by, body),
            "CreateTable" => self.create_table(body),
            "DescribeTable" => self.describe_table(body),
            "DescribeTimeToLive" => self.describe_ttl(body),
            "UpdateTimeToLive" => self.update_ttl(body),
            other => Err(CloudError::new(
                "UnknownOperationException",
                format!("DynamoDB's `{other}` is not here"),
            )),
        }
    }

    fn execute(&self, by: &str, body: &Json) -> Answer {
        let entries = body["Statements"].as_array().map_or(&[][..], Vec::as_slice);
        if entries.is_empty() || entries.len() > MAX_STATEMENTS {
            return Err(invalid("1 to 25 statements make a batch"));
        }
        let mut statements = Vec::with_capacity(entries.len());
        for entry in entries {
            let statement = Statement::read(entry).map_err(|reason| invalid(&reason))?;
            statements.push(statement);
        }
        let mut seen = HashSet::new();
        let ids = statements.iter();
        if !ids
            .map(|one| (&one.table, &one.id))
            .all(|id| seen.insert(id))
        {
            return Err(invalid("two statements of a batch are about one item"));
        }
        let name = statements[0].table.clone();
        let responses: Vec<Json> = statements
            .into_iter()
            .map(|statement| self.execute_one(by, statement))
            .collect();
        let mut answer = json!({ "Responses": responses });
        if body["ReturnConsumedCapacity"]
            .as_str()
            .is_some_and(|wanted| wanted != "NONE")
        {
            answer["ConsumedCapacity"] =
                json!([{"TableName": name, "CapacityUnits": entries.len()}]);
        }
        Ok(answer)
    }

    fn execute_one(&self, by: &str, statement: Statement) -> Json {
        let (name, id) = (statement.table.clone(), statement.id.clone());
        let shows_item = statement.shows_item;
        let failed = |code: &str, message: &str| json!({"Error": {"Code": code, "Message": message}, "TableName": name});
        if self.chances.statement_fails() {
            return failed("ThrottlingError", "the partition is busy");
        }
        let mut tables = self.tables();
        let Some(table) = tables.get_mut(&name) else {
            return failed("ResourceNotFound", "Requested resource not found");
        };
        table.sweep(self.time.now());
        let after = match statement.apply(table.get(&id)) {
            Ok(after) => after,
            Err(Refusal::Duplicate) => {
                return failed("DuplicateItem", "Duplicate primary key exists in table");
            }
            Err(Refusal::Condition) => {
                let mut refused =
                    failed("ConditionalCheckFailed", "The conditional request failed");
                let stands = table.get(&id).filter(|_| shows_item);
                if let Some(item) = stands {
                    refused["Error"]["Item"] = attribute::to_json(item);
                }
                return refused;
            }
            Err(Refusal::TooLarge) => {
                return failed(
                    "ValidationError",
                    "Item size has exceeded the maximum allowed size",
                );
            }
        };
        let before = table.put(&id, after);
        self.watch
            .item_changed(by, &name, &id, before.as_ref(), table.get(&id));
        json!({ "TableName": name })
    }

    fn get_many(&self, body: &Json) -> Answer {
        let (mut responses, mut left) = (serde_json::Map::new(), serde_json::Map::new());
        let mut count = 0;
        for (name, wanted) in body["RequestItems"].as_object().into_iter().flatten() {
            let mut tables = self.tables();
            let table = tables.get_mut(name).ok_or_else(no_table)?;
            table.sweep(self.time.now());
            let keys = wanted["Keys"].as_array().cloned().unwrap_or_default();
            count += keys.len();
            let mut seen = HashSet::new();
            let (mut found, mut unprocessed) = (Vec::new(), Vec::new());
            for key in keys {
                let id = key_of(&key)?;
                if !seen.insert(id.clone()) {
                    return Err(invalid("Provided list of item keys contains duplicates"));
                }
                if self.chances.key_is_left() {
                    unprocessed.push(key);
                } else if let Some(item) = table.get(&id) {
                    found.push(attribute::to_json(item));
                }
            }
            responses.insert(name.clone(), Json::Array(found));
            if !unprocessed.is_empty() {
                let mut again = wanted.clone();
                again["Keys"] = Json::Array(unprocessed);
                left.insert(name.clone(), again);
            }
        }
        if count == 0 || count > MAX_KEYS {
            return Err(invalid("1 to 100 keys make a batch"));
        }
        Ok(json!({"Responses": responses, "UnprocessedKeys": left}))
    }

    fn get_one(&self, body: &Json) -> Answer {
        let mut tables = self.tables();
        let table = table_of(&mut tables, body)?;
        table.sweep(self.time.now());
        Ok(match table.get(&key_of(&body["Key"])?) {
            Some(item) => json!({ "Item": attribute::to_json(item) }),
            None => json!({}),
        })
    }

    /// As Python's Celery writes: over whatever stands there.
    fn put(&self, by: &str, body: &Json) -> Answer {
        let item = attribute::from_json(&body["Item"]).map_err(|reason| invalid(&reason))?;
        let Some(Attribute::S(id)) = item.get("id").cloned() else {
            return Err(invalid("Missing the key id in the item"));
        };
        let mut tables = self.tables();
        let before = table_of(&mut tables, body)?.put(&id, item.clone());
        let name = body["TableName"].as_str().unwrap_or_default();
        self.watch
            .item_changed(by, name, &id, before.as_ref(), Some(&item));
        Ok(json!({}))
    }

    fn delete(&self, by: &str, body: &Json) -> Answer {
        let id = key_of(&body["Key"])?;
        let mut tables = self.tables();
        let before = table_of(&mut tables, body)?.remove(&id);
        if before.is_some() {
            let name = body["TableName"].as_str().unwrap_or_default();
            self.watch
                .item_changed(by, name, &id, before.as_ref(), None);
        }
        Ok(json!({}))
    }

    fn create_table(&self, body: &Json) -> Answer {
        let name = body["TableName"].as_str().unwrap_or_default().to_owned();
        let mut tables = self.tables();
        if tables.contains_key(&name) {
            return Err(CloudError::new(
                "ResourceInUseException",
                format!("Table already exists: {name}"),
            ));
        }
        tables.insert(name.clone(), Table::default());
        Ok(json!({ "TableDescription": description(&name) }))
    }

    fn describe_table(&self, body: &Json) -> Answer {
        let mut tables = self.tables();
        table_of(&mut tables, body)?;
        Ok(json!({ "Table": description(body["TableName"].as_str().unwrap_or_default()) }))
    }

    fn describe_ttl(&self, body: &Json) -> Answer {
        let mut tables = self.tables();
        let table = table_of(&mut tables, body)?;
        Ok(json!({"TimeToLiveDescription": {
            "TimeToLiveStatus": if table.lapses { "ENABLED" } else { "DISABLED" },
            "AttributeName": "ttl",
        }}))
    }

    fn update_ttl(&self, body: &Json) -> Answer {
        let mut tables = self.tables();
        let wanted = &body["TimeToLiveSpecification"];
        table_of(&mut tables, body)?.lapses = wanted["Enabled"].as_bool().unwrap_or_default();
        Ok(json!({ "TimeToLiveSpecification": wanted }))
    }

    fn tables(&self) -> MutexGuard<'_, BTreeMap<String, Table>> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn table_of<'a>(
    tables: &'a mut BTreeMap<String, Table>,
    body: &Json,
) -> Result<&'a mut Table, CloudError> {
    let name = body["TableName"].as_str().unwrap_or_default();
    tables.get_mut(name).ok_or_else(no_table)
}

fn key_of(key: &Json) -> Result<String, CloudError> {
    let id = key["id"]["S"].as_str();
    id.map(str::to_owned)
        .ok_or_else(|| invalid("The provided key element does not match the schema"))
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
