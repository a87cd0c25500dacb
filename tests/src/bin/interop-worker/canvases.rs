//! Tasks that canvases are made of.

use celeriac::prelude::*;

fn sum(value: &Value) -> i64 {
    match value {
        Value::List(values) => values.iter().map(sum).sum(),
        value => value.as_i64().unwrap_or_default(),
    }
}

/// The sum of all there is, however it nests.
#[task(name = "w.total")]
pub(crate) async fn total(#[args] values: Vec<Value>) -> i64 {
    values.iter().map(sum).sum()
}

/// The same, with nothing stored of it.
#[task(name = "w.silent_total", ignore_result)]
pub(crate) async fn silent_total(#[args] values: Vec<Value>) -> i64 {
    values.iter().map(sum).sum()
}

/// Its arguments.
#[task(name = "w.echo")]
pub(crate) async fn echo(#[args] values: Vec<Value>) -> Vec<Value> {
    values
}

/// Fails, whatever it is given.
#[task(name = "w.boom")]
pub(crate) async fn boom(#[args] _values: Vec<Value>) -> TaskResult {
    Err(TaskError::failure("ValueError", "boom"))
}

/// Becomes a sum of twice its argument.
#[task(name = "w.double")]
pub(crate) async fn double(ctx: Context, x: i64) -> TaskResult<i64> {
    Err(ctx.replace(total::s().arg(x).arg(x)))
}

/// Becomes a chain.
#[task(name = "w.next_two")]
pub(crate) async fn next_two(ctx: Context, x: i64) -> TaskResult<i64> {
    let more = TaskSignature::<i64>::new("w.total").arg(2);
    Err(ctx.replace(total::s().arg(x) | more))
}

/// Becomes a group of one task for each number below its argument.
#[task(name = "w.spread")]
pub(crate) async fn spread(ctx: Context, x: i64) -> TaskResult<Value> {
    Err(ctx.replace(group((0..x).map(|n| total::s().arg(n)))))
}

/// Once again, then its sum.
#[task(name = "w.again")]
pub(crate) async fn again(ctx: Context, #[args] values: Vec<Value>) -> TaskResult<i64> {
    if ctx.retries() == 0 {
        return Err(ctx.retry().countdown(Duration::ZERO).into());
    }
    Ok(values.iter().map(sum).sum())
}
