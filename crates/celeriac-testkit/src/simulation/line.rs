use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use async_trait::async_trait;
use celeriac_aws::{Answer, ConnectionLost, Transport};
use celeriac_protocol::UtcTime;
use serde_json::Value as Json;
use tokio::time::{Instant, sleep};

use super::noise::Fate;
use super::plan::Service;
use super::process::Process;
use super::world::World;
use crate::cloud::{CloudAnswer, CloudCall};

/// A process's line to AWS, on which requests and answers are lost.
pub(crate) struct Line {
    world: Arc<World>,
    process: Arc<Process>,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Line").field(&self.process.name).finish()
    }
}

/// A request on its way, which arrives whether or not somebody still waits for its answer.
struct Request {
    world: Arc<World>,
    by: String,
    target: String,
    body: Vec<u8>,
    /// In the order in which requests were sent.
    number: u64,
    /// Somebody waits for the answer.
    awaited: Arc<AtomicBool>,
}

/// Waits for a request's answer until it is dropped.
struct Waiter(Arc<AtomicBool>);

impl Drop for Waiter {
    fn drop(&mut self) {
        self.0.store(false, Relaxed);
    }
}

impl Line {
    pub(crate) fn new(world: &Arc<World>, process: &Arc<Process>) -> Arc<Self> {
        Arc::new(Self {
            world: Arc::clone(world),
            process: Arc::clone(process),
        })
    }

    fn tell(&self, target: &str, what: impl fmt::Debug) {
        let name = &self.process.name;
        self.world.tell(|| format!("{name} {target}: {what:?}"));
    }

    /// Whether nothing of the service can be reached from here now.
    fn is_away(&self, service: Service) -> bool {
        self.world.is_away(service) || self.process.is_cut_from(service)
    }

    /// The request's way to the service, and that of its answer.
    async fn there_and_back(
        &self,
        fate: Fate,
        target: &str,
        body: &[u8],
    ) -> Result<(CloudAnswer, UtcTime), ConnectionLost> {
        let (world, time) = (&self.world, self.world.noise.latency_there(fate));
        let on_its_way = matches!(fate, Fate::SlowRequest | Fate::SluggishRequest);
        if !on_its_way {
            sleep(time).await;
            self.process.goes_on().await;
        }
        if self.is_away(service_of(target)) {
            self.tell(target, "the service is away");
            return Err(ConnectionLost);
        }
        let waiter = Waiter(Arc::new(AtomicBool::new(true)));
        let request = Request {
            world: Arc::clone(world),
            by: self.process.name.clone(),
            target: target.to_owned(),
            body: body.to_vec(),
            number: world.costs.add(target),
            awaited: Arc::clone(&waiter.0),
        };
        let arrival = tokio::spawn(async move {
            if on_its_way {
                sleep(time).await;
            }
            request.arrive().await
        });
        let answer = arrival.await.map_err(|_| ConnectionLost)?;
        let answered_at = world.now();
        sleep(world.noise.latency_back(fate)).await;
        if self.is_away(service_of(target)) {
            self.tell(target, "the service is away, and its answer is lost");
            return Err(ConnectionLost);
        }
        Ok((answer, answered_at))
    }
}

impl Request {
    /// The service's work, which goes on when nobody waits for its answer any more.
    async fn arrive(self) -> CloudAnswer {
        let call = CloudCall {
            by: &self.by,
            target: &self.target,
            body: &self.body,
        };
        let answer = self.world.cloud().call(call).await;
        if self.target == "AmazonSQS.ReceiveMessage" && answer.body.contains("MessageId") {
            self.world.costs.received();
        }
        if self.target == "AmazonSQS.ChangeMessageVisibilityBatch" && self.awaited.load(Relaxed) {
            self.changed_visibility(&answer);
        }
        answer
    }

    /// Tells of the messages whose visibility this has changed.
    fn changed_visibility(&self, answer: &CloudAnswer) {
        let body: Json = serde_json::from_slice(&self.body).unwrap_or_default();
        let answer: Json = serde_json::from_str(&answer.body).unwrap_or_default();
        let done = answer["Successful"].as_array();
        let done = |id: &Json| done.is_some_and(|done| done.iter().any(|one| one["Id"] == *id));
        for entry in body["Entries"].as_array().into_iter().flatten() {
            if let Some(receipt) = entry["ReceiptHandle"]
                .as_str()
                .filter(|_| done(&entry["Id"]))
            {
                let (by, number) = (&self.by, self.number);
                self.world
                    .check(|checker, now| checker.hidden(by, receipt, number, now));
            }
        }
    }
}

#[async_trait]
impl Transport for Line {
    async fn call(&self, target: &str, body: &[u8]) -> Result<Answer, ConnectionLost> {
        let world = &self.world;
        self.process.goes_on().await;
        let fate = world.noise.of_request();
        if fate != Fate::Good {
            self.tell(target, fate);
        }
        match fate {
            Fate::Lost => return pending().await,
            Fate::ResetBefore => {
                sleep(world.noise.latency()).await;
                return Err(ConnectionLost);
            }
            Fate::Throttled => {
                sleep(world.noise.latency()).await;
                return Ok(throttled(world));
            }
            _ => {}
        }
        let (answer, answered_at) = self.there_and_back(fate, target, body).await?;
        match fate {
            Fate::AnswerLost => return pending().await,
            Fate::ResetAfter => {
                let broken = Instant::now() + world.noise.broken_for();
                self.process.cut_from(service_of(target), broken);
                return Err(ConnectionLost);
            }
            _ => {}
        }
        self.process.goes_on().await;
        Ok(Answer {
            status: answer.status,
            body: answer.body,
            date: answered_at,
        })
    }
}

fn service_of(target: &str) -> Service {
    if target.starts_with("AmazonSQS") {
        Service::Sqs
    } else {
        Service::DynamoDb
    }
}

fn throttled(world: &World) -> Answer {
    Answer {
        status: 400,
        body: r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#.to_owned(),
        date: world.now(),
    }
}

/// A line on which nothing is lost, for whoever prepares the world.
pub(crate) struct CalmLine(pub(crate) Arc<World>);

impl fmt::Debug for CalmLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CalmLine")
    }
}

#[async_trait]
impl Transport for CalmLine {
    async fn call(&self, target: &str, body: &[u8]) -> Result<Answer, ConnectionLost> {
        let call = CloudCall {
            by: "setup",
            target,
            body,
        };
        let answer = self.0.cloud().call(call).await;
        sleep(Duration::from_millis(1)).await;
        Ok(Answer {
            status: answer.status,
            body: answer.body,
            date: self.0.now(),
        })
    }
}
