//! What a function hands to a worker queue.

use std::time::Duration;

use celeriac::prelude::*;
use celeriac::worker::{Shutdown, WorkerQueue};

use super::support::{Effects, QUEUE, Scene};

/// Counts to 30, ten numbers a second, and goes on from where it was.
#[task(name = "t.count")]
async fn count(ctx: Context, effects: State<Effects>) -> TaskResult<Vec<u32>> {
    let mut counted: Vec<u32> = ctx.last_checkpoint()?.unwrap_or_default();
    effects.add("runs");
    while counted.len() < 30 {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(100)) => {}
            () = ctx.soft_time_limit() => return Err(std::io::Error::other("out of time").into()),
        }
        counted.push(u32::try_from(counted.len())?);
        effects.add(&format!("n{}", counted.len() - 1));
        ctx.checkpoint(&counted)?;
    }
    Ok(counted)
}

#[task(name = "t.marked", spill = "workers")]
async fn marked(effects: State<Effects>) -> TaskResult {
    effects.add("marked");
    Ok(())
}

#[task(name = "t.hour", time_limit = "1h")]
async fn hour(effects: State<Effects>) -> TaskResult {
    effects.add("hour");
    Ok(())
}

fn app() -> App {
    App::new("t").task(count).task(marked).task(hour)
}

async fn work(scene: &Scene, queue: &str) -> (Shutdown, tokio::task::JoinHandle<()>) {
    let shutdown = Shutdown::new();
    let worker = scene
        .connection
        .worker(vec![WorkerQueue::new(queue)])
        .await
        .expect("a worker");
    let told = shutdown.clone();
    let running = tokio::spawn(async move {
        worker.run(told).await.expect("a good end");
    });
    (shutdown, running)
}

async fn spilled_to(queue: &str, spill: Option<&str>) {
    let scene = Scene::with(app(), |settings| {
        settings.lambda_spill_queue = spill.map(str::to_owned);
    })
    .await;
    for queue in ["workers", QUEUE] {
        let spec = celeriac::broker::QueueSpec::new(queue);
        scene.queue_admin().declare(&spec).await.expect("a queue");
    }
    let result = scene.send(count::s()).await;
    let batch = scene.poll(QUEUE).await;
    assert!(scene.run(&batch, Duration::from_secs(2)).await.is_empty());
    assert_eq!(scene.visible(queue).await, 1);
    let (shutdown, running) = work(&scene, queue).await;
    let counted = result.get(secs(10)).await.expect("a result");
    assert_eq!(counted, (0..30).collect::<Vec<u32>>());
    assert_eq!(scene.effects.of("runs"), 2);
    for n in 0..30 {
        assert_eq!(
            scene.effects.of(&format!("n{n}")),
            1,
            "{n} was counted again"
        );
    }
    shutdown.drain();
    running.await.expect("no panic");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_outlives_the_function_goes_on_in_a_worker_from_its_checkpoint() {
    Box::pin(spilled_to("workers", Some("workers"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_worker_queue_it_goes_on_from_its_own() {
    Box::pin(spilled_to(QUEUE, None)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn marked_tasks_and_those_that_cannot_fit_are_handed_over_unrun() {
    let scene = Scene::with(app(), |settings| {
        settings.lambda_spill_queue = Some("workers".to_owned());
    })
    .await;
    let results = [scene.send(marked::s()).await, scene.send(hour::s()).await];
    scene
        .queue_admin()
        .declare(&celeriac::broker::QueueSpec::new("workers"))
        .await
        .expect("a queue");
    let batch = scene.poll(QUEUE).await;
    assert!(scene.run(&batch, Duration::from_mins(15)).await.is_empty());
    assert_eq!(scene.visible("workers").await, 2);
    assert_eq!(scene.effects.of("marked") + scene.effects.of("hour"), 0);
    let (shutdown, running) = work(&scene, "workers").await;
    for result in results {
        result.get(secs(10)).await.expect("a result");
    }
    shutdown.drain();
    running.await.expect("no panic");
}
