use std::sync::Arc;
use std::time::Duration;

use celeriac_lambda::Function;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use tokio::time::{Instant, sleep, timeout};

use super::super::plan::FunctionPlan;
use super::super::process::Process;
use super::super::world::World;
use super::parts::{Parts, settings};
use crate::cloud::Chances as _;

/// Frozen until it is invoked again.
const FROZEN: Duration = Duration::from_hours(24 * 365);

/// An execution environment.
pub(super) struct Environment {
    pub(super) process: Arc<Process>,
    pub(super) function: Function,
}

/// Lambda's event source: receives from the queue, invokes the function, deletes what it does not
/// report. One environment at a time, which stands still between two invocations.
pub(crate) async fn serve(world: Arc<World>, plan: FunctionPlan) {
    let mut environment: Option<Environment> = None;
    let mut started = 0;
    while !world.is_over() {
        let messages = receive(&world, &plan.queue).await;
        if messages.is_empty() {
            continue;
        }
        let here = environment.take().filter(|here| !here.process.is_dead());
        let here = here.unwrap_or_else(|| {
            started += 1;
            start(&world, &plan, started)
        });
        here.process.resume();
        let done = invoke(&world, &plan, &here, &messages).await;
        delete(&world, &plan.queue, &done).await;
        if here.function.must_end() && !here.process.is_dead() {
            world.exit(&here.process);
        } else if !here.process.is_dead() {
            world.check(|checker, now| checker.frozen(&here.process.name, now));
            here.process.pause_until(Instant::now() + FROZEN);
        }
        environment = Some(here);
    }
}

pub(super) fn start(world: &Arc<World>, plan: &FunctionPlan, started: u32) -> Environment {
    let process = Process::new(format!("{}.{started}", plan.name), world.time(), 0);
    let mut settings = settings(world);
    settings.lambda_spill_queue.clone_from(&plan.spill);
    let parts = Parts::new(world, &process, settings);
    let executor = parts.executor(world, &process, true);
    Environment {
        function: Function::new(executor, 256),
        process,
    }
}

/// The messages that are done with; none where the function failed or was too slow.
async fn invoke(
    world: &Arc<World>,
    plan: &FunctionPlan,
    environment: &Environment,
    messages: &[Json],
) -> Vec<Json> {
    let event = event(&plan.queue, messages);
    let event = RawValue::from_string(event.to_string()).expect("it is JSON");
    let function = environment.function.clone();
    let limit = plan.timeout;
    let invoked = tokio::spawn(async move {
        let answer = function.invoke_within(&event, limit, "request").await;
        answer.map(|answer| answer.get().to_owned()).ok()
    });
    let answer = timeout(limit, invoked).await;
    let answer = match answer {
        Ok(Ok(Some(answer))) if !environment.process.is_dead() => answer,
        Ok(_) => return Vec::new(),
        Err(_) => {
            world.kill(&environment.process);
            return Vec::new();
        }
    };
    let answer: Json = serde_json::from_str(&answer).unwrap_or_default();
    let failures = answer["batchItemFailures"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let failed = |message: &&Json| {
        failures
            .iter()
            .any(|failure| failure["itemIdentifier"] == message["MessageId"])
    };
    messages
        .iter()
        .filter(|message| !failed(message))
        .cloned()
        .collect()
}

fn event(queue: &str, messages: &[Json]) -> Json {
    let record = |message: &Json| {
        json!({
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": attributes(&message["MessageAttributes"]),
            "eventSource": "aws:sqs",
            "eventSourceARN": format!("arn:aws:sqs:us-east-1:000000000000:{queue}"),
        })
    };
    json!({ "Records": messages.iter().map(record).collect::<Vec<_>>() })
}

fn attributes(sqs: &Json) -> Json {
    let each = sqs.as_object().into_iter().flatten();
    let each =
        each.map(|(name, value)| (name.clone(), json!({"stringValue": value["StringValue"]})));
    Json::Object(each.collect())
}

async fn receive(world: &Arc<World>, queue: &str) -> Vec<Json> {
    // in step with the workers' polls, it would always come before them, or never
    let wait = 1 + world.noise.below(20);
    let body = json!({"QueueUrl": url(queue), "MaxNumberOfMessages": 10, "WaitTimeSeconds": wait});
    let answer = ask(world, "AmazonSQS.ReceiveMessage", &body).await;
    answer["Messages"].as_array().cloned().unwrap_or_default()
}

async fn delete(world: &Arc<World>, queue: &str, messages: &[Json]) {
    for message in messages {
        let body = json!({"QueueUrl": url(queue), "ReceiptHandle": message["ReceiptHandle"]});
        ask(world, "AmazonSQS.DeleteMessage", &body).await;
    }
}

fn url(queue: &str) -> String {
    format!("http://lambda/{queue}")
}

/// Lambda's own requests are within AWS: they are retried there until they are answered.
async fn ask(world: &Arc<World>, target: &str, body: &Json) -> Json {
    sleep(world.noise.latency()).await;
    world.ask("lambda", target, body).await
}
