//! What a result says.

use std::sync::Arc;
use std::time::Duration;

use celeriac_core::{SendOptions, TaskSignature};
use celeriac_producer::{Client, ResultError};
use celeriac_protocol::{Dict, ExceptionInfo, ResultMeta, State, Value};

use crate::memory_broker::MemoryBroker;
use crate::memory_store::MemoryStore;
use crate::support::{Parts, ints, text};

const SECOND: Duration = Duration::from_secs(1);

fn client() -> (Client, Arc<MemoryStore>) {
    let store = Arc::new(MemoryStore::default());
    let client = Parts {
        store: Some(store.clone()),
        ..Parts::default()
    }
    .client(Arc::new(MemoryBroker::default()));
    (client, store)
}

#[tokio::test(start_paused = true)]
async fn values_come_as_the_type_asked_for() {
    let (client, store) = client();
    store.success("int", Value::Int(3));
    store.success("list", Value::List(ints([1, 2])));
    store.success("none", Value::Null);
    assert_eq!(client.result::<i64>("int").get(SECOND).await.unwrap(), 3);
    let float = client.result::<f64>("int").get(SECOND).await.unwrap();
    assert!((float - 3.0).abs() < f64::EPSILON);
    assert_eq!(
        client.result::<Vec<u8>>("list").get(SECOND).await.unwrap(),
        [1, 2]
    );
    client.result::<()>("none").get(SECOND).await.unwrap();
    assert_eq!(
        client
            .result::<Option<i64>>("none")
            .get(SECOND)
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        client.result::<Value>("int").get(SECOND).await.unwrap(),
        Value::Int(3)
    );
    let error = client
        .result::<String>("int")
        .get(SECOND)
        .await
        .unwrap_err();
    assert!(matches!(error, ResultError::Type { .. }));
    assert!(
        error
            .to_string()
            .starts_with("result of task `int`: an int is not a `alloc::string::String`"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_celerys_exception() {
    let (client, store) = client();
    let traceback = "Traceback (most recent call last):\n  File \"shop.py\", line 3, in buy\nOutOfStock: ('apple', 3)\n";
    let exception = ExceptionInfo {
        exc_type: "OutOfStock".to_owned(),
        exc_message: vec![text("apple"), Value::Int(3)],
        exc_module: Some("shop.errors".to_owned()),
    };
    store.failure("f", &exception, Some(traceback));
    let result = client.result::<i64>("f");
    let error = result.get(SECOND).await.unwrap_err();
    assert_eq!(
        (error.exc_type(), error.exc_module()),
        (Some("OutOfStock"), Some("shop.errors"))
    );
    assert_eq!(error.exception(), Some(&exception));
    assert!(
        error.is("OutOfStock")
            && error.is("shop.errors.OutOfStock")
            && !error.is("errors.OutOfStock")
            && !error.is("ValueError")
    );
    assert_eq!(error.traceback(), Some(traceback));
    assert_eq!(
        error.to_string(),
        format!("task `f` failed: OutOfStock: {}", exception.message())
    );
    assert_eq!(
        format!("{error:?}"),
        format!("{error}\n\n{}", traceback.trim_end())
    );
    assert_eq!(
        result.traceback().await.unwrap().as_deref(),
        Some(traceback)
    );
    assert_eq!(result.exception().await.unwrap(), Some(exception.clone()));
    assert_eq!(result.info().await.unwrap(), exception.to_value());
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_failure_is_a_failure_all_the_same() {
    let (client, store) = client();
    store.put(ResultMeta::new("f", State::Failure, text("just a text")));
    let error = client.result::<i64>("f").get(SECOND).await.unwrap_err();
    assert!(error.is("Exception"), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn revoked() {
    let (client, store) = client();
    let exception = ExceptionInfo::new("celery.exceptions", "TaskRevokedError", "expired");
    store.put(ResultMeta::new("r", State::Revoked, exception.to_value()));
    let error = client.result::<i64>("r").get(SECOND).await.unwrap_err();
    assert!(matches!(error, ResultError::Revoked { .. }));
    assert_eq!(error.to_string(), "task `r` was revoked: expired");
    assert!(error.is("TaskRevokedError"));
}

#[tokio::test]
async fn states_progress_and_children() {
    let (client, store) = client();
    let result = client.result::<i64>("p");
    assert_eq!(result.state().await.unwrap(), State::Pending);
    assert_eq!(result.try_get().await.unwrap(), None);
    assert_eq!(result.progress::<i64>().await.unwrap(), None);
    let pct = Value::Dict(Dict::from([("pct".to_owned(), Value::Int(10))]));
    let tuple = |id: &str| Value::List(vec![Value::List(vec![text(id), Value::Null]), Value::Null]);
    let group = Value::List(vec![
        Value::List(vec![text("g"), Value::Null]),
        Value::List(vec![tuple("m1"), tuple("m2")]),
    ]);
    let meta = ResultMeta::new("p", State::Custom("PROGRESS".to_owned()), pct.clone());
    store.put(ResultMeta {
        children: Value::List(vec![tuple("c1"), group]),
        ..meta
    });
    assert_eq!(result.state().await.unwrap().as_str(), "PROGRESS");
    assert!(!result.ready().await.unwrap());
    assert_eq!(result.info().await.unwrap(), pct);
    let progress: std::collections::HashMap<String, u8> = result.progress().await.unwrap().unwrap();
    assert_eq!(progress["pct"], 10);
    assert!(matches!(
        result.progress::<i64>().await,
        Err(ResultError::Type { .. })
    ));
    assert_eq!(result.children().await.unwrap(), ["c1", "m1", "m2"]);
    store.success("p", Value::Int(1));
    assert!(result.ready().await.unwrap());
    assert_eq!(
        result.progress::<i64>().await.unwrap(),
        None,
        "a value is no progress"
    );
    assert_eq!(result.try_get().await.unwrap(), Some(1));
    assert_eq!(result.get(Duration::ZERO).await.unwrap(), 1);
    result.forget().await.unwrap();
    assert_eq!(result.state().await.unwrap(), State::Pending);
    let error = result.get(Duration::ZERO).await.unwrap_err();
    assert!(matches!(error, ResultError::Timeout { .. }), "{error:?}");
}

#[tokio::test]
async fn many_states_in_one_read() {
    let (client, store) = client();
    store.success("a", Value::Int(1));
    store.put(ResultMeta::new("b", State::Retry, Value::Null));
    let set = client.results::<i64>(["a", "b", "c"]);
    assert_eq!(
        set.states().await.unwrap(),
        [State::Success, State::Retry, State::Pending]
    );
    assert_eq!(store.reads(), 1);
    assert_eq!(set.ready_count().await.unwrap(), 1);
    assert_eq!(
        client
            .results::<i64>(Vec::<String>::new())
            .states()
            .await
            .unwrap(),
        []
    );
    assert_eq!(store.reads(), 2, "no ids, no read");
    set.forget().await.unwrap();
    assert_eq!(set.ready_count().await.unwrap(), 0);
}

#[tokio::test]
async fn an_ignored_result_is_none_at_once() {
    let (client, store) = client();
    let options = || SendOptions {
        ignore_result: Some(true),
        ..SendOptions::default()
    };
    let ignored = client
        .send_task("t", vec![], Dict::new(), options())
        .await
        .unwrap();
    assert_eq!(ignored.get(SECOND).await.unwrap(), Value::Null);
    let mut call = TaskSignature::<i64>::new("t");
    call.options = options();
    let error = client
        .send(call)
        .await
        .unwrap()
        .get(SECOND)
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("it was sent with `ignore_result`"),
        "{error}"
    );
    assert_eq!(store.reads(), 0);
}

#[tokio::test]
async fn without_a_backend_it_says_so() {
    let client = Parts::default().client(Arc::new(MemoryBroker::default()));
    let result = client.send(TaskSignature::<i64>::new("t")).await.unwrap();
    assert!(matches!(
        result.get(SECOND).await,
        Err(ResultError::NoBackend)
    ));
    assert!(matches!(result.state().await, Err(ResultError::NoBackend)));
    assert!(matches!(result.forget().await, Err(ResultError::NoBackend)));
}
