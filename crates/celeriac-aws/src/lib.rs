//! SQS and DynamoDB for celeriac: the only crate that names an AWS SDK.
