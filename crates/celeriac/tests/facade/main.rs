//! Apps as their users build them: what they answer, their schedules, and the same tasks as a
//! Lambda function.

mod app;
#[cfg(all(feature = "lambda", feature = "local"))]
mod lambda;
#[cfg(all(feature = "aws", feature = "local", feature = "beat"))]
mod manifest;
#[cfg(all(feature = "aws", feature = "local"))]
mod schedules;
#[cfg(feature = "local")]
mod testing;
