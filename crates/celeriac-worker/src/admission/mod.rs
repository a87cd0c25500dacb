//! What a message has to pass before its task runs: [`admit`] asks one question after the other.
//! Each says what is to become of the message instead, if it does not pass.

pub(crate) mod admit;
pub(crate) mod claim;
pub(crate) mod place;
pub(crate) mod poison;
pub(crate) mod scheduled;
pub(crate) mod spill;
pub(crate) mod timing;
pub(crate) mod unknown;
pub(crate) mod unready;
