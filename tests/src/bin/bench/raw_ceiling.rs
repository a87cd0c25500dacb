use std::time::Instant;

use anyhow::Result;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::contender::Place;
use crate::raw_client::RawClient;

/// Connections side by side, enough to keep two cores busy.
const CONNECTIONS: usize = 4;
/// Messages of one turn: whole batches of ten (SQS) and of 25 (DynamoDB).
const TURN: usize = 50;

/// Tasks a second of the requests that any ledgered worker and its sender must make (send, receive
/// and delete by ten, claim and complete by 25), asked by clients that do nothing else.
pub(crate) async fn of_services(place: &Place, body: &str, tasks: usize) -> Result<f64> {
    let turns = tasks.div_ceil(TURN * CONNECTIONS);
    let started = Instant::now();
    let connections = (0..CONNECTIONS).map(|_| pump(place, body, turns));
    futures_util::future::try_join_all(connections).await?;
    Ok((turns * TURN * CONNECTIONS) as f64 / started.elapsed().as_secs_f64())
}

async fn pump(place: &Place, body: &str, turns: usize) -> Result<()> {
    let mut sqs = RawClient::connect(&place.sqs).await?;
    let mut dynamodb = RawClient::connect(&place.dynamodb).await?;
    let statements = Statements::of(&place.table);
    let queue = format!("http://{}/000000000000/{}", place.sqs, place.queue);
    for _ in 0..turns {
        for _ in 0..TURN / 10 {
            send(&mut sqs, &queue, body).await?;
        }
        let ids: Vec<String> = (0..TURN)
            .map(|_| uuid::Uuid::new_v4().to_string())
            .collect();
        let mut left = TURN;
        while left > 0 {
            let receipts = receive(&mut sqs, &queue, left.min(10)).await?;
            if receipts.is_empty() {
                break; // another connection has taken more than its own
            }
            left -= receipts.len();
            delete(&mut sqs, &queue, &receipts).await?;
        }
        for some in ids.chunks(25) {
            let claims: Vec<String> = some.iter().map(|id| statements.claim(id)).collect();
            write(&mut dynamodb, &claims).await?;
            let ends: Vec<String> = some.iter().map(|id| statements.complete(id)).collect();
            write(&mut dynamodb, &ends).await?;
        }
    }
    Ok(())
}

async fn send(sqs: &mut RawClient, queue: &str, body: &str) -> Result<()> {
    let entry = |n: usize| json!({"Id": n.to_string(), "MessageBody": body});
    let entries: Vec<Json> = (0..10).map(entry).collect();
    let request = json!({"QueueUrl": queue, "Entries": entries}).to_string();
    sqs.call("AmazonSQS.SendMessageBatch", &request).await?;
    Ok(())
}

#[derive(Deserialize)]
struct Received {
    #[serde(rename = "Messages", default)]
    messages: Vec<ReceivedMessage>,
}

#[derive(Deserialize)]
struct ReceivedMessage {
    #[serde(rename = "ReceiptHandle")]
    receipt: String,
}

async fn receive(sqs: &mut RawClient, queue: &str, count: usize) -> Result<Vec<String>> {
    let request = json!({
        "QueueUrl": queue,
        "MaxNumberOfMessages": count,
        "VisibilityTimeout": 60,
        "WaitTimeSeconds": 0,
    });
    let answer = sqs
        .call("AmazonSQS.ReceiveMessage", &request.to_string())
        .await?;
    let received: Received = serde_json::from_slice(answer)?;
    let messages = received.messages.into_iter();
    Ok(messages.map(|message| message.receipt).collect())
}

async fn delete(sqs: &mut RawClient, queue: &str, receipts: &[String]) -> Result<()> {
    let entry = |(n, receipt)| json!({"Id": format!("{n}"), "ReceiptHandle": receipt});
    let entries: Vec<Json> = receipts.iter().enumerate().map(entry).collect();
    let request = json!({"QueueUrl": queue, "Entries": entries}).to_string();
    sqs.call("AmazonSQS.DeleteMessageBatch", &request).await?;
    Ok(())
}

async fn write(dynamodb: &mut RawClient, statements: &[String]) -> Result<()> {
    let request = format!("{{\"Statements\": [{}]}}", statements.join(","));
    let target = "DynamoDB_20120810.BatchExecuteStatement";
    dynamodb.call(target, &request).await?;
    Ok(())
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
