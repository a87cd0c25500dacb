use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::station::Station;

/// Set by the ECS agent in every task (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html>).
const AGENT: &str = "ECS_AGENT_URI";
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A worker that has had nothing to do for this long may go.
const IDLE: Duration = Duration::from_secs(15);
/// Protection ends by itself after this, if the worker hangs.
const EXPIRES: Duration = Duration::from_hours(1);
/// The agent is asked again after a failure.
const PAUSE: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(5);

/// Protects this ECS task from scale-in while messages are held. Outside of ECS, does nothing.
pub(crate) async fn protect(station: Arc<Station>) {
    let Ok(agent) = std::env::var(AGENT) else {
        return;
    };
    let mut protected: Option<Instant> = None;
    let mut busy_at: Option<Instant> = None;
    loop {
        let now = Instant::now();
        if station.keeper.len() > 0 {
            busy_at = Some(now);
        }
        let busy = busy_at.is_some_and(|at| now - at < IDLE);
        let fresh = protected.is_some_and(|at| now - at < EXPIRES / 2);
        let wanted = match (busy, protected) {
            (true, _) if !fresh => Some(true),
            (false, Some(_)) => Some(false),
            _ => None,
        };
        if let Some(on) = wanted {
            match set(&agent, on).await {
                Ok(()) => {
                    tracing::debug!(on, "scale-in protection");
                    protected = on.then_some(now);
                }
                Err(reason) => {
                    tracing::warn!("scale-in protection cannot be set: {reason}");
                    sleep(PAUSE).await;
                }
            }
        }
        sleep(LOOK_EVERY).await;
    }
}

async fn set(agent: &str, on: bool) -> Result<(), String> {
    let mut body = json!({ "ProtectionEnabled": on });
    if on {
        body["ExpiresInMinutes"] = json!(EXPIRES.as_secs() / 60);
    }
    let body = body.to_string();
    match timeout(PATIENCE, put(agent, "/task-protection/v1/state", &body)).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("{agent} does not answer")),
    }
}

/// The agent speaks plain HTTP, on a link-local address.
async fn put(base: &str, path: &str, body: &str) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{base}: {error}");
    let rest = base
        .strip_prefix("http://")
        .ok_or_else(|| format!("`{base}` is no http URL"))?;
    let (host, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = prefix.trim_end_matches('/');
    let slash = if prefix.is_empty() { "" } else { "/" };
    let address = if host.contains(':') {
        host.to_owned()
    } else {
        format!("{host}:80")
    };
    let mut stream = TcpStream::connect(&address).await.map_err(failed)?;
    let request = format!(
        "PUT {slash}{prefix}{path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.map_err(failed)?;
    let mut answer = Vec::new();
    stream
        .take(64 << 10)
        .read_to_end(&mut answer)
        .await
        .map_err(failed)?;
    let answer = String::from_utf8_lossy(&answer);
    if answer.split_whitespace().nth(1) == Some("200") {
        return Ok(());
    }
    Err(format!(
        "the agent answered: {}",
        answer.lines().next().unwrap_or("nothing")
    ))
}
