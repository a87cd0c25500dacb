//! The broker's cases, by what they are about.

pub mod crowds;
pub mod dead_letters;
pub mod fifo;
pub mod limits;
pub mod messages;
pub mod polls;
pub mod queues;
pub mod receipts;
pub mod visibility;
