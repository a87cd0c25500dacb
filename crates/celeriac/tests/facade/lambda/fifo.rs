//! FIFO queues: only the group of what failed waits.

use std::time::Duration;

use celeriac::prelude::*;

use super::support::{Effects, Scene};

const ORDERS: &str = "orders.fifo";
const MINUTE: Duration = Duration::from_mins(1);

#[task(
    name = "t.step",
    queue = "orders.fifo",
    max_retries = 5,
    autoretry,
    default_retry_delay = 0,
    retry_jitter = false
)]
async fn step(ctx: Context, effects: State<Effects>, group: String, n: u32) -> TaskResult {
    if group == "b" && n == 1 && ctx.retries() == 0 {
        effects.add("b-failed");
        return Err(std::io::Error::other("not yet").into());
    }
    // the one before it is done
    if n > 0 {
        assert_eq!(
            effects.of(&format!("{group}-{}", n - 1)),
            1,
            "{group}-{n} ran early"
        );
    }
    effects.add(&format!("{group}-{n}"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_failed_group_and_what_follows_in_it_comes_back_and_no_other() {
    let scene = Scene::new(App::new("t").task(step)).await;
    let mut results = Vec::new();
    for n in 0..3 {
        for group in ["a", "b", "c"] {
            let call = step::s(group.to_owned(), n).message_group_id(group);
            results.push(scene.send(call).await);
        }
    }
    let batch = scene.poll(ORDERS).await;
    assert_eq!(batch.len(), 9);
    let returned = scene.run(&batch, MINUTE).await;
    assert_eq!(returned.len(), 2, "b-1, which failed, and b-2 behind it");
    for (name, runs) in [
        ("a-2", 1),
        ("c-2", 1),
        ("b-0", 1),
        ("b-failed", 1),
        ("b-1", 0),
        ("b-2", 0),
    ] {
        assert_eq!(scene.effects.of(name), runs, "{name}");
    }
    scene.drain(ORDERS).await;
    for result in results {
        result.get(secs(5)).await.expect("a result");
    }
    assert_eq!(scene.left(ORDERS).await, 0);
}
