//! Typed canvases, run by a worker in memory.
#![cfg(feature = "local")]

use celeriac::prelude::*;
use celeriac::testing::InMemory;

#[task(name = "canvas.add")]
async fn add(x: i64, y: i64) -> i64 {
    x + y
}

#[task(name = "canvas.square")]
fn square(x: i64) -> i64 {
    x * x
}

#[task(name = "canvas.numbers")]
async fn numbers(count: i64) -> Vec<i64> {
    (1..=count).collect()
}

#[task(name = "canvas.total")]
async fn total(numbers: Vec<i64>) -> i64 {
    numbers.iter().sum()
}

#[task(name = "canvas.odd")]
async fn odd(x: i64) -> TaskResult<i64> {
    match x % 2 {
        0 => Err(TaskError::failure("ValueError", format!("{x} is even"))),
        _ => Ok(x),
    }
}

#[task(name = "canvas.report")]
async fn report(numbers: Vec<Result<i64, MemberError>>) -> Vec<String> {
    let text = |number: Result<i64, MemberError>| match number {
        Ok(number) => number.to_string(),
        Err(error) => error.to_string(),
    };
    numbers.into_iter().map(text).collect()
}

async fn app() -> InMemory {
    let app = App::new("canvas");
    let app = app.task(add).task(square).task(numbers).task(total);
    InMemory::start(app.task(odd).task(report))
        .await
        .expect("a worker")
}

const LONG: Duration = secs(20);

#[tokio::test]
async fn a_task_is_mapped() {
    let app = app().await;
    let client = app.client();
    let squares = client.send(map(square::task(), 1..=4)).await.expect("sent");
    assert_eq!(squares.get(LONG).await.expect("squares"), [1, 4, 9, 16]);

    let sums = starmap(add::task(), [(1, 2), (3, 4)]);
    let sum = client.send(sums | total::step()).await.expect("sent");
    assert_eq!(sum.get(LONG).await.expect("a sum"), 10);

    let sums = chunks(add::task(), (0..5).map(|n| (n, n)), 2);
    let sums = client.send(sums).await.expect("sent");
    let each = sums.join(LONG).await.expect("sums");
    assert_eq!(each, [vec![0, 2], vec![4, 6], vec![8]]);
}

#[tokio::test]
async fn a_mapped_task_has_no_arguments_of_its_own() {
    let app = app().await;
    let error = app.client().send(map(square::task().arg(1), [1])).await;
    assert_eq!(
        error.expect_err("refused").to_string(),
        "task `celery.map` cannot be encoded: task `celery.map`: `canvas.square` gets all of its \
         arguments from the items"
    );
}

#[tokio::test]
async fn each_item_of_a_list_is_a_task() {
    let app = app().await;
    let client = app.client();
    for (count, expected) in [(4, 70), (1, 11), (0, 0)] {
        let each = then_each(square::step() | add::step(10));
        let canvas = chain![numbers::s(count), each, total::step()];
        let sum = client.send(canvas).await.expect("sent");
        assert_eq!(sum.get(LONG).await.expect("a sum"), expected, "{count}");
    }
}

#[tokio::test]
async fn a_body_may_collect_errors() {
    let app = app().await;
    let client = app.client();
    let numbers = group((1..=3).map(odd::s));
    let reported = client.send(numbers.collect() | report::step()).await;
    let reported = reported.expect("sent").get(LONG).await.expect("a report");
    assert_eq!(reported, ["1", "ValueError('2 is even')", "3"]);
}

#[tokio::test]
async fn a_canvas_may_be_frozen() {
    let app = app().await;
    let client = app.client();
    let canvas = group![add::s(1, 1), add::s(2, 2)] | total::step() | add::step(1);
    let (frozen, result) = client.freeze(canvas).expect("it has tasks");
    let sent = client.send(frozen.clone()).await.expect("sent");
    assert_eq!(sent.id(), result.id());
    assert_eq!(result.get(LONG).await.expect("a sum"), 7);
    client
        .send(frozen)
        .await
        .expect("sent again: the same tasks");
    assert_eq!(result.get(LONG).await.expect("a sum"), 7);

    let (frozen, result) = client
        .freeze(group([add::s(1, 1), add::s(2, 2)]))
        .expect("it has tasks");
    client.send(frozen).await.expect("sent");
    assert_eq!(result.join(LONG).await.expect("sums"), [2, 4]);
}
