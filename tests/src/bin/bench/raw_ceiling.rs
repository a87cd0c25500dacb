use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use serde_json::{Value as Json, json};
use tokio::task::spawn_blocking;

use crate::contender::Place;
use crate::raw_client::{RawClient, RawRequest};
use crate::raw_template::RawTemplate;

/// Connections side by side, enough to keep two cores busy.
const CONNECTIONS: usize = 4;
/// Messages of one turn: whole batches of ten (SQS) and of 25 (DynamoDB).
const TURN: usize = 50;
/// Statements of one batch.
const BATCH: usize = 25;

/// Tasks a second of the requests that any ledgered worker and its sender must make (send, receive
/// and delete by ten, claim and complete by 25), asked by clients that do nothing else: on threads
/// of their own, with requests that are made beforehand wherever they can be.
pub(crate) async fn of_services(place: &Place, body: &str, tasks: usize) -> Result<f64> {
    let turns = tasks.div_ceil(TURN * CONNECTIONS);
    let shared = Arc::new(Requests::of(place, body));
    let pumps = (0..CONNECTIONS).map(|_| Pump::new(place, &shared));
    let pumps: Vec<Pump> = pumps.collect::<Result<_>>()?;
    let started = Instant::now();
    let running: Vec<_> = pumps
        .into_iter()
        .map(|mut pump| spawn_blocking(move || (0..turns).try_for_each(|_| pump.turn())))
        .collect();
    for pump in running {
        pump.await??;
    }
    Ok((turns * TURN * CONNECTIONS) as f64 / started.elapsed().as_secs_f64())
}

/// What every connection asks alike.
struct Requests {
    send: RawRequest,
    receive: RawRequest,
    sqs: String,
    queue: String,
}

/// One connection to each service.
struct Pump {
    sqs: RawClient,
    dynamodb: RawClient,
    requests: Arc<Requests>,
    claims: RawTemplate,
    ends: RawTemplate,
}

impl Requests {
    fn of(place: &Place, body: &str) -> Self {
        let queue = format!("http://{}/000000000000/{}", place.sqs, place.queue);
        let entry = |n: usize| json!({"Id": n.to_string(), "MessageBody": body});
        let entries: Vec<Json> = (0..10).map(entry).collect();
        let send = json!({"QueueUrl": queue, "Entries": entries}).to_string();
        let receive = json!({
            "QueueUrl": queue,
            "MaxNumberOfMessages": 10,
            "VisibilityTimeout": 60,
            "WaitTimeSeconds": 0,
        });
        let request = |operation, body: &str| RawRequest::new(&place.sqs, operation, body);
        Self {
            send: request("AmazonSQS.SendMessageBatch", &send),
            receive: request("AmazonSQS.ReceiveMessage", &receive.to_string()),
            sqs: place.sqs.clone(),
            queue,
        }
    }

