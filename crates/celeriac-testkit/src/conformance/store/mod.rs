//! The result store's cases, by what they are about.

pub mod batches;
pub mod claims;
pub mod completions;
pub mod documents;
pub mod foreign;
pub mod forgetting;
pub mod keeping;
pub mod leases;
pub mod retries;
pub mod sizes;
pub mod states;
