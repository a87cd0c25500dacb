//! `GetItem`, `BatchGetItem` and `Scan`.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::expression::{Places, holds};
use super::{Attribute, CloudError, DynamoDb, Item, ItemKey, invalid, key_of, no_table};
use crate::cloud::answer::written;
use crate::cloud::text::Text;

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

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Scan<'a> {
    #[serde(borrow, default)]
    table_name: Text<'a>,
    #[serde(default, rename = "FilterExpression")]
    filter: String,
    #[serde(default)]
    expression_attribute_names: BTreeMap<String, String>,
    #[serde(default)]
    expression_attribute_values: BTreeMap<String, Attribute>,
    exclusive_start_key: Option<Item>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Scanned<'a> {
    items: Vec<&'a Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_evaluated_key: Option<Item>,
}

/// Items that are looked at for one page; DynamoDB looks at 1 MB.
const ITEMS_A_PAGE: usize = 10;

impl DynamoDb {
    pub(super) fn scan(&self, scan: &Scan<'_>) -> Result<String, CloudError> {
        let places = Places {
            names: &scan.expression_attribute_names,
            values: &scan.expression_attribute_values,
        };
        let after = scan.exclusive_start_key.as_ref().map(key_of).transpose()?;
        let mut tables = self.tables();
        let table = tables.get_mut(&*scan.table_name).ok_or_else(no_table)?;
        table.sweep(self.time.now());
        let items = table.items().into_iter();
        let mut rest = items.filter(|(id, _)| after.is_none_or(|after| &***id > after));
        let (mut found, mut last) = (Vec::new(), None);
        for (id, item) in rest.by_ref().take(ITEMS_A_PAGE) {
            if holds(&scan.filter, Some(item), &places).map_err(|e| invalid(&e))? {
                found.push(item);
            }
            last = Some(Item::from([("id".into(), Attribute::S(Arc::clone(id)))]));
        }
        let last_evaluated_key = last.filter(|_| rest.next().is_some());
        written(&Scanned {
            items: found,
            last_evaluated_key,
        })
    }

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