    fn delete(&self, receipts: &[String]) -> RawRequest {
        let entry = |(n, receipt)| format!(r#"{{"Id":"{n}","ReceiptHandle":"{receipt}"}}"#);
        let entries: Vec<String> = receipts.iter().enumerate().map(entry).collect();
        let (queue, entries) = (&self.queue, entries.join(","));
        let body = format!(r#"{{"QueueUrl":"{queue}","Entries":[{entries}]}}"#);
        RawRequest::new(&self.sqs, "AmazonSQS.DeleteMessageBatch", &body)
    }
}

impl Pump {
    fn new(place: &Place, requests: &Arc<Requests>) -> Result<Self> {
        let statements = Statements::of(&place.table);
        let batch = |statement: &dyn Fn(&str) -> String| {
            RawTemplate::new(BATCH, |ids| {
                let texts: Vec<String> = ids.iter().map(|id| statement(id)).collect();
                let body = format!("{{\"Statements\": [{}]}}", texts.join(","));
                let target = "DynamoDB_20120810.BatchExecuteStatement";
                RawRequest::new(&place.dynamodb, target, &body)
            })
        };
        Ok(Self {
            sqs: RawClient::connect(&place.sqs)?,
            dynamodb: RawClient::connect(&place.dynamodb)?,
            requests: Arc::clone(requests),
            claims: batch(&|id| statements.claim(id)),
            ends: batch(&|id| statements.complete(id)),
        })
    }

    fn turn(&mut self) -> Result<()> {
        for _ in 0..TURN / 10 {
            self.sqs.call(&self.requests.send)?;
        }
        let mut received = 0;
        while received < TURN {
            let receipts = receipts(self.sqs.call(&self.requests.receive)?);
            if receipts.is_empty() {
                break; // another connection has taken more than its own
            }
            received += receipts.len();
            self.sqs.call(&self.requests.delete(&receipts))?;
        }
        for _ in 0..TURN / BATCH {
            let ids: Vec<String> = (0..BATCH)
                .map(|_| uuid::Uuid::new_v4().to_string())
                .collect();
            self.dynamodb.call(self.claims.of(&ids))?;
            self.dynamodb.call(self.ends.of(&ids))?;
        }
        Ok(())
    }
}

/// The receipts of an answer, in which nothing is escaped.
fn receipts(answer: &str) -> Vec<String> {
    let texts = answer.split(r#""ReceiptHandle":""#).skip(1);
    let receipts = texts.filter_map(|text| text.split('"').next());
    receipts.map(str::to_owned).collect()
}

/// The statements of a claim and of its end as celeriac writes them, as JSON texts.
struct Statements {
    insert: String,
    update: String,
}

impl Statements {
    fn of(table: &str) -> Self {
        let shown = ["result", "timestamp", "ttl", "c_state"];
        let held = [
            "c_attempt",
            "c_runs",
            "c_retries",
            "c_lease",
            "c_nonce",
            "c_owner",
        ];
        let listed = |names: &[&str], wrap: fn(&&str) -> String, between: &str| {
            let names: Vec<String> = names.iter().map(wrap).collect();
            names.join(between)
        };
        let all = [&["id"], &shown[..], &held].concat();
        let insert = listed(&all, |name| format!("'{name}': ?"), ", ");
        let ended = [&shown[..], &["c_lease", "c_nonce"]].concat();
        let set = listed(&ended, |name| format!("SET \"{name}\" = ?"), " ");
        let tests = "\"id\" = ? AND \"c_attempt\" = ? AND \"c_lease\" > ?";
        Self {
            insert: json!(format!("INSERT INTO \"{table}\" VALUE {{{insert}}}")).to_string(),
            update: json!(format!("UPDATE \"{table}\" {set} WHERE {tests}")).to_string(),
        }
    }

    fn claim(&self, id: &str) -> String {
        let insert = &self.insert;
        format!(
            r#"{{"Statement":{insert},"Parameters":[{{"S":"{id}"}},{{"B":"{RESULT}"}},{{"N":"1764200000.5"}},{{"N":"1764545600"}},{{"S":"PENDING"}},{{"N":"1"}},{{"N":"1"}},{{"N":"0"}},{{"N":"1764200060000"}},{{"S":"{id}"}},{{"S":"ceiling"}}]}}"#
        )
    }

    fn complete(&self, id: &str) -> String {
        let update = &self.update;
        format!(
            r#"{{"Statement":{update},"Parameters":[{{"B":"{RESULT}"}},{{"N":"1764200001.5"}},{{"N":"1764545600"}},{{"S":"SUCCESS"}},{{"N":"0"}},{{"S":"{id}-done"}},{{"S":"{id}"}},{{"N":"1"}},{{"N":"0"}}]}}"#
        )
    }
}

/// A small result in base64, as long as a real one.
const RESULT: &str = "eyJzdGF0dXMiOiJTVUNDRVNTIiwicmVzdWx0IjoxLCJ0cmFjZWJhY2siOm51bGwsImNoaWxkcmVuIjpudWxsLCJkYXRlX2RvbmUiOiIyMDI2LTExLTI2VDIzOjAwOjAwLjAwMDAwMCswMDowMCIsInRhc2tfaWQiOiI2ZGEyOGU3Mi00ZTVmLTQwYzQtODU2YS1jZDBhZWFiNWYxMjIifQ==";
