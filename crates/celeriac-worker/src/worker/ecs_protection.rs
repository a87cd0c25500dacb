use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::CONTENT_TYPE;
use hyper::http::uri::Scheme;
use hyper::{Request, StatusCode};
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

use super::running_worker::RunningWorker;

/// Set by the ECS agent in every task
/// (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html>).
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
pub(crate) async fn protect(worker: Arc<RunningWorker>) {
    let Ok(agent) = std::env::var(AGENT) else {
        return;
    };
    let mut protected: Option<Instant> = None;
    let mut busy_at: Option<Instant> = None;
    loop {
        let now = Instant::now();
        if worker.keeper.len() > 0 {
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
                    tracing::warn!("scale-in protection could not be set: {reason}");
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
    let path = "task-protection/v1/state";
    let request = Request::put(format!("{}/{path}", agent.trim_end_matches('/')))
        .header(CONTENT_TYPE, "application/json")
        .body(Full::from(body.to_string()))
        .ok()
        .filter(|request| request.uri().scheme() == Some(&Scheme::HTTP))
        .ok_or_else(|| format!("`{agent}` is no http URL"))?;
    match timeout(PATIENCE, send(request)).await {
        Ok(Ok(StatusCode::OK)) => Ok(()),
        Ok(Ok(status)) => Err(format!("the agent answered: {status}")),
        Ok(Err(error)) => Err(format!("{agent}: {}", cause(&error))),
        Err(_) => Err(format!("{agent} does not answer")),
    }
}

/// The agent speaks plain HTTP, on a link-local address. Nothing is kept open: it is asked rarely.
async fn send(request: Request<Full<Bytes>>) -> Result<StatusCode, legacy::Error> {
    let client = legacy::Client::builder(TokioExecutor::new())
        .pool_max_idle_per_host(0)
        .build_http();
    Ok(client.request(request).await?.status())
}

/// What it comes from: the errors of the client themselves say little.
fn cause(mut error: &dyn Error) -> String {
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// What `set` says of an agent that answers with `status`, and what it was asked.
    async fn asked(path: &str, status: &str) -> (Result<(), String>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\n{{}}");
        let agent = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a request");
            let mut request = Vec::new();
            while !request.ends_with(b"}") {
                assert!(stream.read_buf(&mut request).await.expect("a request") > 0);
            }
            stream.write_all(answer.as_bytes()).await.expect("answered");
            String::from_utf8(request).expect("text")
        });
        let result = set(&format!("http://{address}{path}"), true).await;
        (result, agent.await.expect("no panic"))
    }

    #[tokio::test]
    async fn the_agent_is_told() {
        for path in ["", "/", "/api/7f", "/api/7f/"] {
            let (result, request) = asked(path, "200 OK").await;
            let target = format!("{}/task-protection/v1/state", path.trim_end_matches('/'));
            assert_eq!(result, Ok(()));
            assert!(request.starts_with(&format!("PUT {target} HTTP/1.1\r\n")));
            assert!(request.ends_with(r#"{"ExpiresInMinutes":60,"ProtectionEnabled":true}"#));
        }
    }

    #[tokio::test]
    async fn what_goes_wrong_is_said() {
        let (result, _) = asked("", "400 Bad Request").await;
        assert_eq!(
            result,
            Err("the agent answered: 400 Bad Request".to_owned())
        );
        for agent in ["https://169.254.170.2/api", "169.254.170.2", "not a URL"] {
            let refused = set(agent, true).await;
            assert_eq!(refused, Err(format!("`{agent}` is no http URL")));
        }
        let gone = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let agent = format!("http://{}", gone.local_addr().expect("an address"));
        drop(gone);
        let reason = set(&agent, true).await.expect_err("nobody listens");
        assert!(reason.contains("refused"), "{reason}");
    }
}
