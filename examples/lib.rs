//! Programs to copy from; see the `[[example]]` entries of this package.
