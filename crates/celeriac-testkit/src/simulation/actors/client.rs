use std::sync::Arc;
use std::time::Duration;

use celeriac_core::{SendOptions, TaskSender};
use celeriac_protocol::{Dict, Signature, Value, Workflow};
use futures_util::future::join_all;
use tokio::time::{sleep, sleep_until};

use super::super::plan::{Shape, TaskPlan};
use super::super::process::Process;
use super::super::world::World;
use super::parts::{Parts, settings};
use super::tasks::{BLOCKING, TASK};

/// Sends what is in the plan. What fails is tried again, as a web handler's caller would.
pub(crate) async fn send_all(world: Arc<World>) {
    let process = Process::new("client".to_owned(), world.time(), 0);
    let parts = Parts::new(&world, &process, settings(&world));
    tokio::join!(send_tasks(&world, &parts), send_canvases(&world, &parts));
}

/// Those of one moment together.
async fn send_tasks(world: &World, parts: &Parts) {
    let tasks = world.plan.tasks.iter().filter(|task| !task.direct);
    let tasks: Vec<&TaskPlan> = tasks.collect();
    let mut left = tasks.as_slice();
    while let Some(first) = left.first() {
        let together = left.iter().take_while(|task| task.at == first.at).count();
        let (now, later) = left.split_at(together);
        sleep_until(world.at(first.at)).await;
        join_all(now.iter().map(|task| send(world, parts, task))).await;
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

async fn send_canvases(world: &World, parts: &Parts) {
    for canvas in &world.plan.canvases {
        sleep_until(world.at(canvas.at)).await;
        for _ in 0..4 {
            let sent = parts
                .client
                .start(workflow(&canvas.shape), SendOptions::default());
            match sent.await {
                Ok(_) => {
                    world.tell(|| "client: a canvas is accepted".to_owned());
                    world.check(|checker, _| checker.accepted_canvas(&canvas.shape));
                    break;
                }
                Err(error) => world.tell(|| format!("client: a canvas is not accepted: {error}")),
            }
            sleep(Duration::from_secs(1)).await;
        }
    }
}

fn workflow(shape: &Shape) -> Workflow {
    let each = |shapes: &[Shape]| shapes.iter().map(workflow).collect::<Vec<_>>();
    match shape {
        Shape::Task(task) => Workflow::Task(later(task)),
        Shape::Chain(steps) => Workflow::chain(each(steps)),
        Shape::Group(id, members) => group(id, each(members)),
        Shape::Chord(id, header, body) => group(id, each(header)).then(workflow(body)),
    }
}

fn group(id: &str, tasks: Vec<Workflow>) -> Workflow {
    let mut group = Workflow::group(tasks);
    let id = Value::Str(id.to_owned());
    group.of_mut().options.insert("task_id".to_owned(), id);
    group
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
