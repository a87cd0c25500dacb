//! `/healthz`.

use std::time::Duration;

use celeriac_worker::WorkerError;

use crate::life::{counting, fill};
use crate::support::{Runs, until};

#[tokio::test]
async fn health_is_told() {
    let app = counting(&Runs::default(), Duration::from_millis(600)).app();
    let port = free_port();
    let running =
        app.start_with(|options| options.health_address = Some(format!("127.0.0.1:{port}")));
    until("it answers", || async {
        tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .is_ok()
    })
    .await;
    fill(&app, 1).await;
    until("one runs", || async {
        get(port, "/healthz").await.contains("\"running\":1")
    })
    .await;
    let answer = get(port, "/healthz").await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("\"phase\":\"running\""),
        "{answer}"
    );
    assert!(get(port, "/other").await.starts_with("HTTP/1.1 404"));
    running.shutdown.drain();
    until("it drains", || async {
        get(port, "/healthz").await.starts_with("HTTP/1.1 503")
    })
    .await;
    running.handle.await.expect("no panic").expect("a good end");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let error = app
        .start_with(|options| options.health_address = Some(address))
        .handle
        .await
        .expect("no panic")
        .expect_err("taken");
    assert!(matches!(error, WorkerError::Health { .. }), "{error}");
}

/// Who holds connections open keeps nobody from an answer.
#[tokio::test]
async fn idle_connections_do_not_crowd_out_a_check() {
    let app = counting(&Runs::default(), Duration::ZERO).app();
    let port = free_port();
    let running =
        app.start_with(|options| options.health_address = Some(format!("127.0.0.1:{port}")));
    let connect = || tokio::net::TcpStream::connect(("127.0.0.1", port));
    until("it answers", || async { connect().await.is_ok() }).await;
    let mut idle = Vec::new();
    for _ in 0..200 {
        idle.push(connect().await.expect("a connection"));
    }
    let answer = get(port, "/healthz").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let mut oldest = idle.remove(0);
    let closed = tokio::time::timeout(Duration::from_secs(1), async {
        let mut byte = [0];
        tokio::io::AsyncReadExt::read(&mut oldest, &mut byte).await
    });
    let closed = closed.await.expect("before its own time is over");
    assert!(matches!(closed, Ok(0) | Err(_)), "{closed:?}");
    running.stop().await;
}

#[tokio::test]
async fn other_requests_are_refused() {
    let app = counting(&Runs::default(), Duration::ZERO).app();
    let port = free_port();
    let running =
        app.start_with(|options| options.health_address = Some(format!("127.0.0.1:{port}")));
    until("it answers", || async {
        tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .is_ok()
    })
    .await;
    let head = ask(port, "HEAD /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"));
    let refused = ask(port, "POST /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(refused.starts_with("HTTP/1.1 405"), "{refused}");
    let long = format!(
        "GET /healthz HTTP/1.1\r\nx: {}\r\n\r\n",
        "x".repeat(9 << 10)
    );
    let refused = ask(port, &long).await;
    assert!(!refused.contains("200 OK"), "{refused}");
    assert!(get(port, "/healthz?x=1").await.starts_with("HTTP/1.1 200"));
    running.stop().await;
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port")
        .port()
}

async fn get(port: u16, path: &str) -> String {
    ask(port, &format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")).await
}

async fn ask(port: u16, request: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .expect("connected");
    let _ = stream.write_all(request.as_bytes()).await; // refused before it is read, perhaps
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    answer
}
