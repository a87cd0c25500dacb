//! `GetItem` and `BatchGetItem`.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{CloudError, DynamoDb, Item, ItemKey, invalid, key_of, no_table};
use crate::cloud::answer::written;

/// DynamoDB: keys in one `BatchGetItem`.
const MAX_KEYS: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetMany {
    #[serde(default)]
    request_items: BTreeMap<String, Wanted>,
}

/// Of one table.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Wanted {
    #[serde(default)]
    keys: Vec<Item>,
    /// How they are to be read.
    #[serde(flatten)]
    options: Map<String, Json>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Found {
    responses: BTreeMap<String, Vec<Item>>,
    unprocessed_keys: BTreeMap<String, Wanted>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct One<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<&'a Item>,
}

impl DynamoDb {
    pub(super) fn get_one(&self, of: &ItemKey<'_>) -> Result<String, CloudError> {
        let mut tables = self.tables();
        let table = tables.get_mut(&*of.table_name).ok_or_else(no_table)?;
        table.sweep(self.time.now());
        let item = table.get(key_of(&of.key)?);
        written(&One { item })
    }

    pub(super) fn get_many(&self, request: GetMany) -> Result<String, CloudError> {
        let mut answer = Found::default();
        let mut count = 0;
        for (name, wanted) in request.request_items {
            count += wanted.keys.len();
            let (found, left) = self.get_of(&name, wanted)?;
            if !left.keys.is_empty() {
                answer.unprocessed_keys.insert(name.clone(), left);
            }
            answer.responses.insert(name, found);
        }
        if count == 0 || count > MAX_KEYS {
            return Err(invalid("1 to 100 keys make a batch"));
        }
        written(&answer)
    }

    /// The items of one table that were found, and what is left for another time.
    fn get_of(&self, name: &str, wanted: Wanted) -> Result<(Vec<Item>, Wanted), CloudError> {
        let mut tables = self.tables();
        let table = tables.get_mut(name).ok_or_else(no_table)?;
        table.sweep(self.time.now());
        let mut seen = HashSet::new();
        let (mut found, mut left) = (Vec::new(), Vec::new());
        for key in &wanted.keys {
            let id = key_of(key)?;
            if !seen.insert(id) {
                return Err(invalid("Provided list of item keys contains duplicates"));
            }
            if self.chances.key_is_left() {
                left.push(key.clone());
            } else if let Some(item) = table.get(id) {
                found.push(item.clone());
            }
        }
        let left = Wanted {
            keys: left,
            ..wanted
        };
        Ok((found, left))
    }
}
