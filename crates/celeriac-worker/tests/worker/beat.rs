//! Messages that beat sent, as EventBridge Scheduler puts them on a queue: bare JSON, written once,
//! with the time put in.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{App, QUEUE, Runs, Setup, exc_message, until};
use celeriac_core::{Clock, RetryPolicy, ScheduledRun, SystemClock, TaskError, TaskOptions};
use celeriac_protocol::{Envelope, Headers, Limits, ResultMeta, State, UtcTime, Value, from_value};
use celeriac_worker::Outcome;
use serde_json::json;

const ID: &str = "daily-report:2026-11-12T21:00:00Z";
/// 06:00 on Friday the 13th in Seoul, Thursday the 12th in UTC.
const TIME: &str = "2026-11-12T21:00:00Z";

fn body_with(beat: &serde_json::Value, more: &serde_json::Value) -> String {
    let mut headers = json!({
        "task": "tasks.report", "id": ID, "celery_beat_task": true, "celeriac_beat": beat
    });
    let known = headers.as_object_mut().expect("an object");
    known.extend(more.as_object().expect("an object").clone());
    json!({
        "body": "[[], {}, {}]", "content-encoding": "utf-8", "content-type": "application/json",
        "headers": headers, "properties": {"body_encoding": "utf-8"}
    })
    .to_string()
}

fn body(beat: &serde_json::Value) -> String {
    body_with(beat, &json!({}))
}

fn json_of(run: &ScheduledRun) -> serde_json::Value {
    from_value(run.to_value()).expect("JSON")
}

/// A task that counts its runs and returns the time it is for.
fn setup(options: TaskOptions) -> (Setup, Runs) {
    let runs = Runs::default();
    let counted = runs.clone();
    let setup = Setup::default().task("tasks.report", options, move |context, _| {
        counted.add();
        async move { Ok(Value::Str(context.scheduled_time().to_string())) }
    });
    (setup, runs)
}

fn app() -> (App, Runs) {
    let (setup, runs) = setup(TaskOptions::default());
    (setup.app(), runs)
}

async fn meta(app: &App) -> ResultMeta {
    let result = app.client.result::<Value>(ID);
    result.meta().await.expect("a result")
}

/// Nothing is stored under the id.
async fn is_unknown(app: &App) -> bool {
    let store = app.store.as_ref().expect("a store");
    let item = store.get(&[ID.to_owned()]).await.remove(0);
    item.expect("an answer").is_none()
}

async fn execute(app: &App, body: String) -> Outcome {
    app.send_body(QUEUE, body).await;
    app.execute(QUEUE).await
}

