//! `UpdateItem`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::expression::{Places, holds, updated};
use super::{Attribute, CloudError, DynamoDb, Item, invalid, key_of, no_table};
use crate::cloud::answer::written;
use crate::cloud::text::Text;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Update<'a> {
    #[serde(borrow, default)]
    table_name: Text<'a>,
    #[serde(default)]
    key: Item,
    #[serde(default, rename = "UpdateExpression")]
    expression: String,
    #[serde(default, rename = "ConditionExpression")]
    condition: String,
    #[serde(default)]
    expression_attribute_names: BTreeMap<String, String>,
    #[serde(default)]
    expression_attribute_values: BTreeMap<String, Attribute>,
    return_values_on_condition_check_failure: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Updated<'a> {
    attributes: &'a Item,
}

impl DynamoDb {
    pub(super) fn update(&self, by: &str, update: Update<'_>) -> Result<String, CloudError> {
        if self.chances.statement_fails() {
            return Err(CloudError::new(
                "ThrottlingException",
                "the partition is busy",
            ));
        }
        let (name, id) = (&*update.table_name, key_of(&update.key)?);
        let places = Places {
            names: &update.expression_attribute_names,
            values: &update.expression_attribute_values,
        };
        let mut tables = self.tables();
        let table = tables.get_mut(name).ok_or_else(no_table)?;
        table.sweep(self.time.now());
        let stands = table.get(id);
        let condition = &update.condition;
        let wanted =
            condition.is_empty() || holds(condition, stands, &places).map_err(|e| invalid(&e))?;
        if !wanted {
            let shown = update.return_values_on_condition_check_failure;
            let shown = stands.filter(|_| shown.as_deref() == Some("ALL_OLD"));
            return Err(CloudError::refused(shown));
        }
        let id: Arc<str> = id.into();
        let new = Item::from([("id".into(), Attribute::S(Arc::clone(&id)))]);
        let before = stands.cloned().unwrap_or(new);
        let after = updated(&update.expression, &before, &places);
        let after = after.map_err(|e| invalid(&e))?;
        let before = table.put(Arc::clone(&id), after);
        self.watch
            .item_changed(by, name, &id, before.as_ref(), table.get(&id));
        match table.get(&id) {
            Some(attributes) => written(&Updated { attributes }),
            None => Err(invalid("the item is gone")),
        }
    }
}
