//! One conditional update of one item, which answers with what it made: `UpdateItem`, since no
//! statement of a batch does.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};

use crate::fault::Fault;

use super::item::{Attributes, ID, text};
use super::store::DynamoStore;

/// An update on its way. Names that DynamoDB reserves are written with `#`.
#[derive(Debug, Default)]
pub(super) struct Update {
    pub(super) key: String,
    pub(super) expression: String,
    pub(super) condition: String,
    pub(super) names: Vec<&'static str>,
    pub(super) values: Vec<(String, AttributeValue)>,
}

/// What became of it.
#[derive(Debug)]
pub(super) enum Updated {
    /// The item as it is now.
    Done(Attributes),
    /// The condition did not hold of this item, or of none.
    Refused(Option<Attributes>),
}

impl DynamoStore {
    pub(super) async fn update(&self, update: Update) -> Result<Updated, Fault> {
        let names: HashMap<String, String> = update
            .names
            .iter()
            .map(|name| (format!("#{name}"), (*name).to_owned()))
            .collect();
        let values: HashMap<String, AttributeValue> = update.values.into_iter().collect();
        let request = self
            .sdk
            .dynamodb()
            .await
            .update_item()
            .table_name(self.table())
            .key(ID, text(update.key))
            .update_expression(update.expression)
            .condition_expression(update.condition)
            .set_expression_attribute_names(Some(names).filter(|names| !names.is_empty()))
            .set_expression_attribute_values(Some(values).filter(|values| !values.is_empty()))
            .set_return_consumed_capacity(self.reported_capacity())
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match request.send().await {
            Ok(answer) => {
                let units = answer
                    .consumed_capacity
                    .and_then(|used| used.capacity_units);
                self.sdk.counts().add_write_units(units.unwrap_or_default());
                Ok(Updated::Done(answer.attributes.unwrap_or_default()))
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                    Ok(Updated::Refused(refused.item.clone()))
                }
                _ => Err(Fault::from(error)),
            },
        }
    }
}
