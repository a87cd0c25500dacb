//! Tasks that add and return.

pub(crate) use self::all::*;

#[celeriac::tasks(prefix = "t.integration.tasks")]
mod all {
    use celeriac::prelude::*;
    use serde::{Deserialize, Serialize};

    use crate::number;

    #[task]
    pub(crate) async fn identity(x: Value) -> Value {
        x
    }

    #[task]
    pub(crate) async fn add(x: Value, y: Value, z: Option<Value>) -> TaskResult<Value> {
        let sum = number::add(&x, &y)?;
        match z.filter(Value::is_true) {
            Some(z) => number::add(&sum, &z),
            None => Ok(sum),
        }
    }

    #[task]
    pub(crate) async fn add_not_typed(x: Value, y: Value) -> TaskResult<Value> {
        number::add(&x, &y)
    }

    #[task(ignore_result)]
    pub(crate) async fn add_ignore_result(x: Value, y: Value) -> TaskResult<Value> {
        number::add(&x, &y)
    }

    #[task(ignore_result = false)]
    pub(crate) async fn add_with_result(x: Value, y: Value) -> TaskResult<Value> {
        number::add(&x, &y)
    }

    #[task]
    pub(crate) async fn mul(x: i64, y: i64) -> i64 {
        x * y
    }

    #[task]
    pub(crate) async fn tsum(nums: Value) -> TaskResult<Value> {
        number::sum(number::items(&nums)?)
    }

    #[task]
    pub(crate) async fn xsum(nums: Value) -> TaskResult<Value> {
        let mut sums = Vec::new();
        for item in number::items(&nums)? {
            sums.push(match item {
                Value::List(items) => number::sum(items)?,
                other => other.clone(),
            });
        }
        number::sum(&sums)
    }

    #[task]
    pub(crate) async fn delayed_sum(numbers: Value, pause_time: Option<f64>) -> TaskResult<Value> {
        tokio::time::sleep(Duration::from_secs_f64(pause_time.unwrap_or(1.0))).await;
        number::sum(number::items(&numbers)?)
    }

    #[task]
    pub(crate) async fn delayed_sum_with_soft_guard(
        ctx: Context,
        numbers: Value,
        pause_time: Option<f64>,
    ) -> TaskResult<Value> {
        let pause = Duration::from_secs_f64(pause_time.unwrap_or(1.0));
        tokio::select! {
            () = ctx.soft_time_limit() => Ok(Value::Int(0)),
            () = tokio::time::sleep(pause) => number::sum(number::items(&numbers)?),
        }
    }

    #[task]
    pub(crate) async fn sleeping(i: f64, #[kwargs] _others: Dict) {
        tokio::time::sleep(Duration::from_secs_f64(i)).await;
    }

    #[task]
    pub(crate) fn write_to_file_and_return_int(file_name: String, i: i64) -> TaskResult<i64> {
        use std::io::Write as _;
        let file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(file_name);
        writeln!(file?, "{i}")?;
        Ok(i)
    }

    #[derive(Deserialize, Serialize)]
    pub(crate) struct Pair {
        x: i64,
        y: i64,
    }

    #[derive(Serialize)]
    pub(crate) struct Sum {
        result: i64,
    }

    #[task]
    pub(crate) async fn add_pydantic(data: Pair) -> Sum {
        let result = data.x + data.y;
        Sum { result }
    }

    #[task]
    pub(crate) async fn add_pydantic_string_annotations(data: Pair) -> Sum {
        let result = data.x + data.y;
        Sum { result }
    }
}
