use std::sync::Arc;
use std::time::Duration;

use celeriac_core::{SendOptions, TaskSender};
use celeriac_protocol::{Dict, Signature, Value};
use futures_util::future::join_all;
use tokio::time::{sleep, sleep_until};

use super::super::plan::TaskPlan;
use super::super::process::Process;
use super::super::world::World;
use super::parts::{Parts, settings};
use super::tasks::{BLOCKING, TASK};

/// Sends the plan's tasks; those of one moment together. What fails is tried again, as a web
/// handler's caller would.
pub(crate) async fn send_all(world: Arc<World>) {
    let process = Process::new("client".to_owned(), world.time(), 0);
    let parts = Parts::new(&world, &process, settings(&world));
    let tasks = world.plan.tasks.iter().filter(|task| !task.direct);
    let tasks: Vec<&TaskPlan> = tasks.collect();
    let mut left = tasks.as_slice();
    while let Some(first) = left.first() {
        let together = left.iter().take_while(|task| task.at == first.at).count();
        let (now, later) = left.split_at(together);
        sleep_until(world.at(first.at)).await;
        join_all(now.iter().map(|task| send(&world, &parts, task))).await;
        left = later;
    }
}

async fn send(world: &World, parts: &Parts, task: &TaskPlan) {
    world.check(|checker, now| checker.sending(task, now));
    for tries in 1..=4 {
        let sent = TaskSender::send_task(&parts.client, signature(task), options(task)).await;
        match sent {
            Ok(_) => {
                world.tell(|| format!("client: {} is accepted", task.id));
                world.check(|checker, _| checker.accepted(task));
                return;
            }
            Err(error) if tries == 4 || task.group.is_some() => {
                world.tell(|| format!("client: {} is not accepted: {error}", task.id));
                return;
            }
            Err(_) => sleep(Duration::from_secs(1)).await,
        }
    }
}

fn signature(task: &TaskPlan) -> Signature {
    Signature::new(if task.blocking { BLOCKING } else { TASK })
}

fn options(task: &TaskPlan) -> SendOptions {
    SendOptions {
        task_id: Some(task.id.clone()),
        queue: Some(task.queue.clone()),
        countdown: (!task.countdown.is_zero()).then_some(task.countdown),
        expires: task.expires,
        message_group_id: task.group.clone(),
        ignore_result: task.ignore_result.then_some(true),
        chain: task.next.as_ref().map(|next| chain(next)),
        link_error: task.errback.iter().map(|errback| later(errback)).collect(),
        ..SendOptions::default()
    }
}

/// The steps that remain, the next one last, as Celery has them.
fn chain(next: &TaskPlan) -> Vec<Signature> {
    let mut steps = next
        .next
        .as_ref()
        .map_or_else(Vec::new, |later| chain(later));
    steps.push(later(next));
    steps
}

fn later(task: &TaskPlan) -> Signature {
    let mut options = Dict::new();
    let mut set = |name: &str, value: &str| {
        options.insert(name.to_owned(), Value::Str(value.to_owned()));
    };
    set("task_id", &task.id);
    set("queue", &task.queue);
    if let Some(errback) = &task.errback {
        let errbacks = vec![later(errback).into_value()];
        options.insert("link_error".to_owned(), Value::List(errbacks));
    }
    Signature {
        options,
        ..signature(task)
    }
}
