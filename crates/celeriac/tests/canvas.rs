//! Typed canvases, run by a worker in memory.
#![cfg(feature = "local")]

use std::collections::BTreeSet;

use celeriac::TaskState;
use celeriac::prelude::*;
use celeriac::testing::InMemory;
use futures_util::StreamExt;

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

#[task(name = "canvas.becomes")]
async fn becomes(ctx: Context, x: i64) -> TaskResult<i64> {
    Err(ctx.replace(add::s(x, 1) | add::step(2)))
}

/// Sends a chain of more steps than a result's `children` may nest.
#[task(name = "canvas.sends_long")]
async fn sends_long(ctx: Context) -> TaskResult<()> {
    let chain = (1..100).fold(add::s(0, 1) | add::step(1), |chain, _| chain | add::step(1));
    ctx.send(chain).await?;
    Ok(())
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
    InMemory::start(app.task(odd).task(becomes).task(sends_long).task(report))
        .await
        .expect("a worker")
}

/// Each line begins with its start, and there are no more.
fn begin_with(lines: &[&str], starts: &[&str]) {
    assert_eq!(lines.len(), starts.len(), "{lines:#?}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{line}\n{lines:#?}");
    }
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
async fn chunks_have_a_size() {
    let app = app().await;
    let error = app.client().send(chunks(add::task(), [(1, 2)], 0)).await;
    let error = error.expect_err("refused").to_string();
    assert_eq!(error, "task `canvas.add`: the size of a chunk is 0");
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

#[tokio::test]
async fn a_group_is_saved_restored_and_streamed() {
    let app = app().await;
    let client = app.client();
    let sent = client
        .send(group((1..=20).map(square::s)))
        .await
        .expect("sent");
    sent.save().await.expect("saved");
    let restored = client.restore_group::<i64>(sent.id()).await;
    let restored = restored.expect("read").expect("it was saved");
    assert_eq!(restored.tree(), sent.tree());
    let mut come: Vec<(usize, i64)> = restored
        .stream(LONG)
        .map(|(place, value)| (place, value.expect("a value")))
        .collect()
        .await;
    come.sort_unstable();
    assert_eq!(come.len(), 20);
    assert!(come.iter().all(|(place, value)| {
        let n = i64::try_from(*place).expect("small") + 1;
        *value == n * n
    }));
    let nobody = client.restore_group::<i64>("nobody").await;
    assert!(nobody.expect("read").is_none());
}

/// A body that collects, in a chord whose own members fail it, and the other way round.
#[tokio::test]
async fn chords_in_chords_collect_each_for_itself() {
    let app = app().await;
    let client = app.client();
    let numbers = || group((1..=3).map(odd::s));
    let inner = group((1..=2).map(odd::si)).collect() | report::step();
    let failed = client.send(numbers() | inner).await.expect("sent");
    let error = failed.get(LONG).await.expect_err("2 is even");
    assert!(error.to_string().contains("2 is even"), "{error}");

    let inner = group((1..=2).map(odd::si)).collect() | report::step();
    let collected = client.send(numbers().collect() | inner.immutable()).await;
    let collected = collected.expect("sent").get(LONG).await;
    assert_eq!(
        collected.expect("a report"),
        ["1", "ValueError('2 is even')"]
    );
}

/// Each message carries the steps after it, and none of their depth counts.
#[tokio::test]
async fn a_chain_may_be_long() {
    let app = app().await;
    let client = app.client();
    let chain = (1..300).fold(add::s(0, 1) | add::step(1), |chain, _| chain | add::step(1));
    let result = client.send(chain).await.expect("sent");
    assert_eq!(result.get(LONG).await.expect("a sum"), 301);
    let graph = client.graph(result.id()).await.expect("read");
    let graph = graph.expect("known");
    assert_eq!(graph.steps.len(), 301);
    assert!(
        graph.to_string().contains("→ 286 more steps: 286 SUCCESS"),
        "{graph}"
    );

    let sends = client.send(sends_long::s()).await.expect("sent");
    sends.get(LONG).await.expect("it has sent a chain");
}

/// From whichever of its ids, the same workflow.
#[tokio::test]
async fn a_workflow_is_read_from_any_of_its_ids() {
    let app = app().await;
    let client = app.client();
    let header = group![add::s(1, 1), add::s(2, 2) | add::step(3)];
    let canvas = chain![header | total::step(), add::step(10)];
    let result = client.send(canvas).await.expect("sent");
    assert_eq!(result.get(LONG).await.expect("a sum"), 19);
    let body = result.parent().expect("the body");
    let group = body.parent().expect("the header");
    let members = group.tree().expect("a tree").ids();
    let mut texts = BTreeSet::new();
    for id in [result.id(), body.id(), group.id(), &members[0], &members[1]] {
        let graph = client.graph(id).await.expect("read").expect("known");
        assert_eq!(graph.states, [(TaskState::Success, 5)].into());
        let text = graph.to_string();
        let names: Vec<&str> = text.split_whitespace().collect();
        assert_eq!(names[0], "chord", "{text}");
        texts.insert(text);
    }
    assert_eq!(texts.len(), 1, "{texts:#?}");
    let text = texts.pop_first().expect("one");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].ends_with("3 SUCCESS"), "{text}");
    assert!(
        lines[2].contains("canvas.add") && lines[2].ends_with("SUCCESS  4"),
        "{text}"
    );
    assert!(
        lines[3].contains("→ canvas.add") && lines[3].ends_with('7'),
        "{text}"
    );
    assert!(
        lines[4].starts_with("→ canvas.total") && lines[5].starts_with("→ canvas.add"),
        "{text}"
    );
    assert!(client.graph("nobody").await.expect("read").is_none());
}

