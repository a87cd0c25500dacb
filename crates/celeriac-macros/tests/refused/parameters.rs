//! Parameters that take what has none of its own, and modules whose tasks have a common prefix.
use celeriac_macros::{task, tasks};

#[task]
async fn behind(#[args] rest: Vec<i64>, last: i64) -> i64 {
    last
}

#[task]
async fn defaulted(#[args] #[default] rest: Vec<i64>) {}

#[tasks(prefix = "shop.")]
mod dotted {}

#[tasks(name = "shop")]
mod misnamed {}

#[tasks(prefix = "shop")]
fn no_module() {}

fn main() {}
