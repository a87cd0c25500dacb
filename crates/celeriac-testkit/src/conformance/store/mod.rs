//! The result store's cases, by what they are about.

pub mod batches;
pub mod chords;
pub mod claims;
pub mod completions;
pub mod documents;
pub mod expiry;
pub mod folders;
pub mod foreign;
pub mod forgetting;
pub mod keeping;
pub mod leases;
pub mod numbers;
pub mod retries;
pub mod sizes;
pub mod states;