fn headers(body: &str) -> Headers {
    Envelope::decode(body, &Limits::default())
        .expect("an envelope")
        .headers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_that_fires_early_is_held_until_its_second() {
    let ran_at = Arc::new(Mutex::new(None));
    let noted = Arc::clone(&ran_at);
    let app = Setup::default()
        .task("tasks.report", TaskOptions::default(), move |_, _| {
            *noted.lock().expect("no panic") = Some(SystemClock.now());
            async { Ok(Value::Null) }
        })
        .app();
    let run = ScheduledRun {
        scheduled_time: Some(SystemClock.now()),
        offset: Duration::from_millis(1200),
        eta_after: Some(Duration::ZERO),
        ..ScheduledRun::default()
    };
    app.send_body(QUEUE, body(&json_of(&run))).await;
    let worker = app.start();
    let result = app.client.result::<Value>(ID);
    until("it runs", || async {
        result
            .state()
            .await
            .is_ok_and(|state| state == State::Success)
    })
    .await;
    worker.stop().await;
    let ran_at = ran_at.lock().expect("no panic").expect("it ran");
    let due = run.due().expect("a time");
    assert!(ran_at >= due, "{ran_at:?} {due:?}");
}

#[tokio::test]
async fn a_held_message_carries_its_eta_and_the_same_header() {
    let (setup, runs) = setup(TaskOptions::default());
    let (app, switches) = setup.wrapped();
    let beat = json!({"scheduled_time": "2999-01-01T00:00:00Z", "offset": 60, "eta_after": 1, "expires_after": 9});
    let first = body(&beat);
    let outcome = execute(&app, first.clone()).await;
    assert!(matches!(outcome, Outcome::Ack), "{outcome:?}");
    let sent = switches.sent.lock().expect("no panic").clone();
    let next = sent.last().expect("a copy");
    let (before, after) = (headers(&first), headers(&next.body));
    assert_eq!(after.eta.as_deref(), Some("2999-01-01T00:01:01+00:00"));
    assert_eq!(after.expires.as_deref(), Some("2999-01-01T00:01:09+00:00"));
    assert_eq!((after.id, after.extra), (before.id, before.extra));
    assert_eq!(
        next.delay,
        Duration::from_mins(15),
        "a hop of SQS's longest"
    );
    assert_eq!((sent.len(), runs.count()), (2, 0));
}

#[tokio::test]
async fn an_eta_that_is_there_stays() {
    let (app, runs) = app();
    let beat =
        json!({"scheduled_time": "2999-01-01T00:00:00Z", "eta_after": 0, "expires_after": 0});
    let more = json!({"eta": "2026-01-01T00:00:00+00:00", "expires": "2999-01-02T00:00:00+00:00"});
    let outcome = execute(&app, body_with(&beat, &more)).await;
    assert!(matches!(outcome, Outcome::Ack), "{outcome:?}");
    assert_eq!(runs.count(), 1);
}

#[tokio::test]
async fn a_guard_stops_a_run_on_a_day_that_is_not_its_own() {
    let (app, runs) = app();
    let guard = json!({"days_of_month": [13], "days_of_week": [5]});
    // expired too, but what is not to run is not revoked either
    let beat = json!({"entry": "daily-report", "scheduled_time": TIME, "guard": guard, "expires_after": 1});
    let outcome = execute(&app, body(&beat)).await;
    assert!(matches!(outcome, Outcome::Ack), "{outcome:?}");
    assert_eq!(runs.count(), 0);
    assert!(is_unknown(&app).await);
}

#[tokio::test]
async fn a_guard_lets_a_run_on_its_day_through() {
    let (app, runs) = app();
    let guard = json!({"days_of_month": [13], "days_of_week": [5]});
    let beat = json!({"scheduled_time": TIME, "timezone": "Asia/Seoul", "guard": guard});
    let outcome = execute(&app, body(&beat)).await;
    assert!(matches!(outcome, Outcome::Ack), "{outcome:?}");
    let expected = Value::Str("2026-11-13T06:00:00+09:00[Asia/Seoul]".to_owned());
    let meta = meta(&app).await;
    assert_eq!((meta.status, meta.result), (State::Success, expected));
    assert_eq!(runs.count(), 1);
}

#[tokio::test]
async fn it_expires_after_its_due_time() {
    let (app, runs) = app();
    let now = SystemClock.now();
    for (ago, state) in [(100, State::Revoked), (40, State::Success)] {
        let run = ScheduledRun {
            scheduled_time: Some(UtcTime(now.0 - ago * 1_000_000)),
            offset: Duration::from_secs(30),
            expires_after: Some(Duration::from_mins(1)),
            ..ScheduledRun::default()
        };
        let id = format!("every-minute:{ago}");
        let outcome = execute(&app, body_with(&json_of(&run), &json!({"id": id}))).await;
        assert!(matches!(outcome, Outcome::Ack), "{outcome:?}");
        let result = app.client.result::<Value>(&id);
        assert_eq!(result.state().await.expect("a state"), state, "{ago}");
    }
    assert_eq!(runs.count(), 1);
}

#[tokio::test]
async fn a_double_firing_is_one_run_and_one_success() {
    let (app, runs) = app();
    for _ in 0..2 {
        let outcome = execute(&app, body(&json!({"scheduled_time": TIME}))).await;
        assert!(matches!(outcome, Outcome::Ack), "{outcome:?}");
    }
    assert_eq!(runs.count(), 1);
    assert_eq!(meta(&app).await.status, State::Success);
}

#[tokio::test]
async fn a_double_firing_is_one_run_though_its_result_is_ignored() {
    let ignored = TaskOptions {
        ignore_result: Some(true),
        ..TaskOptions::default()
    };
    let (setup, runs) = setup(ignored);
    let app = setup.app();
    for _ in 0..2 {
        let outcome = execute(&app, body(&json!({"scheduled_time": TIME}))).await;
        assert!(matches!(outcome, Outcome::Ack), "{outcome:?}");
    }
    assert_eq!(runs.count(), 1);
    let meta = meta(&app).await;
    assert_eq!((meta.status, meta.result), (State::Success, Value::Null));
}

#[tokio::test]
async fn a_header_that_cannot_be_followed_fails_and_goes_to_the_dead_letter_queue() {
    let (app, runs) = app();
    for (beat, expected) in [
        (
            json!({"scheduled_time": TIME, "timezone": "Mars/Olympus"}),
            "header `celeriac_beat`: `timezone`: no time zone `Mars/Olympus` is known",
        ),
        (
            json!({"scheduled_time": TIME, "guard": {"days_of_week": [7]}}),
            "header `celeriac_beat`: `guard.days_of_week` is not a list of numbers from 0 to 6",
        ),
        (
            json!("daily"),
            "header `celeriac_beat`: str 'daily' is not a dict",
        ),
    ] {
        let id = format!("bad:{expected}");
        let outcome = execute(&app, body_with(&beat, &json!({"id": id}))).await;
        let Outcome::DeadLetter(letter) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(letter.reason, "unreadable");
        assert!(letter.error.contains(expected), "{}", letter.error);
        let meta = app
            .client
            .result::<Value>(&id)
            .meta()
            .await
            .expect("a result");
        assert_eq!(meta.status, State::Failure);
        assert_eq!(exc_message(&meta), expected);
    }
    assert_eq!(runs.count(), 0);
}

/// The times that each run is for, of a task that is retried once.
async fn times_of_a_retried_task(beat: serde_json::Value) -> Vec<String> {
    let times = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&times);
    let retry = RetryPolicy {
        max_retries: Some(1),
        default_retry_delay: Duration::ZERO,
        ..RetryPolicy::default()
    };
    let options = TaskOptions {
        retry,
        ..TaskOptions::default()
    };
    let app = Setup::default()
        .task("tasks.report", options, move |context, _| {
            let time = context.scheduled_time().to_string();
            noted.lock().expect("no panic").push(time);
            async move {
                if context.retries() == 0 {
                    return Err(TaskError::retry());
                }
                Ok(Value::Null)
            }
        })
        .app();
    assert!(matches!(execute(&app, body(&beat)).await, Outcome::Ack));
    assert!(matches!(app.execute(QUEUE).await, Outcome::Ack));
    assert_eq!(meta(&app).await.status, State::Success);
    let times = times.lock().expect("no panic");
    times.clone()
}

#[tokio::test]
async fn a_retry_is_for_the_same_time() {
    let guard = json!({"days_of_month": [13]});
    let beat = json!({
        "scheduled_time": TIME, "offset": 30, "timezone": "Asia/Seoul", "eta_after": 0, "guard": guard
    });
    let expected = "2026-11-13T06:00:30+09:00[Asia/Seoul]";
    assert_eq!(times_of_a_retried_task(beat).await, [expected, expected]);
}

#[tokio::test]
async fn a_keyword_that_an_emulator_left_is_the_time_of_the_first_sending() {
    let before = SystemClock.now();
    let beat =
        json!({"scheduled_time": ScheduledRun::KEYWORD, "eta_after": 0, "expires_after": 3600});
    let times = times_of_a_retried_task(beat).await;
    assert_eq!(times[0], times[1], "also in a retry, which is sent later");
    let time = times[0].strip_suffix("[UTC]").expect("UTC");
    let time = UtcTime::parse(time).expect("a time");
    // brokers know milliseconds
    assert!(time.0 / 1000 >= before.0 / 1000, "{time:?} {before:?}");
    assert!(time <= SystemClock.now(), "{time:?}");
}
