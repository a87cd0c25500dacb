//! In which order a worker runs what it has.

use std::sync::Arc;
use std::time::Duration;

use celeriac_core::{QueueOrder, SendOptions, TaskOptions};
use celeriac_protocol::Value;
use celeriac_worker::{Worker, WorkerQueue};

use crate::support::{Running, Setup, until};

#[tokio::test]
async fn strict_order_empties_the_first_queue_first() {
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&order);
    let app = Setup::default()
        .set(|settings| {
            settings.worker_queue_order = QueueOrder::Strict;
            settings.worker_concurrency = 1;
        })
        .task("tasks.note", TaskOptions::default(), move |context, _| {
            seen.lock()
                .expect("not poisoned")
                .push(context.queue().to_owned());
            async {
                tokio::time::sleep(Duration::from_millis(2)).await;
                Ok(Value::Null)
            }
        })
        .app();
    for queue in ["low", "high"] {
        for _ in 0..30 {
            app.send_with(
                "tasks.note",
                vec![],
                SendOptions {
                    queue: Some(queue.into()),
                    ..SendOptions::default()
                },
            )
            .await;
        }
    }
    let queues = vec![WorkerQueue::new("high"), WorkerQueue::new("low")];
    let running = Running::of(
        Worker::new(app.executor.clone(), queues)
            .with_options(|options| options.poll_grace = Duration::ZERO),
    );
    until("all ran", || async {
        order.lock().expect("not poisoned").len() == 60
    })
    .await;
    running.stop().await;
    let order = order.lock().expect("not poisoned");
    let last_high = order
        .iter()
        .rposition(|queue| queue == "high")
        .expect("some");
    let early_low = order[..last_high]
        .iter()
        .filter(|queue| *queue == "low")
        .count();
    assert!(
        early_low <= 10,
        "{early_low} of the low queue came before the end of the high one"
    ); // its first poll was out
}

#[tokio::test]
async fn fifo_groups_run_in_order_also_when_one_is_retried() {
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&order);
    let app = Setup::default()
        .task(
            "tasks.step",
            TaskOptions::default(),
            move |context, mut arguments| {
                let step: String = arguments.take(0).expect("a step");
                let seen = Arc::clone(&seen);
                async move {
                    if step == "a2" && context.retries() == 0 {
                        return Err(celeriac_core::TaskError::retry_in(Duration::from_secs(1)));
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    seen.lock().expect("not poisoned").push(step);
                    Ok(Value::Null)
                }
            },
        )
        .app();
    for step in ["a1", "b1", "a2", "a3", "b2", "a4"] {
        let options = SendOptions {
            queue: Some("steps.fifo".into()),
            message_group_id: Some(step[..1].to_owned()),
            ..SendOptions::default()
        };
        app.send_with("tasks.step", vec![Value::Str(step.into())], options)
            .await;
    }
    let running = Running::of(
        Worker::new(app.executor.clone(), vec![WorkerQueue::new("steps.fifo")])
            .with_options(|options| options.poll_grace = Duration::ZERO),
    );
    until("all ran", || async {
        order.lock().expect("not poisoned").len() == 6
    })
    .await;
    let report = running.stop().await;
    let order = order.lock().expect("not poisoned").clone();
    let group = |name: char| {
        order
            .iter()
            .filter(|step| step.starts_with(name))
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (group('a').join(" "), group('b').join(" ")),
        ("a1 a2 a3 a4".into(), "b1 b2".into()),
        "{order:?}"
    );
    assert_eq!((report.succeeded, report.retried), (6, 1));
}
