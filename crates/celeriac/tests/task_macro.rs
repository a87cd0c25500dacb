//! What `#[task]` makes of functions: names, parameters, options, signatures and runs.
#![deny(warnings, missing_docs)] // what the macro writes must pass in a user's strictest crate
#![expect(
    clippy::unwrap_used,
    clippy::default_trait_access,
    clippy::duration_suboptimal_units,
    reason = "in a test"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use celeriac::__private::core::{
    Arguments, Context, ContextParts, ErrorType, Registry, SendError, SendOptions, State, StateMap,
    SystemClock, Task, TaskDefinition, TaskError, TaskKind, TaskResult, TaskSender, TaskSignature,
};
use celeriac::__private::protocol::{
    Compression, Dict, Envelope, Headers, Payload, Properties, Serializer, Signature, UtcTime,
    Value,
};
use celeriac::canvas::Full;
use celeriac::task;
use serde::{Deserialize, Serialize};

#[task(name = "tasks.add")]
async fn add(x: i64, y: i64) -> TaskResult<i64> {
    Ok(x + y)
}

/// Adds in a loop, as blocking code does.
#[task]
fn sum(numbers: Vec<i64>, #[default(1)] factor: i64) -> i64 {
    numbers.iter().sum::<i64>() * factor
}

#[task]
fn greet(name: String, #[default("Hello")] word: String, mark: Option<char>) -> String {
    format!(
        "{word}, {name}{}",
        mark.map(String::from).unwrap_or_default()
    )
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Item {
    sku: String,
    count: u32,
}

#[task]
async fn count(items: Vec<Item>) -> Result<u32, std::num::TryFromIntError> {
    u32::try_from(items.iter().map(|item| u64::from(item.count)).sum::<u64>())
}

struct Shop {
    name: &'static str,
}

#[task]
async fn describe(
    first: i64,
    ctx: Context,
    shop: State<Shop>,
    second: i64,
) -> TaskResult<(String, String, i64)> {
    Ok((ctx.id().to_owned(), shop.name.to_owned(), first - second))
}

#[task]
async fn mixed(optional: Option<i64>, required: i64) -> Option<i64> {
    optional.map(|optional| optional + required)
}

#[task]
async fn nothing() {}

#[task]
async fn parse(text: String) -> TaskResult<i64> {
    Ok(text.parse::<i64>()?)
}

#[task]
fn boxed(text: String) -> Result<i64, Box<dyn std::error::Error + Send + Sync>> {
    Ok(text.parse()?)
}

#[task]
async fn explained() -> anyhow::Result<i64> {
    use anyhow::Context as _;
    "x".parse::<i64>().context("the count is no number")
}

#[task(
    queue = "reports",
    max_retries = 5,
    default_retry_delay = "3m",
    retry_backoff,
    retry_backoff_max = 600,
    retry_jitter = false,
    autoretry_for(std::num::ParseIntError, std::io::Error, String),
    dont_autoretry_for(std::fmt::Error),
    time_limit = "5m",
    soft_time_limit = 240,
    acks_late = false,
    ignore_result,
    store_errors_even_if_ignored,
    track_started = true,
    priority = 3,
    expires = "1h",
    serializer = "msgpack",
    compression = "zstd",
    ledger,
    dead_letter
)]
async fn report() {}

#[task(max_retries = "none", retry_backoff = 2.5)]
async fn for_ever() {}

#[task(autoretry = false, retry_backoff = 2)]
async fn by_hand() {}

#[task]
async fn quoted(add: i64, sum: i64, quoted: i64) -> i64 {
    let nothing = add * sum;
    nothing + quoted
}

mod inner {
    use celeriac::task;

    #[task]
    pub(crate) async fn r#type(r#match: i64) -> i64 {
        r#match
    }
}

struct Outbox(Mutex<Vec<(Signature, SendOptions)>>);

#[async_trait]
impl TaskSender for Outbox {
    async fn send_task(
        &self,
        signature: Signature,
        options: SendOptions,
    ) -> Result<String, SendError> {
        let mut sent = self.0.lock().unwrap();
        sent.push((signature, options));
        Ok(format!("child-{}", sent.len()))
    }
}

