//! A machine that sleeps: the wall clock goes on, nothing else does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use celeriac_core::{Clock, SystemClock, TaskOptions};
use celeriac_local::Database;
use celeriac_protocol::{State, UtcTime, Value};
use celeriac_worker::{Outcome, Shutdown};

use crate::support::{App, QUEUE, Runs, Setup, until};

const LEASE: Duration = Duration::from_secs(2);

/// Goes with the system's, and on while the machine sleeps.
#[derive(Default)]
struct Wall {
    slept_seconds: AtomicU64,
}

impl Clock for Wall {
    fn now(&self) -> UtcTime {
        let slept = Duration::from_secs(self.slept_seconds.load(SeqCst));
        SystemClock.now().after(slept)
    }

    fn running(&self) -> Duration {
        SystemClock.running()
    }
}

fn app(database: &Database, wall: &Arc<Wall>, runs: &Runs) -> App {
    let counted = runs.clone();
    Setup::on(database.clone())
        .clock(Arc::clone(wall) as Arc<dyn Clock>)
        .set(|settings| settings.broker_transport_options.visibility_timeout = LEASE)
        .task("tasks.long", TaskOptions::default(), move |_, _| {
            counted.add();
            async {
                tokio::time::sleep(LEASE * 2).await;
                Ok(Value::Null)
            }
        })
        .app()
}

#[tokio::test]
async fn two_workers_do_not_run_one_task_after_their_machine_slept() {
    let (database, wall) = (Database::memory().expect("a database"), Arc::default());
    let runs = Runs::default();
    let (one, two) = (app(&database, &wall, &runs), app(&database, &wall, &runs));
    let result = one.send("tasks.long", vec![]).await;
    let delivery = one.receive(QUEUE).await.expect("a message");
    let running = tokio::spawn({
        let executor = one.executor.clone();
        async move { executor.execute(delivery, &Shutdown::new()).await }
    });
    until("it runs", || async { runs.count() == 1 }).await;

    wall.slept_seconds.store(70, SeqCst);
    while !running.is_finished() {
        if let Some(copy) = two.receive(QUEUE).await {
            let outcome = two.executor.execute(copy, &Shutdown::new()).await;
            assert!(!matches!(outcome, Outcome::Leave), "{outcome:?}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let outcome = running.await.expect("no panic");
    assert!(matches!(outcome, Outcome::Ack), "{outcome:?}");
    assert_eq!(runs.count(), 1);
    assert_eq!(result.state().await.expect("a state"), State::Success);
}
