//! The `#[task]` attribute of celeriac.
