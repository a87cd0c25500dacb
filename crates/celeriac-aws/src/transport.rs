//! Requests that go to a counterpart in the same process instead of the network.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::DateTime;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::date_time::Format;
use celeriac_protocol::UtcTime;

/// Where the requests of an adapter go: a simulation's services, say. Clients, retries and limits
/// are those of the network.
#[async_trait]
pub trait Transport: Debug + Send + Sync + 'static {
    /// Answers a request. `target` is `X-Amz-Target`. A call that takes longer than the
    /// client's patience is dropped.
    ///
    /// # Errors
    /// What became of the connection.
    async fn call(&self, target: &str, body: &[u8]) -> Result<Answer, ConnectionLost>;
}

/// What a service answers.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON.
    pub body: String,
    /// Its time, of which `Date` has the seconds.
    pub date: UtcTime,
}

/// The connection broke before the answer came; the request may have had its effect.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the connection was lost")]
pub struct ConnectionLost;

/// A transport in the SDK's terms.
#[derive(Clone, Debug)]
pub(crate) struct TransportClient(pub(crate) Arc<dyn Transport>);

#[derive(Debug)]
struct Connector {
    transport: Arc<dyn Transport>,
    patience: Option<Duration>,
}

impl HttpClient for TransportClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector {
            transport: Arc::clone(&self.0),
            patience: settings.read_timeout(),
        })
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (transport, patience) = (Arc::clone(&self.transport), self.patience);
        HttpConnectorFuture::new(async move {
            let target = request.headers().get("x-amz-target").unwrap_or_default();
            let body = request.body().bytes().unwrap_or_default();
            let call = transport.call(target, body);
            let answer = match patience {
                Some(patience) => tokio::time::timeout(patience, call)
                    .await
                    .map_err(|late| ConnectorError::timeout(late.into()))?,
                None => call.await,
            };
            let Answer { status, body, date } =
                answer.map_err(|lost| ConnectorError::io(lost.into()))?;
            let date = DateTime::from_secs(date.0.div_euclid(1_000_000));
            let date = date
                .fmt(Format::HttpDate)
                .map_err(|error| ConnectorError::other(error.into(), None))?;
            let status = StatusCode::try_from(status)
                .map_err(|error| ConnectorError::other(error.into(), None))?;
            let mut response = HttpResponse::new(status, SdkBody::from(body));
            let headers = response.headers_mut();
            headers.insert("content-type", "application/x-amz-json-1.0");
            headers.insert("date", date);
            Ok(response)
        })
    }
}
