//! The calendar of a week, as a person sees it.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod contrast;
mod marks;
mod svg;
mod text;
mod week;
