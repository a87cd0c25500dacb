//! What a message has to pass before its task runs: [`admit`] asks one question after the other,
//! and has the list of them. Each says what is to become of the message instead, if it does not
//! pass. What leaves this folder runs.

pub(crate) mod admit;
mod beside_or_alone;
mod claim;
mod errback;
mod payload;
mod poison;
mod scheduled;
mod spill;
mod timing;
mod unknown;
mod unready;
