use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::body::Bytes;
use hyper::{Request, Response};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use super::{Cloud, CloudCall};
use crate::http_server;

/// A [`Cloud`] behind HTTP on 127.0.0.1, until dropped.
pub struct CloudServer {
    address: SocketAddr,
    _serving: AbortOnDropHandle<()>,
}

impl CloudServer {
    /// Serves on a free port.
    ///
    /// # Errors
    /// If no port can be had.
    pub async fn start(cloud: Arc<Cloud>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let cloud = Arc::clone(&cloud);
                tokio::spawn(http_server::serve(stream, move |request| {
                    answer(Arc::clone(&cloud), request)
                }));
            }
        });
        Ok(Self {
            address,
            _serving: AbortOnDropHandle::new(serving),
        })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn answer(cloud: Arc<Cloud>, request: Request<Bytes>) -> io::Result<Response<Bytes>> {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let call = CloudCall {
        by: "http",
        target: header("x-amz-target").unwrap_or_default(),
        body: request.body(),
    };
    let answer = cloud.call(call).await;
    Response::builder()
        .status(answer.status)
        .header("content-type", "application/x-amz-json-1.0")
        .body(Bytes::from(answer.body))
        .map_err(io::Error::other)
}