fn context(outbox: Arc<Outbox>) -> Context {
    let headers = Headers {
        id: "id-1".to_owned(),
        task: "t".to_owned(),
        root_id: Some("root".to_owned()),
        ..Headers::default()
    };
    let envelope = Envelope::new(
        headers,
        Properties::default(),
        &Payload::default(),
        Serializer::Json,
        None,
    )
    .unwrap();
    let mut state = StateMap::default();
    state.insert(Shop { name: "corner" });
    Context::new(ContextParts {
        envelope: Arc::new(envelope),
        queue: "celery".to_owned(),
        attempt: 1,
        state: Arc::new(state),
        progress: None,
        sender: outbox,
        deadline: None,
        soft_limit: Default::default(),
        clock: Arc::new(SystemClock),
        children: Mutex::default(),
        checkpoint: Mutex::default(),
        added: Mutex::default(),
        in_chord: false,
        time_limits: (None, None),
    })
}

/// Runs a task as a worker does: by its definition, with a message's arguments.
async fn run<T: Task>(args: Vec<Value>, kwargs: Dict) -> Result<Value, TaskError> {
    let definition = TaskDefinition::of::<T>();
    let arguments = Arguments::bind(definition.params, args, kwargs).unwrap();
    let context = context(Arc::new(Outbox(Mutex::default())));
    match definition.kind {
        TaskKind::Async(run) => run(context, arguments).await,
        TaskKind::Blocking(run) => run(context, arguments),
    }
}

fn ints(numbers: &[i64]) -> Vec<Value> {
    numbers.iter().copied().map(Value::Int).collect()
}

fn text(text: &str) -> Value {
    Value::Str(text.to_owned())
}

fn kwargs(pairs: &[(&str, Value)]) -> Dict {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}

#[tokio::test]
async fn a_task_runs_with_positions_keywords_and_defaults() {
    assert_eq!(
        run::<add>(ints(&[1, 2]), Dict::new()).await.unwrap(),
        Value::Int(3)
    );
    assert_eq!(
        run::<add>(ints(&[1]), kwargs(&[("y", Value::Int(5))]))
            .await
            .unwrap(),
        Value::Int(6)
    );
    assert_eq!(
        run::<sum>(vec![Value::List(ints(&[1, 2]))], Dict::new())
            .await
            .unwrap(),
        Value::Int(3)
    );
    let given = kwargs(&[("factor", Value::Int(10))]);
    assert_eq!(
        run::<sum>(vec![Value::List(ints(&[1, 2]))], given)
            .await
            .unwrap(),
        Value::Int(30)
    );
    assert_eq!(
        run::<greet>(vec![text("Ann")], Dict::new()).await.unwrap(),
        text("Hello, Ann")
    );
    let given = kwargs(&[("mark", text("!")), ("word", text("Bye"))]);
    assert_eq!(
        run::<greet>(vec![text("Ann")], given).await.unwrap(),
        text("Bye, Ann!")
    );
    let item = Value::Dict(kwargs(&[("sku", text("a")), ("count", Value::Int(2))]));
    assert_eq!(
        run::<count>(vec![Value::List(vec![item.clone(), item])], Dict::new())
            .await
            .unwrap(),
        Value::Int(4)
    );
    assert_eq!(
        run::<mixed>(vec![], kwargs(&[("required", Value::Int(1))]))
            .await
            .unwrap(),
        Value::Null
    );
    assert_eq!(
        run::<nothing>(vec![], Dict::new()).await.unwrap(),
        Value::Null
    );
    assert_eq!(
        run::<inner::r#type>(vec![], kwargs(&[("match", Value::Int(1))]))
            .await
            .unwrap(),
        Value::Int(1)
    );
}

#[tokio::test]
async fn names_of_tasks_stay_free_for_variables() {
    assert_eq!(
        run::<quoted>(ints(&[2, 3, 4]), Dict::new()).await.unwrap(),
        Value::Int(10)
    );
    let add = quoted::s(1, 2, 3);
    assert_eq!(add.args, ints(&[1, 2, 3]));
}

#[tokio::test]
async fn context_and_state_are_no_arguments() {
    let names: Vec<_> = describe::params()
        .list
        .iter()
        .map(|param| param.name)
        .collect();
    assert_eq!(names, ["first", "second"]);
    let value = run::<describe>(ints(&[5, 2]), Dict::new()).await.unwrap();
    assert_eq!(
        value,
        Value::List(vec![text("id-1"), text("corner"), Value::Int(3)])
    );
}

