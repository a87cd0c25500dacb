//! The command `celeriac` as its users run it.

mod beat_guide;
mod command_line;
mod import;
mod on_aws;
