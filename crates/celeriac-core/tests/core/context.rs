use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use celeriac_core::{
    Clock, Context, ContextParts, ProgressSink, ScheduledRun, SendError, SendOptions, StateMap,
    TaskError, TaskSender, TaskSignature,
};
use celeriac_protocol::{
    Envelope, Headers, Payload, Properties, Serializer, Signature, UtcTime, Value,
};

use crate::{dict, text};

struct Noon;

impl Clock for Noon {
    fn now(&self) -> UtcTime {
        UtcTime(1_800_000_000_000_000)
    }
}

#[derive(Default)]
struct Seen {
    shown: Mutex<Vec<(String, Value)>>,
}

#[async_trait]
impl ProgressSink for Seen {
    async fn show(&self, state: &str, meta: Value) -> Result<(), TaskError> {
        self.shown.lock().unwrap().push((state.to_owned(), meta));
        Ok(())
    }
}

struct Refusing;

#[async_trait]
impl TaskSender for Refusing {
    async fn send_task(&self, _: Signature, _: SendOptions) -> Result<String, SendError> {
        Err(SendError::Closed)
    }
}

fn context(headers: Headers, progress: Option<Arc<Seen>>) -> Context {
    let envelope = Envelope::new(
        headers,
        Properties::default(),
        &Payload::default(),
        Serializer::Json,
        None,
    )
    .unwrap();
    Context::new(ContextParts {
        envelope: Arc::new(envelope),
        queue: "mail".to_owned(),
        attempt: 3,
        state: Arc::new(StateMap::default()),
        progress: progress.map(|sink| sink as Arc<dyn ProgressSink>),
        sender: Arc::new(Refusing),
        deadline: Some(Noon.now().after(Duration::from_secs(30))),
        soft_limit: tokio_util::sync::CancellationToken::new(),
        clock: Arc::new(Noon),
        children: Mutex::default(),
        checkpoint: Mutex::default(),
        added: Mutex::default(),
        in_chord: false,
        time_limits: (None, None),
    })
}

fn headers() -> Headers {
    Headers {
        id: "id".to_owned(),
        task: "tasks.mail".to_owned(),
        parent_id: Some("parent".to_owned()),
        group: Some("group".to_owned()),
        group_index: Some(1),
        retries: 2,
        eta: Some("2027-01-15T08:00:00+00:00".to_owned()),
        extra: dict([("tenant", text("blue"))]),
        ..Headers::default()
    }
}

#[test]
fn a_context_knows_its_message() {
    let context = context(headers(), None);
    assert_eq!(
        (context.id(), context.task(), context.queue()),
        ("id", "tasks.mail", "mail")
    );
    assert_eq!(
        (context.root_id(), context.parent_id()),
        ("id", Some("parent")),
        "a root is its own"
    );
    assert_eq!(
        (context.group(), context.group_index()),
        (Some("group"), Some(1))
    );
    assert_eq!((context.retries(), context.attempt()), (2, 3));
    assert_eq!(context.headers()["tenant"], text("blue"));
    assert_eq!(context.eta(), Some(UtcTime(1_800_000_000_000_000)));
    assert_eq!(context.remaining(), Some(Duration::from_secs(30)));
}

#[tokio::test]
async fn progress_is_shown_where_results_are_kept() {
    let seen = Arc::new(Seen::default());
    let kept = context(headers(), Some(Arc::clone(&seen)));
    kept.progress(serde_json::json!({"done": 1})).await.unwrap();
    kept.update_state("PACKING", 7).await.unwrap();
    let expected = [
        (
            "PROGRESS".to_owned(),
            Value::Dict(dict([("done", Value::Int(1))])),
        ),
        ("PACKING".to_owned(), Value::Int(7)),
    ];
    assert_eq!(*seen.shown.lock().unwrap(), expected);
    context(headers(), None).progress(1).await.unwrap();
}

#[tokio::test]
async fn a_blocking_task_can_wait_for_futures() {
    let seen = Arc::new(Seen::default());
    let context = context(headers(), Some(Arc::clone(&seen)));
    // a plain thread: nothing of the runtime is known there
    std::thread::spawn(move || context.block_on(context.progress(1)))
        .join()
        .unwrap()
        .unwrap();
    assert_eq!(seen.shown.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_child_that_was_not_sent_is_no_child() {
    let context = context(headers(), None);
    let result = context.send(TaskSignature::<()>::new("tasks.other")).await;
    assert!(matches!(result, Err(SendError::Closed)));
    assert!(context.children().is_empty());
}

fn scheduled(timezone: Option<&str>) -> Headers {
    let run = ScheduledRun {
        // 06:00 of the next day in Seoul
        scheduled_time: Some(UtcTime::parse("2026-11-23T20:59:00Z").unwrap()),
        offset: Duration::from_secs(60),
        timezone: timezone.map(str::to_owned),
        ..ScheduledRun::default()
    };
    Headers {
        extra: dict([(ScheduledRun::HEADER, run.to_value())]),
        ..headers()
    }
}

#[test]
fn the_time_of_a_schedule_is_by_its_own_clocks_and_stands_through_retries() {
    let shown = |headers| context(headers, None).scheduled_time().to_string();
    assert_eq!(
        shown(scheduled(Some("Asia/Seoul"))),
        "2026-11-24T06:00:00+09:00[Asia/Seoul]",
        "not the eta, which these headers have, as a retry's do"
    );
    assert_eq!(shown(scheduled(None)), "2026-11-23T21:00:00+00:00[UTC]");
    assert_eq!(
        shown(scheduled(Some("Mars/Olympus"))),
        "2026-11-23T21:00:00+00:00[UTC]"
    );
}

#[test]
fn other_tasks_are_for_their_eta_or_for_now() {
    let noon = "2027-01-15T08:00:00+00:00[UTC]";
    let early = Headers {
        eta: Some("2027-01-02T03:04:05.5+09:00".to_owned()),
        ..headers()
    };
    let early = context(early, None);
    assert_eq!(
        early.scheduled_time().to_string(),
        "2027-01-01T18:04:05.5+00:00[UTC]"
    );
    let no_eta = Headers {
        eta: None,
        ..headers()
    };
    let now = context(no_eta, None);
    assert_eq!(now.scheduled_time().to_string(), noon);
    assert!(!now.is_scheduled());
}

#[test]
fn schedules_of_both_beats_are_known() {
    let celerys = Headers {
        extra: dict([("celery_beat_task", Value::Bool(true))]),
        ..headers()
    };
    assert!(context(celerys, None).is_scheduled());
    assert!(context(scheduled(None), None).is_scheduled());
}
