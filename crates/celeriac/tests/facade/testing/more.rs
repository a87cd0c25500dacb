//! What the page only mentions.

use celeriac::prelude::*;
use celeriac::testing::{InMemory, TestContext};

struct Shelf;

#[task(name = "shop.stateful")]
async fn stateful(_shelf: State<Shelf>) {}

#[task(name = "shop.blocking")]
fn blocking(ctx: Context, lines: Vec<String>) -> TaskResult<usize> {
    for at in ctx.last_checkpoint()?.unwrap_or(0)..lines.len() {
        if ctx.is_cancelled() {
            return Err(std::io::Error::other("out of time").into());
        }
        ctx.checkpoint(at + 1)?;
        ctx.block_on(ctx.progress(at))?;
    }
    Ok(lines.len())
}

#[tokio::test]
async fn a_task_whose_state_is_not_there_is_refused_at_the_start() {
    let error = InMemory::start(App::new("shop").task(stateful)).await;
    let error = error.expect_err("no shelf").to_string();
    assert!(
        error.starts_with("task `shop.stateful`: no state of type"),
        "{error}"
    );
    assert!(
        error.ends_with("Shelf`: add it with `App::state`"),
        "{error}"
    );
    let app = InMemory::start(App::new("shop").task(stateful).state(Shelf)).await;
    app.expect("it starts").stop().await;
}

/// Without a runtime of the test's.
#[test]
fn a_blocking_task_is_called_in_a_plain_test() {
    let test = TestContext::new();
    let done = blocking::call(test.context(), vec!["a".to_owned()]);
    assert_eq!(done.expect("a line"), 1);
    assert_eq!(test.shown().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_says_what_the_test_said() {
    let time = UtcTime::parse("2027-01-02T03:04:05Z").expect("a time");
    let test = TestContext::new()
        .id("one")
        .queue("slow")
        .header("tenant", 7)
        .scheduled_for(time)
        .remaining(secs(60))
        .checkpoint(1);
    let ctx = test.context();
    assert_eq!((ctx.id(), ctx.queue(), ctx.retries()), ("one", "slow", 0));
    assert_eq!(ctx.headers()["tenant"], 7.into());
    assert_eq!(
        ctx.scheduled_time().to_string(),
        "2027-01-02T03:04:05+00:00[UTC]"
    );
    assert!(ctx.is_scheduled() && ctx.remaining().is_some_and(|left| left > secs(50)));

    let lines = vec!["a".to_owned(), "b".to_owned()];
    let of_thread = ctx.clone();
    let done = tokio::task::spawn_blocking(move || blocking::call(of_thread, lines));
    assert_eq!(done.await.expect("no panic").expect("lines"), 2);
    assert_eq!(test.shown(), [("PROGRESS".to_owned(), 1.into())]);

    assert_eq!(test.made_checkpoint(), Some(2.into()));
    test.cancel();
    let lines = ["a", "b", "c"].map(str::to_owned).to_vec();
    assert!(blocking::call(test.context(), lines).is_err());
}