#[tokio::test]
async fn a_wrong_argument_is_a_type_error_that_names_it() {
    let Err(TaskError::Failure(failure)) =
        run::<add>(vec![text("abc"), Value::Int(1)], Dict::new()).await
    else {
        panic!("expected a failure");
    };
    assert_eq!(failure.exception.exc_type, "TypeError");
    assert_eq!(failure.exception.exc_module.as_deref(), Some("builtins"));
    assert_eq!(
        failure.exception.message(),
        "add() argument 'x': expected i64, got str 'abc'"
    );
}

#[tokio::test]
async fn errors_keep_their_type() {
    let Err(TaskError::Error(error)) = run::<parse>(vec![text("x")], Dict::new()).await else {
        panic!("expected an error");
    };
    let parse_error = ErrorType::of::<std::num::ParseIntError>();
    assert!(error.is(parse_error));
    let failure = error.failure;
    assert_eq!(failure.exception.exc_type, "ValueError", "as in Python");
    assert_eq!(failure.exception.exc_module.as_deref(), Some("builtins"));
    let Err(TaskError::Error(error)) = run::<boxed>(vec![text("x")], Dict::new()).await else {
        panic!("expected an error");
    };
    assert_eq!(
        error.failure.exception.message(),
        "invalid digit found in string"
    );
    // what `anyhow` was given for a context is still what it was
    let Err(TaskError::Error(error)) = run::<explained>(vec![], Dict::new()).await else {
        panic!("expected an error");
    };
    assert!(error.is(parse_error) && !error.is(ErrorType::of::<std::io::Error>()));
    let of_macro = report::options().autoretry_for;
    let is: Vec<bool> = of_macro.into_iter().map(|of| error.is(of)).collect();
    assert_eq!(is, [true, false, false]);
    assert_eq!(
        error.failure.traceback.as_deref(),
        Some("ValueError: the count is no number\n  caused by: invalid digit found in string")
    );
}

#[task(name = "tasks.ignores")]
fn ignores(_text: String, x: i64) -> i64 {
    x
}

#[task(name = "tasks.tomorrow")]
fn tomorrow(day: UtcTime) -> UtcTime {
    day.after(Duration::from_secs(86_400))
}

#[tokio::test]
async fn a_time_is_a_datetime() {
    let day = |day| Value::DateTime(format!("2027-01-0{day}T00:00:00+00:00"));
    assert_eq!(
        run::<tomorrow>(vec![day(2)], Dict::new()).await.unwrap(),
        day(3)
    );
    let json = serde_json::to_string(&UtcTime(0)).unwrap();
    assert_eq!(json, "\"1970-01-01T00:00:00+00:00\"");
    let system = std::time::SystemTime::from(UtcTime(-1_500_000));
    assert_eq!(UtcTime::from(system), UtcTime(-1_500_000));
    let zoned = celeriac::jiff::Timestamp::try_from(system).unwrap();
    assert_eq!(zoned.as_microsecond(), -1_500_000);
}

#[tokio::test]
async fn an_underscore_is_no_part_of_the_keyword() {
    let kwargs = Dict::from([("text".to_owned(), text("a")), ("x".to_owned(), 1.into())]);
    assert_eq!(run::<ignores>(vec![], kwargs).await.unwrap(), 1.into());
    assert_eq!(ignores::s("a", 1).into_parts().unwrap().0.args.len(), 2);
}

#[tokio::test]
async fn the_function_itself_can_be_called() {
    assert_eq!(add::call(1, 2).await.unwrap(), 3);
    assert_eq!(sum::call(vec![1, 2], 2), 6);
}

