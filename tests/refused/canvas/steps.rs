//! Steps that cannot follow each other.
use celeriac::prelude::*;

#[task]
async fn add(x: i64, y: i64) -> i64 {
    x + y
}

#[task]
async fn total(numbers: Vec<i64>) -> i64 {
    numbers.iter().sum()
}

#[task]
async fn greet(name: String) -> String {
    name
}

/// All arguments are there already.
fn full() {
    let _ = chain![add::s(1, 2), add::s(3, 4)];
}

/// A number is no text.
fn another_type() {
    let _ = add::s(1, 2) | greet::step();
}

/// A body gets a list.
fn no_list() {
    let _ = group![add::s(1, 2), add::s(3, 4)] | add::step(1);
}

/// One task's result is no list.
fn no_group() {
    let _ = chain![add::s(1, 2), add::step(3), total::step()];
}

/// Members of one type.
fn mixed() {
    let _ = group![add::s(1, 2), greet::s("Ann")];
}

fn main() {}
