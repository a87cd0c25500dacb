use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::phase::Phase;
use super::running_worker::RunningWorker;
use super::worker_error::WorkerError;

/// A request's head may be this long; the least that hyper takes.
const MAX_HEAD: usize = 8 << 10;
/// A client has this long to say what it wants.
const PATIENCE: Duration = Duration::from_secs(5);
/// Connections at once. An answer takes a millisecond: those that are open for long want none.
const MOST_CONNECTIONS: usize = 64;

pub(crate) async fn listen(address: &str) -> Result<TcpListener, WorkerError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| WorkerError::Health {
            address: address.to_owned(),
            source,
        })
}

/// Answers `GET /healthz`: 200 while the worker works, 503 while it ends or a queue does not
/// answer. For ever. Where there are too many connections, the oldest is closed.
pub(crate) async fn serve(listener: TcpListener, worker: Arc<RunningWorker>) {
    let mut open: VecDeque<AbortHandle> = VecDeque::with_capacity(MOST_CONNECTIONS);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                open.retain(|connection| !connection.is_finished());
                if open.len() == MOST_CONNECTIONS
                    && let Some(oldest) = open.pop_front()
                {
                    oldest.abort();
                }
                let worker = Arc::clone(&worker);
                let connection = tokio::spawn(async move {
                    // a client that goes away is no matter
                    let _ = timeout(PATIENCE, answer(stream, &worker)).await;
                });
                open.push_back(connection.abort_handle());
            }
            Err(error) => {
                tracing::warn!("/healthz: {error}");
                // out of file descriptors, perhaps
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn answer(stream: TcpStream, worker: &RunningWorker) -> hyper::Result<()> {
    let respond = |request: Request<Incoming>| {
        let response = response(&request, worker);
        async { response }
    };
    http1::Builder::new()
        .keep_alive(false)
        .half_close(true)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service_fn(respond))
        .await
}

fn response(
    request: &Request<Incoming>,
    worker: &RunningWorker,
) -> hyper::http::Result<Response<Full<Bytes>>> {
    let (status, body) = match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/healthz") => health(worker),
        (&Method::GET | &Method::HEAD, _) => (
            StatusCode::NOT_FOUND,
            json!({ "error": "only /healthz is here" }),
        ),
        _ => (
            StatusCode::METHOD_NOT_ALLOWED,
            json!({ "error": "only GET" }),
        ),
    };
    Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "application/json")
        .body(Full::from(body.to_string()))
}

fn health(worker: &RunningWorker) -> (StatusCode, Value) {
    let options = &worker.options;
    let late = options.wait + options.stuck_after;
    let queues: Vec<Value> = worker
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
    let deaf = worker
        .lanes
        .iter()
        .any(|lane| lane.silence() > late && (lane.receiving() > 0 || lane.failures() > 0));
    let phase = worker.phase.get();
    let report = worker.counters.report();
    let body = json!({
        "phase": phase.name(),
        "healthy": phase == Phase::Running && !deaf,
        "running": worker.deliveries.len(),
        "waiting": worker.prefetch().waiting(),
        "held": worker.keeper.len(),
        "stuck": worker.stuck.count(),
        "succeeded": report.succeeded,
        "failed": report.failed,
        "retried": report.retried,
        "released": report.released,
        "dead_lettered": report.dead_lettered,
        "queues": queues,
    });
    let status = if phase == Phase::Running && !deaf {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, body)
}
