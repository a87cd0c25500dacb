//! Our client for the interop tests: a request in JSON on each line of stdin, an answer in JSON on
//! each line of stdout.
//!
//! Values travel inside of these lines as texts in Celery's typed JSON, so that every type is told
//! apart.

mod request;
mod typed_json;

use std::io::Write as _;

use celeriac::ResultError;
use celeriac::prelude::*;
use celeriac::protocol::Signature;
use futures_util::{TryStreamExt as _, stream};
use serde_json::Value as Json;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use request::Request;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = App::new("interop-client").client().await?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let answer = match answer(&client, serde_json::from_str(&line)?).await {
            Ok(answer) => answer,
            Err(error) => describe(&error),
        };
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "{answer}")?;
        stdout.flush()?;
    }
    client.close().await;
    Ok(())
}

async fn answer(client: &Client, request: Request) -> anyhow::Result<Json> {
    let result = |id: &str| client.result::<Value>(id);
    Ok(match request {
        Request::Send { calls } => {
            let calls = calls
                .into_iter()
                .map(request::Call::signature)
                .collect::<anyhow::Result<Vec<_>>>()?;
            let sent: Vec<AsyncResult> = client.send_all(stream::iter(calls)).try_collect().await?;
            json!({"ids": sent.iter().map(AsyncResult::id).collect::<Vec<_>>()})
        }
        Request::Canvas { signature } => {
            let signature = Signature::from_value(typed_json::read_value(&signature)?)?;
            let result = client.send(signature).await?;
            json!({"ids": result.tree().map(celeriac::ResultTree::ids)})
        }
        Request::Get { id, timeout } => value(result(&id).get(seconds(timeout)).await?)?,
        Request::Join { ids, timeout } => value(Value::List(
            client.results(ids).join(seconds(timeout)).await?,
        ))?,
        Request::Info { id } => value(result(&id).info().await?)?,
        Request::State { id } => json!({"state": result(&id).state().await?.as_str()}),
        Request::Forget { id } => {
            result(&id).forget().await?;
            json!({})
        }
    })
}

fn seconds(timeout: f64) -> Duration {
    Duration::from_secs_f64(timeout)
}

fn value(value: Value) -> anyhow::Result<Json> {
    Ok(json!({"value": typed_json::write(value)?}))
}

fn describe(error: &anyhow::Error) -> Json {
    let failure = error.downcast_ref::<ResultError>();
    json!({
        "error": format!("{error:#}"),
        "exc_type": failure.and_then(ResultError::exc_type),
        "exc_module": failure.and_then(ResultError::exc_module),
        "message": failure.and_then(ResultError::message),
        "traceback": failure.and_then(ResultError::traceback),
    })
}
