use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    TableStatus as Status, TimeToLiveSpecification, TimeToLiveStatus,
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
    /// Describes the table. Needs `dynamodb:DescribeTable` and `dynamodb:DescribeTimeToLive`, which running does not.
    pub async fn describe(&self) -> Result<TableStatus, StoreError> {
        const OPERATION: &str = "describe";
        let client = self.sdk.dynamodb().await;
        let answer = client
            .describe_table()
            .table_name(self.table())
            .send()
            .await
            .map_err(|error| self.table_error(OPERATION, Fault::from(error)))?;
        let table = answer.table;
        let billing = table
            .as_ref()
            .and_then(|table| table.billing_mode_summary.as_ref()?.billing_mode.clone());
        Ok(TableStatus {
            active: table.as_ref().and_then(|table| table.table_status.clone())
                == Some(Status::Active),
            on_demand: billing == Some(BillingMode::PayPerRequest),
            ttl: self.has_ttl(OPERATION).await?,
        })
    }

    /// Creates the table where it is missing and turns its TTL on. Needs `dynamodb:CreateTable`, `DescribeTable`,
    /// `DescribeTimeToLive` and `UpdateTimeToLive`.
    pub(super) async fn declare_table(&self) -> Result<(), StoreError> {
        const OPERATION: &str = "declare";
        self.create_table(OPERATION).await?;
        self.wait_until_active(OPERATION).await?;
        if self.config.ttl.is_some() && !self.has_ttl(OPERATION).await? {
            self.turn_ttl_on(OPERATION).await?;
        }
        Ok(())
    }

    /// One consistent read of a key that no task has: what a worker may do, and no more.
    pub(super) async fn check_table(&self) -> Result<(), StoreError> {
        let key = "celeriac-check".to_owned();
        let items = self.ledger_items(std::iter::once(&key)).await;
        items
            .get(&key)
            .map(|_| ())
            .map_err(|kind| StoreError::new("check", self.table(), kind))
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

    async fn wait_until_active(&self, operation: &'static str) -> Result<(), StoreError> {
        for _ in 0..POLLS {
            let answer = self
                .sdk
                .dynamodb()
                .await
                .describe_table()
                .table_name(self.table())
                .send()
                .await
                .map_err(Fault::from);
            match answer {
                Ok(answer)
                    if answer
                        .table
                        .as_ref()
                        .and_then(|table| table.table_status.as_ref())
                        == Some(&Status::Active) =>
                {
                    return Ok(());
                }
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
