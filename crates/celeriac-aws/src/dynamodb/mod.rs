//! The ledger on DynamoDB.

mod batch;
mod chords;
mod claim;
mod complete;
mod directory;
mod document_item;
mod documents;
mod forget;
mod item;
mod lease;
mod permissions;
mod read;
mod statement;
mod store;
mod table;
mod update;

pub use store::DynamoStore;
pub use table::TableStatus;
