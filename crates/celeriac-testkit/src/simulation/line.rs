use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use celeriac_aws::{Answer, ConnectionLost, Transport};
use tokio::time::sleep;

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

impl Line {
    pub(crate) fn new(world: &Arc<World>, process: &Arc<Process>) -> Arc<Self> {
        Arc::new(Self {
            world: Arc::clone(world),
            process: Arc::clone(process),
        })
    }

    /// The service's work, which goes on when nobody waits for its answer any more.
    async fn ask(&self, target: &str, body: &[u8]) -> CloudAnswer {
        let (world, by) = (Arc::clone(&self.world), self.process.name.clone());
        let (target, body) = (target.to_owned(), body.to_vec());
        let asked = tokio::spawn(async move {
            let call = CloudCall {
                by: &by,
                target: &target,
                body: &body,
            };
            world.cloud().call(call).await
        });
        asked.await.unwrap_or_else(|_| CloudAnswer {
            status: 500,
            body: "{}".to_owned(),
        })
    }
}

#[async_trait]
impl Transport for Line {
    async fn call(&self, target: &str, body: &[u8]) -> Result<Answer, ConnectionLost> {
        let world = &self.world;
        self.process.goes_on().await;
        let service = if target.starts_with("AmazonSQS") {
            Service::Sqs
        } else {
            Service::DynamoDb
        };
        let fate = world.noise.of_request();
        world.count_request();
        match fate {
            Fate::SlowRequest => sleep(world.noise.long_latency()).await,
            _ => sleep(world.noise.latency()).await,
        }
        if world.is_away(service) {
            world.tell(|| format!("{} {target}: the service is away", self.process.name));
            return Err(ConnectionLost);
        }
        if fate != Fate::Good {
            world.tell(|| format!("{} {target}: {fate:?}", self.process.name));
        }
        self.process.goes_on().await;
        match fate {
            Fate::Lost => return pending().await,
            Fate::ResetBefore => return Err(ConnectionLost),
            Fate::Throttled => {
                let body = r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#;
                return Ok(Answer {
                    status: 400,
                    body: body.to_owned(),
                    date: world.now(),
                });
            }
            Fate::Good
            | Fate::AnswerLost
            | Fate::ResetAfter
            | Fate::SlowRequest
            | Fate::SlowAnswer => {}
        }
        let answer = self.ask(target, body).await;
        let date = world.now();
        match fate {
            Fate::AnswerLost => return pending().await,
            Fate::ResetAfter => return Err(ConnectionLost),
            Fate::SlowAnswer => sleep(world.noise.long_latency()).await,
            _ => sleep(world.noise.latency()).await,
        }
        self.process.goes_on().await;
        Ok(Answer {
            status: answer.status,
            body: answer.body,
            date,
        })
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
