//! The first minute with celeriac.
fn main() {}
