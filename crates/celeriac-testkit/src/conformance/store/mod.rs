//! The result store's cases, by what they are about.

pub mod claims;
