//! SQS, DynamoDB and EventBridge Scheduler for celeriac: the only crate that names an AWS SDK.
//!
//! [`SqsBroker`] implements [`celeriac_core::Broker`], [`DynamoStore`] implements
//! [`celeriac_core::Ledger`], and, with the feature `scheduler`, `EventBridgeScheduler` implements
//! [`celeriac_core::Scheduler`]. All are made from an [`AwsConfig`], make no request when they are
//! made, and build their clients at the first use, so that a cold start pays for what it uses only.
//! [`AwsIdentity`] answers an operator's questions: who am I, where, and is my clock right.

mod aws_config;
mod aws_config_error;
mod chunks;
mod dynamo_config;
mod dynamodb;
mod fault;
pub mod iam;
mod identity;
mod pause;
mod permission;
mod request_counts;
mod scheduler;
mod sdk;
mod service_time;
mod service_url;
mod sqs;
mod sqs_config;
mod transport;

pub use aws_config::AwsConfig;
pub use aws_config_error::AwsConfigError;
pub use dynamo_config::DynamoConfig;
pub use dynamodb::{DynamoStore, TableStatus};
pub use identity::{AwsIdentity, AwsIdentityError, CallerIdentity};
pub use permission::{Grant, Permission};
pub use request_counts::RequestCounts;
pub use scheduler::AwsPlace;
#[cfg(feature = "scheduler")]
pub use scheduler::EventBridgeScheduler;
pub use service_url::{Endpoint, StaticCredentials};
pub use sqs::SqsBroker;
pub use sqs_config::SqsConfig;
pub use transport::{Answer, ConnectionLost, Transport};
