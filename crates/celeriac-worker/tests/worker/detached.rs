//! Code that cannot be stopped: nobody starts its task beside it.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use celeriac_core::{Context, QueueAdmin as _, TaskOptions};
use celeriac_local::Database;
use celeriac_protocol::{State, Value};
use celeriac_worker::{Outcome, Shutdown};

use crate::support::wrapped::Switches;
use crate::support::{App, QUEUE, Runs, Setup, until};

const LEASE: Duration = Duration::from_millis(800);

/// A thread that nobody can stop, until it is let go.
#[derive(Clone, Default)]
struct Stubborn {
    runs: Runs,
    free: Arc<AtomicBool>,
    context: Arc<Mutex<Option<Context>>>,
}

impl Stubborn {
    fn setup(&self, database: &Database) -> Setup {
        let (one, two) = (self.clone(), self.clone());
        let plain = TaskOptions::default;
        Setup::on(database.clone())
            .set(|settings| settings.broker_transport_options.visibility_timeout = LEASE)
            .blocking("tasks.block", plain(), move |context| {
                one.run(context);
                Ok(Value::Str("done".into()))
            })
            .task("tasks.never_yields", plain(), move |context, _| {
                let stubborn = two.clone();
                async move {
                    stubborn.run(context);
                    Ok(Value::Str("done".into()))
                }
            })
    }

    fn run(&self, context: Context) {
        self.runs.add();
        *self.context.lock().unwrap_or_else(PoisonError::into_inner) = Some(context);
        let start = Instant::now();
        while !self.free.load(SeqCst) && start.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn is_told(&self) -> bool {
        let context = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        context.as_ref().is_some_and(Context::is_cancelled)
    }
}

/// Waits for a message, which may be invisible yet.
async fn received(app: &App) -> celeriac_core::Delivery {
    app.broker
        .receive(QUEUE, 1, Duration::from_secs(10), Duration::from_secs(30))
        .await
        .expect("received")
        .pop()
        .expect("a message")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn what_cannot_be_stopped_keeps_its_task_until_it_is_over() {
    for task in ["tasks.block", "tasks.never_yields"] {
        let stubborn = Stubborn::default();
        let database = Database::memory().expect("a database");
        let app = stubborn.setup(&database).app();
        let other = stubborn.setup(&database).app();
        let result = app.send(task, vec![]).await;
        let worker =
            app.start_with(|options| options.shutdown_timeout = Duration::from_millis(100));
        until("it runs", || async { stubborn.runs.count() == 1 }).await;
        let report = worker.stop().await;
        assert_eq!((report.released, report.succeeded), (0, 0), "{task}");
        assert!(stubborn.is_told(), "{task}: it may look");
        assert!(app.executor.has_detached_runs(), "{task}");

        // its message comes back when a lease is over, which is held all the same
        let start = Instant::now();
        for _ in 0..2 {
            let delivery = received(&other).await;
            let outcome = other.executor.execute(delivery, &Shutdown::new()).await;
            let Outcome::Defer(wait) = outcome else {
                panic!("{task}: {outcome:?}")
            };
            tokio::time::sleep(wait).await;
            other.queues.purge(QUEUE).await.expect("purged");
            app.send_with(task, vec![], again(&result)).await;
        }
        assert!(start.elapsed() > LEASE / 2, "{:?}", start.elapsed());
        let delivery = received(&app).await;
        let here = app.executor.execute(delivery, &Shutdown::new()).await;
        assert!(matches!(here, Outcome::Defer(_)), "{task}: {here:?}");
        assert_eq!(stubborn.runs.count(), 1, "{task}");

        stubborn.free.store(true, SeqCst);
        until("it is over", || async { !app.executor.has_detached_runs() }).await;
        tokio::time::sleep(LEASE).await;
        app.send_with(task, vec![], again(&result)).await;
        let outcome = other.execute(QUEUE).await;
        assert!(matches!(outcome, Outcome::Ack), "{task}: {outcome:?}");
        assert_eq!(stubborn.runs.count(), 2, "{task}");
        assert_eq!(result.state().await.expect("a state"), State::Success);
    }
}

/// The same task again: a copy of its message.
fn again(result: &celeriac_producer::AsyncResult<Value>) -> celeriac_core::SendOptions {
    celeriac_core::SendOptions {
        task_id: Some(result.id().to_owned()),
        ..celeriac_core::SendOptions::default()
    }
}

#[tokio::test]
async fn runs_that_were_given_up_are_no_lost_ones() {
    let stubborn = Stubborn::default();
    let app = stubborn
        .setup(&Database::memory().expect("a database"))
        .set(|settings| settings.task_max_lost_runs = 1)
        .app();
    let result = app.send("tasks.block", vec![]).await;
    for run in 1..=3 {
        let delivery = received(&app).await;
        let shutdown = Shutdown::new();
        let ended = tokio::spawn({
            let (executor, shutdown) = (app.executor.clone(), shutdown.clone());
            async move { executor.execute(delivery, &shutdown).await }
        });
        until("it runs", || async { stubborn.runs.count() == run }).await;
        shutdown.end_now();
        let outcome = ended.await.expect("no panic");
        assert!(matches!(outcome, Outcome::Defer(LEASE)), "{outcome:?}");
        stubborn.free.store(true, SeqCst);
        until("it is over", || async { !app.executor.has_detached_runs() }).await;
        stubborn.free.store(false, SeqCst);
        tokio::time::sleep(LEASE).await;
        app.send_with("tasks.block", vec![], again(&result)).await;
    }
    assert_eq!(result.state().await.expect("a state"), State::Pending);
}

#[tokio::test]
async fn a_time_limit_that_cannot_be_stored_leaves_the_lease_to_the_thread() {
    let stubborn = Stubborn::default();
    let (app, switches) = stubborn
        .setup(&Database::memory().expect("a database"))
        .set(|settings| settings.task_time_limit = Some(Duration::from_millis(100)))
        .wrapped();
    let result = app.send("tasks.block", vec![]).await;
    switches.fail_completions.store(usize::MAX, SeqCst);
    let running = tokio::spawn({
        let (executor, delivery) = (app.executor.clone(), received(&app).await);
        async move { executor.execute(delivery, &Shutdown::new()).await }
    });
    until("it is over", || async { app.executor.has_detached_runs() }).await;
    let outcome = running.await.expect("no panic");
    assert!(matches!(outcome, Outcome::Defer(_)), "{outcome:?}");
    assert!(Switches::get(&switches.store_requests) > 4, "it was tried");
    switches.fail_completions.store(0, SeqCst);
    app.send_with("tasks.block", vec![], again(&result)).await;
    let outcome = app.execute(QUEUE).await;
    assert!(matches!(outcome, Outcome::Defer(_)), "{outcome:?}");
    assert_eq!(stubborn.runs.count(), 1);
    stubborn.free.store(true, SeqCst);
}
