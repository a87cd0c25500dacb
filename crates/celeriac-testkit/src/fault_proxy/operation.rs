use hyper::header::HeaderMap;
use hyper::{Method, Uri};

use crate::scheduler_model::SchedulerModel;

/// AWS's name of the operation: of the JSON protocols' `X-Amz-Target`, of EventBridge Scheduler's
/// method and path, or of the query protocol's `Action`.
pub(super) fn operation(method: &Method, headers: &HeaderMap, uri: &Uri, body: &[u8]) -> String {
    let target = headers
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok());
    if let Some(name) = target.and_then(|target| target.rsplit('.').next()) {
        return name.to_owned();
    }
    if let Some(name) = SchedulerModel::shared().operation(method.as_str(), uri.path()) {
        return name.to_owned();
    }
    let form = std::str::from_utf8(body).unwrap_or_default();
    let action = |text: &str| {
        text.split('&')
            .find_map(|pair| pair.strip_prefix("Action="))
            .map(str::to_owned)
    };
    action(uri.query().unwrap_or_default())
        .or_else(|| action(form))
        .unwrap_or_else(|| "Other".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_protocols_are_understood() {
        let plain: Uri = "/".parse().expect("a path");
        let mut headers = HeaderMap::new();
        assert_eq!(
            operation(
                &Method::POST,
                &headers,
                &plain,
                b"QueueUrl=x&Action=SendMessage&Version=1"
            ),
            "SendMessage"
        );
        assert_eq!(
            operation(
                &Method::POST,
                &headers,
                &"/q?Action=ReceiveMessage".parse().expect("a path"),
                b""
            ),
            "ReceiveMessage"
        );
        assert_eq!(operation(&Method::POST, &headers, &plain, b"\xff"), "Other");
        let schedule: Uri = "/schedules/a?groupName=b".parse().expect("a path");
        assert_eq!(
            operation(&Method::DELETE, &headers, &schedule, b""),
            "DeleteSchedule"
        );
        headers.insert(
            "x-amz-target",
            "DynamoDB_20120810.PutItem".parse().expect("a header"),
        );
        assert_eq!(operation(&Method::POST, &headers, &plain, b""), "PutItem");
    }
}
