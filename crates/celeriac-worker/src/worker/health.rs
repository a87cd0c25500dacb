use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::WorkerError;
use super::phase::Phase;
use super::station::Station;

/// A request's head may be this long.
const MAX_HEAD: usize = 8 << 10;
/// A client has this long to say what it wants.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) async fn listen(address: &str) -> Result<TcpListener, WorkerError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| WorkerError::Health {
            address: address.to_owned(),
            source,
        })
}

/// Answers `GET /healthz`: 200 while the worker works, 503 while it ends or a queue does not answer. For ever.
pub(crate) async fn serve(listener: TcpListener, station: Arc<Station>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let station = Arc::clone(&station);
                tokio::spawn(async move {
                    let _ = timeout(PATIENCE, answer(stream, &station)).await; // a client that goes away is no matter
                });
            }
            Err(error) => {
                tracing::warn!("/healthz: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await; // out of file descriptors, perhaps
            }
        }
    }
}

async fn answer(mut stream: TcpStream, station: &Station) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < MAX_HEAD {
        if stream.read_buf(&mut head).await? == 0 {
            break;
        }
    }
    let line = String::from_utf8_lossy(&head);
    let mut words = line.split_whitespace();
    let (status, body) = match (
        words.next(),
        words
            .next()
            .map(|target| target.split('?').next().unwrap_or(target)),
    ) {
        (Some("GET" | "HEAD"), Some("/healthz")) => health(station),
        (Some("GET" | "HEAD"), Some(_)) => {
            ("404 Not Found", json!({ "error": "only /healthz is here" }))
        }
        _ => ("405 Method Not Allowed", json!({ "error": "only GET" })),
    };
    let body = if line.starts_with("HEAD") {
        String::new()
    } else {
        body.to_string()
    };
    let length = body.len();
    let response = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    stream.write_all(response.as_bytes()).await?;
    stream.shutdown().await
}

fn health(station: &Station) -> (&'static str, Value) {
    let options = &station.options;
    let late = options.wait + options.stuck_after;
    let queues: Vec<Value> = station
        .lanes
        .iter()
        .map(|lane| {
            json!({
                "queue": lane.queue,
                "receiving": lane.receiving(),
                "last_answer_seconds_ago": lane.silence().as_secs(),
                "failures": lane.failures(),
                "restarts": lane.restarts(),
            })
        })
        .collect();
    // a receiver without room is silent too, and well
    let deaf = station
        .lanes
        .iter()
        .any(|lane| lane.silence() > late && (lane.receiving() > 0 || lane.failures() > 0));
    let phase = station.phase.get();
    let report = station.counters.report();
    let body = json!({
        "phase": phase.name(),
        "healthy": phase == Phase::Running && !deaf,
        "running": station.lives.len(),
        "waiting": station.prefetch().waiting(),
        "held": station.keeper.len(),
        "stuck": station.stuck.count(),
        "succeeded": report.succeeded,
        "failed": report.failed,
        "retried": report.retried,
        "released": report.released,
        "dead_lettered": report.dead_lettered,
        "queues": queues,
    });
    let status = if phase == Phase::Running && !deaf {
        "200 OK"
    } else {
        "503 Service Unavailable"
    };
    (status, body)
}
