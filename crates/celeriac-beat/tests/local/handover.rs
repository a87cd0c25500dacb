//! Who sends, and who goes on from there.

use celeriac_beat::CatchUp;

use crate::scene::{LEASE, Scene, every, named};

#[tokio::test(start_paused = true)]
async fn one_beat_of_two_sends() {
    let scene = Scene::new();
    let _first = scene.start(vec![every(10.0)]);
    let _second = scene.start(vec![every(10.0)]);
    scene.until(35).await;
    assert_eq!(scene.times(), [10, 20, 30]);
}

#[tokio::test(start_paused = true)]
async fn one_that_waits_takes_over_from_a_killed_one_within_the_lease() {
    for killed_at in [20, 21, 22, 23, 24, 25] {
        let scene = Scene::new();
        let first = scene.start(vec![every(1.0)]);
        let _second = scene.start(vec![every(1.0)]);
        scene.until(killed_at).await;
        scene.pass(0.7).await;
        first.kill();
        let sent = scene.times().len();
        scene.pass(LEASE.as_secs_f64()).await;
        assert!(scene.times().len() > sent, "killed at {killed_at}.7");
        scene.until(60).await;
        scene.pass(0.5).await;
        assert_eq!(scene.counts().len(), 60, "one id for each time due");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_is_stopped_hands_over_at_once() {
    let scene = Scene::new();
    let first = scene.start(vec![every(1.0)]);
    let _second = scene.start(vec![every(1.0)]);
    scene.pass(10.2).await;
    first.stop().await.expect("a good end");
    scene.pass(1.0).await;
    assert_eq!(scene.times().last(), Some(&11));
    assert_eq!(scene.times().len(), 11, "nothing is sent twice");
}

#[tokio::test(start_paused = true)]
async fn one_that_is_stopped_before_it_looked_changes_nothing() {
    let scene = Scene::new();
    let entry = || vec![every(10.0).catch_up(CatchUp::RunAll)];
    scene.pass(5.0).await;
    let first = scene.start(entry());
    scene.pass(10.0).await;
    first.stop().await.expect("a good end");
    let second = scene.start(entry());
    second.stop().await.expect("a good end");
    let _third = scene.start(entry());
    scene.until(21).await;
    assert_eq!(scene.times(), [10, 20]);
}

#[tokio::test(start_paused = true)]
async fn a_new_entry_is_due_from_now_on_and_never_at_once() {
    let scene = Scene::new();
    let old = || named("old", 60.0).catch_up(CatchUp::RunAll);
    let new = || named("new", 60.0).catch_up(CatchUp::RunAll);
    let beat = scene.start(vec![old()]);
    scene.until(70).await;
    beat.stop().await.expect("a good end");
    scene.until(200).await;
    let beat = scene.start(vec![old(), new()]);
    scene.pass(1.0).await;
    assert_eq!(
        scene.times(),
        [60, 120, 180],
        "only the old one had missed any"
    );
    // one that dies at once does not make the entry an old one
    beat.kill();
    let _beat = scene.start(vec![old(), new()]);
    scene.until(241).await;
    let counts = scene.counts();
    let new: Vec<_> = counts.keys().filter(|id| id.starts_with("new")).collect();
    assert_eq!(new, ["new:2027-01-01T00:04:00Z"]);
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_was_taken_out_and_comes_back_is_new() {
    let scene = Scene::new();
    let kept = || named("kept", 60.0);
    let beat = scene.start(vec![kept(), every(60.0)]);
    scene.until(61).await;
    beat.stop().await.expect("a good end");
    let beat = scene.start(vec![kept()]);
    scene.until(150).await;
    beat.stop().await.expect("a good end");
    let _beat = scene.start(vec![kept(), every(60.0)]);
    scene.until(170).await;
    assert!(!scene.counts().contains_key("pulse:2027-01-01T00:02:00Z"));
}

#[tokio::test(start_paused = true)]
async fn what_was_missed_while_no_beat_was_there_is_made_up_for() {
    let entry = |policy| {
        let name = format!("{policy}");
        named(&name, 60.0).catch_up(policy)
    };
    let entries = || {
        vec![
            entry(CatchUp::Skip),
            entry(CatchUp::RunOnce),
            entry(CatchUp::RunAll),
        ]
    };
    let scene = Scene::new();
    scene.start(entries()).kill();
    let beat = scene.start(entries());
    scene.pass(30.0).await;
    beat.stop().await.expect("a good end");
    scene.until(210).await;
    let _beat = scene.start(entries());
    scene.pass(1.0).await;
    let counts = scene.counts();
    let ids: Vec<_> = counts.keys().map(String::as_str).collect();
    assert_eq!(
        ids,
        [
            "run_all:2027-01-01T00:01:00Z",
            "run_all:2027-01-01T00:02:00Z",
            "run_all:2027-01-01T00:03:00Z",
            "run_once:2027-01-01T00:03:00Z",
        ]
    );
}