#[test]
fn names_come_from_the_attribute_or_the_path() {
    assert_eq!(add::name(), "tasks.add");
    assert_eq!(sum::name(), "task_macro.sum");
    assert_eq!(inner::r#type::name(), "task_macro.inner.type");
    assert_eq!(inner::r#type::params().function, "type");
}

#[test]
fn kinds_follow_async() {
    assert!(matches!(add::kind(), TaskKind::Async(_)));
    assert!(matches!(sum::kind(), TaskKind::Blocking(_)));
}

#[test]
fn signatures_are_typed() {
    let call = add::s(1, 2);
    assert_eq!(
        (call.task.as_str(), call.args.as_slice()),
        ("tasks.add", ints(&[1, 2]).as_slice())
    );
    assert!(!call.immutable && add::si(1, 2).immutable);
    let call = greet::s("Ann").kwarg("mark", '!');
    assert_eq!(
        (call.args, call.kwargs),
        (vec![text("Ann")], kwargs(&[("mark", text("!"))]))
    );
    // what follows an optional parameter goes by keyword
    assert_eq!(mixed::s(1).kwargs, kwargs(&[("required", Value::Int(1))]));
    let call = report::s();
    assert_eq!(
        (call.options.queue.as_deref(), call.options.priority),
        (Some("reports"), Some(3))
    );
    assert_eq!(call.queue("other").options.queue.as_deref(), Some("other"));
}

/// As in Celery the caller is told, before anything is sent.
#[test]
fn arguments_that_the_task_does_not_have_are_refused_at_the_caller() {
    let reason = |call: TaskSignature<String, Full>| {
        let error = call.into_parts().expect_err("it cannot be called");
        error.to_string()
    };
    assert_eq!(
        reason(greet::s("Ann").kwarg("marc", '!')),
        "task `task_macro.greet`: greet() got an unexpected keyword argument 'marc'"
    );
    assert_eq!(
        reason(greet::s("Ann").kwarg("name", "Bea")),
        "task `task_macro.greet`: greet() got multiple values for argument 'name'"
    );
    assert_eq!(
        reason(greet::s("Ann").arg("Hi").arg('!').arg(1)),
        "task `task_macro.greet`: greet() takes from 1 to 3 positional arguments but 4 were given"
    );
    assert!(
        greet::s("Ann")
            .arg("Hi")
            .kwarg("mark", '!')
            .into_parts()
            .is_ok()
    );
    // by name alone nothing is known of its parameters
    let by_name = TaskSignature::<String>::new("task_macro.greet").kwarg("marc", '!');
    assert!(by_name.into_parts().is_ok());
}

#[test]
fn options_are_those_of_the_attribute() {
    let options = report::options();
    assert_eq!(options.queue.as_deref(), Some("reports"));
    assert_eq!(options.retry.max_retries, Some(5));
    assert_eq!(options.retry.default_retry_delay, Duration::from_secs(180));
    assert_eq!(options.retry.retry_backoff, Some(1.0));
    assert_eq!(options.retry.retry_backoff_max, Duration::from_secs(600));
    assert!(!options.retry.retry_jitter && options.autoretry);
    assert_eq!(
        options.autoretry_for,
        [
            ErrorType::of::<std::num::ParseIntError>(),
            ErrorType::of::<std::io::Error>(),
            ErrorType::of_other::<String>()
        ]
    );
    assert_eq!(
        options.dont_autoretry_for,
        [ErrorType::of::<std::fmt::Error>()]
    );
    assert_eq!(options.time_limit, Some(Duration::from_secs(300)));
    assert_eq!(options.soft_time_limit, Some(Duration::from_secs(240)));
    assert_eq!(
        (options.acks_late, options.ignore_result),
        (Some(false), Some(true))
    );
    assert_eq!(
        (options.store_errors_even_if_ignored, options.track_started),
        (Some(true), Some(true))
    );
    assert_eq!(
        (options.priority, options.expires),
        (Some(3), Some(Duration::from_secs(3_600)))
    );
    assert_eq!(
        (options.serializer, options.compression),
        (Some(Serializer::Msgpack), Some(Compression::Zstd))
    );
    assert_eq!((options.ledger, options.dead_letter), (Some(true), true));

    let options = for_ever::options();
    assert_eq!(
        (options.retry.max_retries, options.retry.retry_backoff),
        (None, Some(2.5))
    );
    assert!(options.autoretry && !by_hand::options().autoretry && !add::options().autoretry);
}

#[test]
fn tasks_register_once() {
    let mut registry = Registry::default();
    registry.register::<add>().unwrap();
    assert_eq!(
        registry.register::<add>().unwrap_err().to_string(),
        "task `tasks.add` is registered twice: give one of them another `name`"
    );
    assert_eq!(
        registry.get("tasks.ad").unwrap_err().to_string(),
        "task `tasks.ad` is not registered; did you mean `tasks.add`?"
    );
}

#[tokio::test]
async fn children_have_this_task_as_their_parent() {
    let outbox = Arc::new(Outbox(Mutex::default()));
    let context = context(Arc::clone(&outbox));
    context.send(add::s(1, 2)).await.unwrap();
    context.send(add::s(1, 2).root_id("mine")).await.unwrap();
    assert_eq!(context.children(), ["child-1", "child-2"]);
    let sent = outbox.0.lock().unwrap();
    assert_eq!(
        (sent[0].1.parent_id.as_deref(), sent[0].1.root_id.as_deref()),
        (Some("id-1"), Some("root"))
    );
    assert_eq!(sent[1].1.root_id.as_deref(), Some("mine"));
}
