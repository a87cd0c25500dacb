use std::sync::Arc;

use celeriac_core::{
    Arguments, Context, Param, Params, Registry, RetryPolicy, TaskDefinition, TaskError, TaskKind,
    TaskOptions,
};
use celeriac_protocol::Value;
use serde_json::json;

use super::super::checker::TryKey;
use super::super::plan::{End, TaskPlan, Try};
use super::super::process::Process;
use super::super::world::World;

/// The plan's tasks: what each does stands in the plan, under its id.
pub(super) const TASK: &str = "simulated.task";
/// The same, on threads.
pub(super) const BLOCKING: &str = "simulated.blocking";

static PARAMS: Params = Params {
    function: "simulated",
    list: &[Param {
        name: "given",
        required: false,
    }],
    ..Params::NONE
};

pub(super) fn registry(world: &Arc<World>, process: &Arc<Process>) -> Registry {
    let mut registry = Registry::default();
    let (world, process) = (Arc::clone(world), Arc::clone(process));
    let run = move |context: Context, _arguments: Arguments| -> celeriac_core::RunFuture {
        Box::pin(run(Arc::clone(&world), Arc::clone(&process), context))
    };
    // a stand-in runs instead: see `SimulatedThreads`
    let blocks = |_, _| Err(TaskError::failure("RuntimeError", "there are no threads"));
    let kinds = [
        (TASK, TaskKind::Async(Arc::new(run))),
        (BLOCKING, TaskKind::Blocking(Arc::new(blocks))),
    ];
    for (name, kind) in kinds {
        let definition = TaskDefinition {
            states: &[],
            name: name.to_owned(),
            params: &PARAMS,
            options: TaskOptions {
                retry: RetryPolicy {
                    max_retries: Some(50),
                    ..RetryPolicy::default()
                },
                ..TaskOptions::default()
            },
            kind,
        };
        registry.add(definition).expect("each name is new");
    }
    registry
}

/// Marks the run as over, also where it is cancelled.
struct Running {
    world: Arc<World>,
    process: Arc<Process>,
    id: String,
    key: TryKey,
    over: bool,
}

impl Running {
    fn ended(&mut self, end: &End) {
        self.over = true;
        let (id, key) = (&self.id, &self.key);
        self.world
            .tell(|| format!("{} ends {id} by {end:?}", key.0.0));
        self.world
            .check(|checker, now| checker.ended(id, key, end, now));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.over && !self.process.is_dead() {
            let (id, key) = (&self.id, &self.key);
            self.world
                .tell(|| format!("{} is cancelled on {}", id, key.0.0));
            self.world.check(|checker, _| checker.cancelled(id, key));
        }
    }
}

pub(super) async fn run(
    world: Arc<World>,
    process: Arc<Process>,
    context: Context,
) -> Result<Value, TaskError> {
    if process.is_dead() {
        return std::future::pending().await;
    }
    let (id, retries) = (context.id().to_owned(), context.retries());
    let key = (process.name.clone(), context.attempt());
    world.tell(|| format!("{} starts {id} retries {retries} attempt {}", key.0, key.1));
    world.check(|checker, now| checker.started(&id, retries, &key, now));
    let mut running = Running {
        world: Arc::clone(&world),
        process: Arc::clone(&process),
        id: id.clone(),
        key: (key, retries),
        over: false,
    };
    let planned = find(&world, &id).and_then(|plan| of_try(&plan.tries, retries));
    let Some(planned) = planned else {
        return Err(TaskError::failure("KeyError", "nobody planned this task"));
    };
    process.work(planned.takes / 2).await;
    if planned.progress
        && let Err(error) = context
            .progress(json!({"attempt": context.attempt()}))
            .await
    {
        process.goes_on().await;
        running.ended(&End::Fail);
        return Err(error);
    }
    process.work(planned.takes / 2).await;
    if planned.end == End::Abort {
        world.abort(&process, &id);
        return std::future::pending().await;
    }
    let end = jittered(planned.end, context.attempt());
    running.ended(&end);
    outcome(&end, &id, context.attempt())
}

/// As with `retry_jitter`: two runs of one try want to be run again at different times.
fn jittered(end: End, attempt: u64) -> End {
    match end {
        End::Retry(countdown) => End::Retry(countdown * (1 + attempt % 3) as u32),
        end => end,
    }
}

fn outcome(end: &End, id: &str, attempt: u64) -> Result<Value, TaskError> {
    match end {
        End::Return | End::Abort => Ok(Value::Str(format!("{id} of attempt {attempt}"))),
        End::ReturnTooLarge => Ok(Value::Str("x".repeat(500_000))),
        End::Fail => Err(TaskError::failure("ValueError", "planned")),
        End::Panic => panic!("planned"),
        End::Retry(countdown) => Err(TaskError::Retry {
            countdown: Some(*countdown),
            eta: None,
            max_retries: None,
            cause: None,
            with: None,
        }),
        End::Requeue => Err(TaskError::Reject {
            reason: "planned".to_owned(),
            requeue: true,
        }),
        End::Reject => Err(TaskError::Reject {
            reason: "planned".to_owned(),
            requeue: false,
        }),
    }
}

fn of_try(tries: &[Try], retries: u32) -> Option<Try> {
    let place = (retries as usize).min(tries.len().saturating_sub(1));
    tries.get(place).cloned()
}

fn find(world: &World, id: &str) -> Option<TaskPlan> {
    let checker = world.checker();
    checker.tasks.get(id).map(|tracked| tracked.plan.clone())
}
