use celeriac_core::{Ledger as _, StoreErrorKind};

use crate::fault::Fault;
use crate::permission::Permission;

use super::batch::{Failure, Written};
use super::item::{OWNER, text};
use super::statement::{Condition, Write};
use super::store::DynamoStore;
use super::update::Update;

/// No task has it.
const NO_TASK: &str = "celeriac-check";

impl DynamoStore {
    /// Whether these credentials may do what clients and workers do on the table. Nothing is
    /// written: the update's condition cannot hold, and the insert has an empty key, which DynamoDB
    /// refuses.
    pub async fn permissions(&self) -> Vec<Permission> {
        vec![
            Permission::by_answer("dynamodb:BatchGetItem", self.try_read().await),
            Permission::by_answer(
                "dynamodb:PartiQLUpdate",
                self.try_write(NO_TASK, Condition::Held { attempt: 1 })
                    .await,
            ),
            Permission::by_answer(
                "dynamodb:PartiQLInsert",
                self.try_write("", Condition::Absent).await,
            ),
            Permission::by_answer("dynamodb:UpdateItem", self.try_update().await),
        ]
    }

    async fn try_read(&self) -> Result<(), Fault> {
        self.check().await.map_err(|error| match error.kind {
            StoreErrorKind::AccessDenied(text) => Fault::AccessDenied(text),
            StoreErrorKind::TableNotFound => {
                Fault::Unavailable("the table does not exist".to_owned())
            }
            other => Fault::Unavailable(other.to_string()),
        })
    }

    async fn try_update(&self) -> Result<(), Fault> {
        let update = Update {
            key: NO_TASK.to_owned(),
            expression: "SET c_owner = :none".to_owned(),
            condition: "attribute_exists(c_owner)".to_owned(),
            values: vec![(":none".to_owned(), text(NO_TASK))],
            ..Update::default()
        };
        self.update(update).await.map(drop)
    }

    async fn try_write(&self, id: &str, condition: Condition) -> Result<(), Fault> {
        let set = vec![(OWNER, text(NO_TASK))];
        let write = Write {
            id: id.to_owned(),
            condition,
            set,
        };
        match self.write_all(vec![write]).await.pop() {
            Some(Written::Failed(Failure::Fault(fault))) => Err(fault),
            _ => Ok(()),
        }
    }
}
