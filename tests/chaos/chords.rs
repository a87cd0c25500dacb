use std::time::Duration;

use celeriac::prelude::*;
use celeriac_core::random;

use crate::effects::Effects;
use crate::scene::Scene;

const MEMBERS: usize = 2000;
const VISIBILITY: Duration = Duration::from_secs(5);
/// The body begins within this time after the last member, and a visibility timeout later where a
/// killed worker held the last part.
const SOON: f64 = 5.0;

/// What the workers run, so that the client knows it for celeriac's.
#[task(name = "w.slow_effects")]
async fn slow_effects(_path: String, _ident: String, _seconds: f64) -> String {
    unreachable!("workers run it")
}

/// As often as `CELERIAC_TEST_CHORDS` says; once without it.
async fn kill_two_of_four(scene: Scene, app: fn() -> App) {
    let runs =
        std::env::var("CELERIAC_TEST_CHORDS").map_or(1, |runs| runs.parse().expect("a number"));
    for run in 1..=runs {
        let effects = scene.effects();
        let later = kill_two(&scene, app(), &effects).await;
        eprintln!("run {run}: the body began {later:.2} s after the last member");
    }
}

/// How long after its last member the body began, in seconds.
async fn kill_two(scene: &Scene, app: App, effects: &Effects) -> f64 {
    let settings = [("WORKER_CONCURRENCY", "10")];
    let mut workers = Vec::new();
    for _ in 0..4 {
        workers.push(scene.worker(VISIBILITY, &settings).await);
    }
    let connection = scene.place.connect_as(app, &scene.queue).await;
    let path = effects.path().to_owned();
    let member = |n: usize| slow_effects::s(path.clone(), format!("member-{n}"), 0.01);
    let body = slow_effects::si(path.clone(), "body", 0.0);
    let chord = chord((0..MEMBERS).map(member), body);
    let result = connection.client().send(chord).await.expect("sent");
    for _ in 0..2 {
        let lines = (random::fraction() * 1.6 * MEMBERS as f64) as usize;
        effects.more_than(lines.max(effects.count())).await;
        let killed = workers.swap_remove((random::fraction() * workers.len() as f64) as usize);
        killed.kill().await;
    }
    let ended = result.get(Duration::from_mins(2)).await;
    assert_eq!(ended.expect("the body has run"), "body");
    scene.is_empty(Duration::from_mins(1)).await;
    for worker in workers {
        worker.stop().await;
    }

    let counts = effects.counts();
    assert_eq!(counts["body"], 1, "the body ran once");
    assert!((0..MEMBERS).all(|n| counts.contains_key(&format!("member-{n}"))));
    let lines = effects.lines();
    let began = lines
        .iter()
        .find(|(name, _)| name == result.id())
        .expect("the body's line")
        .1;
    // a member that a killed worker held may run once more, after its chord is over
    let mut firsts = std::collections::HashMap::new();
    for (name, time) in lines.iter().filter(|(name, _)| name.starts_with("member-")) {
        firsts.entry(name).or_insert(*time);
    }
    let last = firsts.values().copied().fold(0.0, f64::max);
    assert!(
        began - last < SOON + VISIBILITY.as_secs_f64(),
        "the body began {} s after the last member",
        began - last
    );
    began - last
}

#[tokio::test(flavor = "multi_thread")]
async fn the_body_of_2000_runs_once_though_two_of_four_workers_are_killed() {
    let app = || App::new("chaos").task(slow_effects);
    kill_two_of_four(Scene::ministack().await, app).await;
}

/// The client knows none of the tasks: its chord is kept as Celery keeps it.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_of_a_chord_in_celerys_layout() {
    kill_two_of_four(Scene::ministack().await, || App::new("chaos")).await;
}
