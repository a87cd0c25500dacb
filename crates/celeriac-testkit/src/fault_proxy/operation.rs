use hyper::Uri;
use hyper::header::HeaderMap;

/// AWS's name of the operation: of the JSON protocols' `X-Amz-Target`, or of the query protocol's `Action`.
pub(super) fn operation(headers: &HeaderMap, uri: &Uri, body: &[u8]) -> String {
    let target = headers
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok());
    if let Some(name) = target.and_then(|target| target.rsplit('.').next()) {
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
    fn both_protocols_are_understood() {
        let plain: Uri = "/".parse().expect("a path");
        let mut headers = HeaderMap::new();
        assert_eq!(
            operation(&headers, &plain, b"QueueUrl=x&Action=SendMessage&Version=1"),
            "SendMessage"
        );
        assert_eq!(
            operation(
                &headers,
                &"/q?Action=ReceiveMessage".parse().expect("a path"),
                b""
            ),
            "ReceiveMessage"
        );
        assert_eq!(operation(&headers, &plain, b"\xff"), "Other");
        headers.insert(
            "x-amz-target",
            "DynamoDB_20120810.PutItem".parse().expect("a header"),
        );
        assert_eq!(operation(&headers, &plain, b""), "PutItem");
    }
}
