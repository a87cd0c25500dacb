use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    TableDescription, TableStatus as Status, TimeToLiveSpecification, TimeToLiveStatus,
};
use celeriac_core::{StoreError, StoreErrorKind};

use crate::fault::Fault;

use super::item::{ID, TTL};
use super::store::DynamoStore;

const POLL: Duration = Duration::from_millis(500);
/// An on-demand table takes some ten seconds.
const POLLS: u32 = 240;

/// What an operator wants to know of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableStatus {
    /// It takes reads and writes.
    pub active: bool,
    /// Paid per request, as `declare` makes it.
    pub on_demand: bool,
    /// Items lapse by their `ttl`.
    pub ttl: bool,
}

impl DynamoStore {
    /// Describes the table. Needs `dynamodb:DescribeTable` and `dynamodb:DescribeTimeToLive`, which
    /// running does not.
    pub async fn describe(&self) -> Result<TableStatus, StoreError> {
        const OPERATION: &str = "describe";
        let table = self
            .describe_table()
            .await
            .map_err(|fault| self.table_error(OPERATION, fault))?;
        let billing = table
            .billing_mode_summary
            .and_then(|summary| summary.billing_mode);
        Ok(TableStatus {
            active: table.table_status == Some(Status::Active),
            on_demand: billing == Some(BillingMode::PayPerRequest),
            ttl: self.has_ttl(OPERATION).await?,
        })
    }

    /// Creates the table where it is missing and turns its TTL on. Needs `dynamodb:CreateTable`,
    /// `DescribeTable`, `DescribeTimeToLive` and `UpdateTimeToLive`.
    pub(super) async fn declare_table(&self) -> Result<(), StoreError> {
        const OPERATION: &str = "declare";
        self.create_table(OPERATION).await?;
        let table = self.wait_until_active(OPERATION).await?;
        if let Some(key) = other_key(&table) {
            let kind = StoreErrorKind::WrongKey(key);
            return Err(StoreError::new(OPERATION, self.table(), kind));
        }
        if self.config.ttl.is_some() && !self.has_ttl(OPERATION).await? {
            self.turn_ttl_on(OPERATION).await?;
        }
        Ok(())
    }

    /// One consistent read of a key that no task has: what a worker may do, and no more. Where the
    /// read finds a wrong key, the error names it if `dynamodb:DescribeTable` is allowed.
    pub(super) async fn check_table(&self) -> Result<(), StoreError> {
        const OPERATION: &str = "check";
        let key = "celeriac-check".to_owned();
        let items = self.ledger_items(std::iter::once(&key)).await;
        let Err(mut kind) = items.get(&key) else {
            return Ok(());
        };
        if let StoreErrorKind::WrongKey(key) = &mut kind
            && let Ok(table) = self.describe_table().await
        {
            *key = other_key(&table).unwrap_or_else(|| std::mem::take(key));
        }
        Err(StoreError::new(OPERATION, self.table(), kind))
    }

    async fn describe_table(&self) -> Result<TableDescription, Fault> {
        let request = self
            .sdk
            .dynamodb()
            .await
            .describe_table()
            .table_name(self.table());
        let answer = request.send().await?;
        Ok(answer
            .table
            .unwrap_or_else(|| TableDescription::builder().build()))
    }

    async fn create_table(&self, operation: &'static str) -> Result<(), StoreError> {
        let key = KeySchemaElement::builder()
            .attribute_name(ID)
            .key_type(KeyType::Hash)
            .build()
            .expect("name and type are set");
        let attribute = AttributeDefinition::builder()
            .attribute_name(ID)
            .attribute_type(ScalarAttributeType::S)
            .build()
            .expect("name and type are set");
        let request = self
            .sdk
            .dynamodb()
            .await
            .create_table()
            .table_name(self.table())
            .key_schema(key)
            .attribute_definitions(attribute);
        match request
            .billing_mode(BillingMode::PayPerRequest)
            .send()
            .await
            .map_err(Fault::from)
        {
            Ok(_) => Ok(()),
            Err(fault) if fault.code() == "ResourceInUseException" => Ok(()),
            Err(fault) => Err(self.table_error(operation, fault)),
        }
    }

    async fn wait_until_active(
        &self,
        operation: &'static str,
    ) -> Result<TableDescription, StoreError> {
        for _ in 0..POLLS {
            match self.describe_table().await {
                Ok(table) if table.table_status == Some(Status::Active) => return Ok(table),
                Err(fault) if !fault.code().starts_with("ResourceNotFound") => {
                    return Err(self.table_error(operation, fault));
                }
                // being created, or not seen yet
                Ok(_) | Err(_) => tokio::time::sleep(POLL).await,
            }
        }
        let text = "the table was not ready two minutes after its creation".to_owned();
        Err(StoreError::new(
            operation,
            self.table(),
            StoreErrorKind::Unavailable(text),
        ))
    }

    async fn has_ttl(&self, operation: &'static str) -> Result<bool, StoreError> {
        let request = self
            .sdk
            .dynamodb()
            .await
            .describe_time_to_live()
            .table_name(self.table());
        let answer = request
            .send()
            .await
            .map_err(|error| self.table_error(operation, Fault::from(error)))?;
        let status = answer
            .time_to_live_description
            .and_then(|description| description.time_to_live_status);
        Ok(matches!(
            status,
            Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)
        ))
    }

    async fn turn_ttl_on(&self, operation: &'static str) -> Result<(), StoreError> {
        let ttl = TimeToLiveSpecification::builder()
            .attribute_name(TTL)
            .enabled(true)
            .build()
            .expect("name and switch are set");
        let request = self
            .sdk
            .dynamodb()
            .await
            .update_time_to_live()
            .table_name(self.table())
            .time_to_live_specification(ttl);
        match request.send().await.map_err(Fault::from) {
            Ok(_) => Ok(()),
            // another did it in the same moment
            Err(Fault::Service { message, .. }) if message.contains("already enabled") => Ok(()),
            Err(fault) => Err(self.table_error(operation, fault)),
        }
    }

    fn table_error(&self, operation: &'static str, fault: Fault) -> StoreError {
        StoreError::new(operation, self.table(), fault.into())
    }
}

/// The table's key in words, where it is not `id`, a string, alone.
fn other_key(table: &TableDescription) -> Option<String> {
    let type_of = |name: &str| {
        let mut attributes = table.attribute_definitions().iter();
        attributes
            .find(|attribute| attribute.attribute_name == name)
            .map_or("?", |attribute| attribute.attribute_type.as_str())
    };
    let key: Vec<(&str, &str)> = table
        .key_schema()
        .iter()
        .map(|element| {
            (
                element.attribute_name.as_str(),
                type_of(&element.attribute_name),
            )
        })
        .collect();
    if key.is_empty() || key == [(ID, "S")] {
        return None;
    }
    let words: Vec<String> = key
        .iter()
        .map(|(name, kind)| format!("`{name}` ({kind})"))
        .collect();
    Some(words.join(" and "))
}
