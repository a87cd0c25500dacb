use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, HeaderValue};
use hyper::http::{request, response};
use hyper::{Request, Response, StatusCode, Uri};
use serde_json::{Value, json};
use thiserror::Error;

use super::call::Call;
use super::entries::RefusedEntries;
use super::operation::operation;
use super::proxy::Shared;
use super::rule::Fault;
use super::statements::Withheld;
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
            Fault::RefuseEntries { code } => return Ok(refused_entries(request.body(), &code)),
            Fault::WithholdStatement { .. } => {}
        }
    }
    let answer = match limits(shared, &name, &request) {
        Verdict::Refuse(refusal) => Ok(refused(&refusal)),
        Verdict::RefuseEntries(entries) => without_entries(shared, request, &entries).await,
        Verdict::Pass if name == "BatchExecuteStatement" => {
            without_statements(shared, request).await
        }
        Verdict::Pass => forward(shared, request).await,
    };
    if let Ok(answer) = &answer
        && answer.status().is_success()
    {
        shared.limits.after(&name, answer.body());
    }
    if drop_response {
        Err(Broken::ByRule)
    } else {
        answer
    }
}

/// Forwards what the rules leave of a batch, and puts their errors in the places of what they took.
async fn without_statements(
    shared: &Shared,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, Broken> {
    let Some(withheld) = Withheld::from_request(request.body(), || shared.statement_fault()) else {
        return forward(shared, request).await;
    };
    let answer = match withheld.request.clone() {
        Some(left) => forward(shared, request.map(|_| Bytes::from(left))).await?,
        None => json_response(Bytes::new()),
    };
    let (mut head, body) = answer.into_parts();
    head.headers.remove("x-amz-crc32"); // of what the emulator said
    Ok(Response::from_parts(head, withheld.answer(&body).into()))
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

/// Forwards the entries that are left of a batch, and puts the refusals into the answer.
async fn without_entries(
    shared: &Shared,
    request: Request<Bytes>,
    entries: &[Option<Refusal>],
) -> Result<Response<Bytes>, Broken> {
    let batch = RefusedEntries::new(request.body(), entries);
    let answer = match &batch.left {
        Some(left) => forward(shared, request.map(|_| Bytes::from(left.clone()))).await?,
        None => json_response(Bytes::from_static(b"{}")),
    };
    let (mut head, body) = answer.into_parts();
    head.headers.remove("x-amz-crc32"); // of what the emulator said
    Ok(Response::from_parts(head, batch.answer(&body).into()))
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

/// The answer to a batch of SQS of which no entry went through.
fn refused_entries(body: &Bytes, code: &str) -> Response<Bytes> {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let refused = |entry: &Value| {
        json!({
            "Id": entry["Id"],
            "Code": code,
            "Message": "made by the fault proxy",
            "SenderFault": true,
        })
    };
    let entries = request["Entries"].as_array();
    let failed: Vec<Value> = entries.into_iter().flatten().map(refused).collect();
    let answer = json!({"Successful": [], "Failed": failed});
    json_response(answer.to_string().into())
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
