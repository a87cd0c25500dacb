use std::collections::HashMap;
use std::time::Duration;

use celeriac::{AsyncResult, TaskSignature, UtcTime, Value};
use celeriac_protocol::ResultMeta;

use crate::effects::Effects;
use crate::scene::{Scene, all_succeeded};

const TASKS: usize = 1000;
const CONCURRENCY: usize = 20;
/// Messages that a worker holds: `worker_prefetch_multiplier` is 4.
const HELD: usize = 4 * CONCURRENCY;
const VISIBILITY: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_three_times_in_a_thousand_tasks_loses_and_doubles_nothing_on_ministack() {
    kill_three_times(Scene::ministack().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_three_times_in_a_thousand_tasks_loses_and_doubles_nothing_on_sqlite() {
    kill_three_times(Scene::sqlite().await).await;
}

async fn kill_three_times(scene: Scene) {
    let effects = scene.effects();
    let calls = (0..TASKS).map(|n| slow(&effects, n)).collect();
    let sent = scene.send_all(calls).await;
    let mut finished = Vec::new();
    for killed in 1..=3 {
        let worker = scene
            .worker(VISIBILITY, &[("WORKER_CONCURRENCY", "20")])
            .await;
        effects.more_than(killed * TASKS * 2 / 5).await;
        worker.kill().await;
        finished.push(Finished::now(&scene, &sent, &effects).await);
    }
    let worker = scene
        .worker(VISIBILITY, &[("WORKER_CONCURRENCY", "20")])
        .await;
    let metas = scene.ended(&sent, Duration::from_secs(150)).await;
    scene.is_empty(Duration::from_mins(1)).await;
    worker.stop().await;

    all_succeeded(&metas);
    nothing_ran_after_its_end(&effects, &sent, &metas);
    let last = Finished::now(&scene, &sent, &effects).await;
    for earlier in finished {
        earlier.is_as_it_was(&last);
    }
    let counts = effects.counts();
    let unfinished = (0..TASKS)
        .filter(|n| !counts.contains_key(&format!("done-{n}")))
        .count();
    assert_eq!(unfinished, 0, "tasks without an effect");
    let runs: usize = sent.iter().map(|result| counts[result.id()]).sum();
    eprintln!("{runs} runs of {TASKS} tasks");
    assert!(runs > TASKS, "the kills hit nothing");
    assert!(
        runs <= TASKS + 3 * HELD,
        "{runs} runs: more than the kills can explain"
    );
}

/// The tasks whose SUCCESS was stored at some moment: when it was, and how often each had begun.
struct Finished(HashMap<String, (Option<String>, usize)>);

impl Finished {
    async fn now(scene: &Scene, sent: &[AsyncResult], effects: &Effects) -> Self {
        let ids = sent.iter().map(AsyncResult::id);
        let metas = scene.client().results::<Value>(ids).metas().await;
        let counts = effects.counts();
        let metas = sent.iter().zip(metas.expect("the results"));
        let ready = metas.filter(|(_, meta)| meta.status.is_ready());
        Self(
            ready
                .map(|(result, meta)| (result.id(), meta.date_done))
                .map(|(id, done)| (id.to_owned(), (done, counts[id])))
                .collect(),
        )
    }

    /// None of them was touched since.
    fn is_as_it_was(&self, later: &Self) {
        assert!(!self.0.is_empty(), "nothing was finished before the kill");
        for (id, seen) in &self.0 {
            assert_eq!(Some(seen), later.0.get(id), "`{id}` was finished");
        }
    }
}

fn slow(effects: &Effects, n: usize) -> TaskSignature {
    TaskSignature::new("w.slow_effects")
        .arg(effects.path())
        .arg(format!("done-{n}"))
        .arg(0.05)
}

/// No run of a task began once its SUCCESS was stored.
fn nothing_ran_after_its_end(effects: &Effects, sent: &[AsyncResult], metas: &[ResultMeta]) {
    let done: HashMap<&str, f64> = sent
        .iter()
        .map(AsyncResult::id)
        .zip(metas.iter().map(stored_at))
        .collect();
    let late: Vec<_> = effects
        .lines()
        .into_iter()
        .filter(|(name, began)| done.get(name.as_str()).is_some_and(|done| began > done))
        .collect();
    assert!(late.is_empty(), "finished tasks ran again: {late:?}");
}

fn stored_at(meta: &ResultMeta) -> f64 {
    let done = meta.date_done.as_deref().expect("a date");
    UtcTime::parse(done).expect("a time").as_secs_f64()
}
