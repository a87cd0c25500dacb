//! The broker's cases, by what they are about.

pub mod messages;
