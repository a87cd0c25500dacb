//! The side of AWS Lambda that a function's process sees.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use celeriac_core::Delivery;
use hyper::body::Bytes;
use hyper::{Request, Response, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::http_server::serve;

/// The Lambda Runtime API (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>) on
/// 127.0.0.1: a process that is started with [`LambdaService::environment`] is a function, and is
/// invoked from here. Ends when it is dropped.
#[derive(Debug)]
pub struct LambdaService {
    address: String,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// An event waits.
    event: Notify,
    /// The function asked for one.
    asked: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Event>,
    running: HashMap<String, oneshot::Sender<Answer>>,
    asked: usize,
}

#[derive(Debug)]
struct Event {
    id: String,
    body: String,
    deadline: SystemTime,
    answer: oneshot::Sender<Answer>,
}

/// What a function answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Its response.
    Response(String),
    /// Its error, as the runtime reports it: `{"errorType": ..., "errorMessage": ...}`.
    Error(String),
}

impl LambdaService {
    /// On a free port.
    ///
    /// # Panics
    /// If there is none.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("a free port on 127.0.0.1");
        let address = listener.local_addr().expect("an address").to_string();
        let shared = Arc::new(Shared::default());
        let of_all = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&of_all);
                tokio::spawn(serve(stream, move |request| {
                    let shared = Arc::clone(&shared);
                    async move { shared.respond(request).await }
                }));
            }
        });
        Self {
            address,
            shared,
            accepting,
        }
    }

    /// What Lambda puts into a function's environment.
    pub fn environment(&self, megabytes: u32) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_LAMBDA_RUNTIME_API", self.address.clone()),
            ("AWS_LAMBDA_FUNCTION_NAME", "function".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", megabytes.to_string()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ]
    }

    /// Waits until the function has asked for an event this many times: the first ends its
    /// initialization.
    pub async fn asked(&self, times: usize) {
        loop {
            let asked = self.shared.asked.notified();
            tokio::pin!(asked);
            asked.as_mut().enable();
            if self.shared.state().asked >= times {
                return;
            }
            asked.await;
        }
    }

    /// Invokes the function, which has this much time; `None` if it did not answer within it.
    pub async fn invoke(&self, event: impl Into<String>, time: Duration) -> Option<Answer> {
        let (answer, answered) = oneshot::channel();
        self.shared.state().waiting.push_back(Event {
            id: Uuid::new_v4().to_string(),
            body: event.into(),
            deadline: SystemTime::now() + time,
            answer,
        });
        self.shared.event.notify_one();
        tokio::time::timeout(time, answered).await.ok()?.ok()
    }
}

impl Drop for LambdaService {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn respond(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, hyper::http::Error> {
        let path = request.uri().path().to_owned();
        let mut parts = path.trim_start_matches("/2018-06-01/runtime/").split('/');
        match (parts.next(), parts.next(), parts.next()) {
            (Some("invocation"), Some("next"), None) => self.next().await,
            (Some("invocation"), Some(id), Some(kind @ ("response" | "error"))) => {
                let body = String::from_utf8_lossy(request.body()).into_owned();
                let answer = if kind == "response" {
                    Answer::Response(body)
                } else {
                    Answer::Error(body)
                };
                let waiting = self.state().running.remove(id);
                let known = waiting.is_some_and(|waiting| waiting.send(answer).is_ok());
                status(if known {
                    StatusCode::ACCEPTED
                } else {
                    StatusCode::BAD_REQUEST
                })
            }
            _ => status(StatusCode::NOT_FOUND),
        }
    }

    async fn next(&self) -> Result<Response<Bytes>, hyper::http::Error> {
        self.state().asked += 1;
        self.asked.notify_waiters();
        let event = loop {
            let waiting = self.state().waiting.pop_front();
            match waiting {
                Some(event) => break event,
                None => self.event.notified().await,
            }
        };
        let deadline = event
            .deadline
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let response = Response::builder()
            .header("content-type", "application/json")
            .header("lambda-runtime-aws-request-id", &event.id)
            .header(
                "lambda-runtime-deadline-ms",
                deadline.as_millis().to_string(),
            )
            .header(
                "lambda-runtime-invoked-function-arn",
                "arn:aws:lambda:us-east-1:000000000000:function:function",
            )
            .body(Bytes::from(event.body))?;
        self.state().running.insert(event.id, event.answer);
        Ok(response)
    }
}

fn status(status: StatusCode) -> Result<Response<Bytes>, hyper::http::Error> {
    Response::builder().status(status).body(Bytes::new())
}

/// The event that Lambda makes of received messages
/// (<https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>).
pub fn sqs_event(deliveries: &[Delivery]) -> Value {
    let records: Vec<Value> = deliveries.iter().map(record).collect();
    json!({ "Records": records })
}

fn record(delivery: &Delivery) -> Value {
    let attributes: BTreeMap<&str, Value> = delivery
        .attributes
        .iter()
        .map(|(name, text)| {
            let value = json!({"stringValue": text, "dataType": "String", "stringListValues": [], "binaryListValues": []});
            (name.as_str(), value)
        })
        .collect();
    let mut system = json!({
        "ApproximateReceiveCount": delivery.receive_count.to_string(),
        "SentTimestamp": (delivery.sent_at.map_or(0, |at| at.0) / 1000).to_string(),
        "SenderId": "AIDAIENQZJOLO23YVJ4VO",
        "ApproximateFirstReceiveTimestamp": "1545082649185",
    });
    if let Some(group) = &delivery.group_id {
        system["MessageGroupId"] = json!(group);
        system["SequenceNumber"] = json!("18849496460467696128");
    }
    json!({
        "messageId": delivery.message_id,
        "receiptHandle": delivery.receipt.0,
        "body": delivery.body,
        "attributes": system,
        "messageAttributes": attributes,
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:us-east-1:000000000000:{}", delivery.queue),
        "awsRegion": "us-east-1",
    })
}