#[tokio::test]
async fn a_large_group_is_folded() {
    let app = app().await;
    let client = app.client();
    let sent = client
        .send(group((1..=300).map(odd::s)))
        .await
        .expect("sent");
    let _ = sent.set().join_all(LONG).await;
    let graph = client.graph(sent.results()[7].id()).await;
    let graph = graph.expect("read").expect("known");
    assert_eq!(graph.states.values().sum::<usize>(), 300);
    let text = graph.to_string();
    assert!(text.contains("150 SUCCESS, 150 FAILURE"), "{text}");
    assert!(
        text.contains("297 × canvas.odd: 150 SUCCESS, 147 FAILURE"),
        "{text}"
    );
    assert!(text.lines().count() < 10, "{text}");
    for (form, sign) in [
        (graph.dot(), "digraph"),
        (graph.mermaid(), "flowchart"),
        (graph.svg(), "<svg"),
    ] {
        assert!(form.starts_with(sign) && form.contains("297 ×"), "{form}");
        assert!(form.len() < 10_000, "{}", form.len());
    }
}

/// Steps that a failure keeps from coming are of the workflow, too.
#[tokio::test]
async fn a_failed_workflow_is_read_from_its_last_step() {
    let app = app().await;
    let client = app.client();
    let failing = add::s(1, 1) | odd::step() | add::step(1);
    let canvas = group![failing, add::s(1, 2)] | total::step() | add::step(1) | add::step(2);
    let result = client.send(canvas).await.expect("sent");
    result.get(LONG).await.expect_err("2 is even");
    let graph = client.graph(result.id()).await.expect("read");
    let graph = graph.expect("known");
    let text = graph.to_string();
    assert_eq!(
        graph.states,
        [(TaskState::Success, 2), (TaskState::Failure, 5)].into(),
        "{text}"
    );
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    let starts = [
        "chord ",
        "canvas.add ",
        "→ canvas.odd ",
        "→ canvas.add ",
        "canvas.add ",
        "→ canvas.total ",
        "→ canvas.add ",
        "→ canvas.add ",
    ];
    begin_with(&lines, &starts);
}

/// What a task becomes stands where it stood.
#[tokio::test]
async fn a_workflow_with_replaced_tasks_is_one() {
    let app = app().await;
    let client = app.client();
    let squares = then_each(square::step() | add::step(1));
    let canvas = chain![
        numbers::s(2),
        squares,
        total::step(),
        becomes::step(),
        add::step(1)
    ];
    let result = client.send(canvas).await.expect("sent");
    assert_eq!(result.get(LONG).await.expect("a sum"), 7 + 1 + 2 + 1);
    let graph = client.graph(result.id()).await.expect("read");
    let text = graph.expect("known").to_string();
    let lines: Vec<&str> = text.lines().collect();
    let starts = [
        "canvas.numbers ",
        "→ chord ",
        "    canvas.square ",
        "    → canvas.add ",
        "    canvas.square ",
        "    → canvas.add ",
        "→ celery.accumulate ",
        "→ canvas.total ",
        "→ canvas.add ",
        "→ canvas.add ",
        "→ canvas.add ",
    ];
    begin_with(&lines, &starts);
}

/// Each message of a chain carries the steps after it.
#[tokio::test]
async fn a_chain_that_is_too_large_says_so_and_sends_nothing() {
    let app = app().await;
    let text = "x".repeat(10_000);
    let step = || TaskSignature::<String>::new("python.echo").arg(&text);
    let rest = (1..1_000).map(|_| step());
    let canvas = rest.fold(step() | step(), |chain, next| chain | next);
    let error = app.client().send(canvas).await.expect_err("refused");
    let error = error.to_string();
    let told = "over the limit of 1048576: it carries the 1000 later steps of its chain. Store what is \
                large elsewhere and pass where it is, or let a step send the rest";
    assert!(
        error.starts_with("task `python.echo`: its message has 1"),
        "{error}"
    );
    assert!(error.ends_with(told), "{error}");
}
