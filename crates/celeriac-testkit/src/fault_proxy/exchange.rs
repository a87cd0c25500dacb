use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, HeaderValue};
use hyper::http::{request, response};
use hyper::{Request, Response, StatusCode, Uri};
use serde_json::json;
use thiserror::Error;

use super::call::Call;
use super::operation::operation;
use super::proxy::Shared;
use super::rule::Fault;
use super::withheld::{EntryError, Withheld};
use crate::aws_limits::{AwsRequest, Refusal, Verdict};

/// Why a connection closes without an answer.
#[derive(Debug, Error)]
pub(super) enum Broken {
    #[error("a rule drops the answer")]
    ByRule,
    #[error("the emulator gives no answer")]
    Upstream(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// One request through the proxy.
pub(super) async fn exchange(
    shared: &Shared,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, Broken> {
    let name = operation(
        request.method(),
        request.headers(),
        request.uri(),
        request.body(),
    );
    shared.count(&name);
    shared.record(Call::of_request(&name, request.uri(), request.body()));
    let mut drop_response = false;
    for fault in shared.faults(&name) {
        match fault {
            Fault::DropRequest => return Err(Broken::ByRule),
            Fault::DropResponse => drop_response = true,
            Fault::Delay(delay) => tokio::time::sleep(delay).await,
            Fault::Answer { status, code } => return Ok(refusal(status, &code)),
            Fault::RefuseEntries { code } => {
                let error = |_| Some(EntryError::by_rule(&code));
                return without(shared, request, error).await;
            }
            Fault::WithholdStatement { .. } => {}
        }
    }
    let answer = match limits(shared, &name, &request) {
        Verdict::Refuse(refusal) => Ok(refused(&refusal)),
        Verdict::RefuseEntries(entries) => {
            without(shared, request, |place| {
                let refusal = entries[place].as_ref()?;
                Some(EntryError::new(refusal.code, &refusal.message))
            })
            .await
        }
        Verdict::Pass if name == "BatchExecuteStatement" => {
            let fault = |_| Some(EntryError::by_rule(&shared.statement_fault()?));
            without(shared, request, fault).await
        }
        Verdict::Pass => forward(shared, request).await,
    };
    let answer = answer.map(|answer| shortened(shared, &name, answer));
    if drop_response {
        Err(Broken::ByRule)
    } else {
        answer
    }
}

/// What AWS would have answered.
fn shortened(shared: &Shared, operation: &str, answer: Response<Bytes>) -> Response<Bytes> {
    if !answer.status().is_success() {
        return answer;
    }
    match shared.limits.after(operation, answer.body()) {
        Some(less) => with_body(answer, less.to_string().into()),
        None => answer,
    }
}

fn with_body(answer: Response<Bytes>, body: Bytes) -> Response<Bytes> {
    let (mut head, _) = answer.into_parts();
    head.headers.remove("x-amz-crc32"); // of what the emulator said
    head.headers.remove("content-length");
    Response::from_parts(head, body)
}

/// Forwards what is left of a batch, and puts the errors of what was taken out into the answer.
async fn without(
    shared: &Shared,
    request: Request<Bytes>,
    error: impl FnMut(usize) -> Option<EntryError>,
) -> Result<Response<Bytes>, Broken> {
    let Some(withheld) = Withheld::from_request(request.body(), error) else {
        return forward(shared, request).await;
    };
    let answer = match withheld.request.clone() {
        Some(left) => forward(shared, request.map(|_| Bytes::from(left))).await?,
        None => json_response(Bytes::new()),
    };
    let body = withheld.answer(answer.body()).into();
    Ok(with_body(answer, body))
}

fn limits(shared: &Shared, operation: &str, request: &Request<Bytes>) -> Verdict {
    let verdict = shared.limits.before(&AwsRequest {
        operation,
        method: request.method(),
        uri: request.uri(),
        body: request.body(),
    });
    if verdict != Verdict::Pass {
        tracing::debug!(?verdict, operation, "AWS would refuse it");
    }
    verdict
}

fn refused(refusal: &Refusal) -> Response<Bytes> {
    let mut response = json_response(
        json!({"__type": refusal.code, "message": refusal.message})
            .to_string()
            .into(),
    );
    *response.status_mut() = StatusCode::BAD_REQUEST;
    // what SQS's clients read, and EventBridge Scheduler's
    let code = HeaderValue::from_static(refusal.code);
    let headers = response.headers_mut();
    headers.insert("x-amzn-errortype", code);
    let queried = format!("{};Sender", refusal.code);
    if let Ok(queried) = HeaderValue::from_str(&queried) {
        headers.insert("x-amzn-query-error", queried);
    }
    response
}

async fn forward(shared: &Shared, request: Request<Bytes>) -> Result<Response<Bytes>, Broken> {
    let (head, body) = request.into_parts();
    let body = replaced(&body, &shared.authority, &shared.upstream);
    let request = Request::from_parts(redirected(head, &shared.upstream)?, Full::new(body));
    let answer = shared
        .client
        .request(request)
        .await
        .map_err(|error| Broken::Upstream(error.into()))?;
    let (mut head, body): (response::Parts, _) = answer.into_parts();
    let body = body
        .collect()
        .await
        .map_err(|error| Broken::Upstream(error.into()))?
        .to_bytes();
    let rewritten = replaced(&body, &shared.upstream, &shared.authority);
    if rewritten != body {
        head.headers.remove("x-amz-crc32");
    }
    Ok(Response::from_parts(head, rewritten))
}

fn redirected(mut head: request::Parts, upstream: &str) -> Result<request::Parts, Broken> {
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    head.uri = format!("http://{upstream}{path}")
        .parse::<Uri>()
        .map_err(|error| Broken::Upstream(error.into()))?;
    for ours in [CONTENT_LENGTH, CONNECTION, EXPECT] {
        head.headers.remove(ours);
    }
    head.headers.insert(
        HOST,
        HeaderValue::from_str(upstream).map_err(|error| Broken::Upstream(error.into()))?,
    );
    Ok(head)
}

fn refusal(status: u16, code: &str) -> Response<Bytes> {
    let mut response = json_response(
        format!(r#"{{"__type":"{code}","message":"made by the fault proxy"}}"#).into(),
    );
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

fn json_response(body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-amz-json-1.0"),
    );
    response
}

/// Queue URLs name their server, and clients go where they point: each side must read its own.
fn replaced(body: &Bytes, from: &str, to: &str) -> Bytes {
    match std::str::from_utf8(body) {
        Ok(text) if text.contains(from) => text.replace(from, to).into(),
        _ => body.clone(),
    }
}
