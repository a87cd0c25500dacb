use celeriac_macros::task;

#[task]
fn reference(text: &str, list: &[u8], other: &mut Vec<i64>) {}

#[task]
fn pattern((a, b): (i64, i64)) {}

#[task]
fn generic<T>(value: T) {}

#[task]
fn existential(value: impl Send) {}

#[task]
fn borrowed() -> &'static str {
    "text"
}

#[task]
async fn no_default(#[default(1)] ctx: Context) {}

#[task]
fn receiver(&self) {}

#[task]
struct NotAFunction;

#[task(nmae = "both")]
fn both(text: &str) {}

fn main() {}
