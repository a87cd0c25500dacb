//! Events that invoke a function without a message.

use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use tokio::time::{sleep, sleep_until, timeout};

use super::super::plan::{FunctionPlan, TaskPlan};
use super::super::world::World;
use super::function::{Environment, start};
use super::tasks::TASK;

/// Lambda: how long after a failed invocation of an event it is tried again.
const AGAIN_AFTER: [Duration; 2] = [Duration::from_mins(1), Duration::from_mins(2)];

/// Invokes the first function with the plan's events, each at its time.
pub(crate) fn invoke_all(world: &Arc<World>) {
    let Some(function) = world.plan.functions.first() else {
        return;
    };
    let events = world.plan.tasks.iter().filter(|task| task.direct);
    for (number, task) in events.enumerate() {
        let (world, task) = (Arc::clone(world), task.clone());
        let mut function = function.clone();
        function.name = format!("{}e{number}", function.name);
        tokio::spawn(async move { invoke(&world, &function, &task).await });
    }
}

/// Until the function takes the event on, three times at most.
async fn invoke(world: &Arc<World>, function: &FunctionPlan, task: &TaskPlan) {
    sleep_until(world.at(task.at)).await;
    world.check(|checker, now| {
        checker.sending(task, now);
        checker.invoking(task, true);
    });
    let accepted = until_accepted(world, function, task).await;
    world.check(|checker, _| {
        if accepted {
            checker.accepted(task);
        }
        checker.invoking(task, false);
    });
}

async fn until_accepted(world: &Arc<World>, function: &FunctionPlan, task: &TaskPlan) -> bool {
    let mut pauses = AGAIN_AFTER.into_iter();
    for tried in 1u32.. {
        let hits = world.noise.hits();
        let environment = start(world, function, tried);
        let refused = match once(world, function, task, &environment).await {
            Ok(()) => return true,
            Err(refused) => refused,
        };
        world.tell(|| format!("{}: {refused}", environment.process.name));
        let undisturbed = tried == 1 && hits == world.noise.hits();
        if undisturbed && !task.countdown.is_zero() {
            world.check(|checker, now| checker.refused(task, &refused, now));
        }
        match pauses.next() {
            Some(pause) => sleep(pause).await,
            None => return false,
        }
    }
    false
}

async fn once(
    world: &Arc<World>,
    plan: &FunctionPlan,
    task: &TaskPlan,
    environment: &Environment,
) -> Result<(), String> {
    let event = RawValue::from_string(event(task).to_string()).expect("it is JSON");
    let (function, limit, id) = (environment.function.clone(), plan.timeout, task.id.clone());
    let invoked = tokio::spawn(async move { function.invoke_within(&event, limit, &id).await });
    let answer = timeout(limit, invoked).await;
    if environment.process.is_dead() {
        return Err("its process ended".to_owned());
    }
    world.kill(&environment.process); // its environment is not used again
    match answer {
        Ok(Ok(Ok(_))) => Ok(()),
        Ok(Ok(Err(error))) => Err(format!("{error:?}")),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("it takes too long".to_owned()),
    }
}

/// As `EventBridge` sends it.
fn event(task: &TaskPlan) -> Json {
    let mut options = json!({"queue": task.queue});
    if !task.countdown.is_zero() {
        options["countdown"] = json!(task.countdown.as_secs_f64());
    }
    json!({
        "version": "0",
        "id": task.id,
        "detail-type": "run",
        "source": "simulation",
        "detail": {"task": TASK, "id": task.id, "options": options},
    })
}
