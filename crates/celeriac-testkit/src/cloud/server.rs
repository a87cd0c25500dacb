use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::body::Bytes;
use hyper::{Request, Response};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use super::{Cloud, CloudCall, sqs};
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
    let mut answer = cloud.call(call).await;
    if let ("CreateQueue" | "GetQueueUrl" | "ListQueues", Some(host)) =
        (operation(call.target), header("host"))
    {
        // some clients send to the queue's own URL
        let here = format!("http://{host}");
        answer.body = answer.body.replace(sqs::ENDPOINT, &here);
    }
    Response::builder()
        .status(answer.status)
        .header("content-type", "application/x-amz-json-1.0")
        .body(Bytes::from(answer.body))
        .map_err(io::Error::other)
}

fn operation(target: &str) -> &str {
    target.rsplit('.').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use celeriac_protocol::UtcTime;

    use super::*;

    #[tokio::test]
    async fn a_queue_has_a_url_of_its_server() {
        let request = Request::builder()
            .header("host", "127.0.0.1:7")
            .header("x-amz-target", "AmazonSQS.CreateQueue")
            .body(Bytes::from_static(br#"{"QueueName": "tasks"}"#))
            .expect("a request");
        let cloud = Arc::new(Cloud::calm(UtcTime(0)));
        let answer = super::answer(cloud, request).await.expect("an answer");
        let url = r#"{"QueueUrl":"http://127.0.0.1:7/000000000000/tasks"}"#;
        assert_eq!(answer.body(), url);
    }
}
