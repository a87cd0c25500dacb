//! The server's half of HTTP/1.1, as far as AWS clients speak it: keep-alive, bodies with a
//! `Content-Length`.

use std::error::Error;
use std::future::Future;
use std::io;

use hyper::body::Bytes;
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING,
};
use hyper::{Method, Request, Response, Uri};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MAX_HEADERS: usize = 100;
const MAX_HEAD: usize = 64 << 10;
const READ: usize = 32 << 10;

/// Serves a connection until the client leaves, or `respond` fails: then it is closed without an
/// answer.
pub(crate) async fn serve<F, R, E>(mut stream: TcpStream, respond: F)
where
    F: Fn(Request<Bytes>) -> R,
    R: Future<Output = Result<Response<Bytes>, E>>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let _ = stream.set_nodelay(true);
    let mut buffer = Vec::with_capacity(READ);
    loop {
        let outcome = match next_request(&mut stream, &mut buffer).await {
            Ok(Some(request)) => respond(request).await.map_err(io::Error::other),
            Ok(None) => return,
            Err(error) => Err(error),
        };
        let written = match outcome {
            Ok(answer) => stream.write_all(&to_bytes(&answer)).await,
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            tracing::debug!(%error, "a connection ends");
            return;
        }
    }
}

/// Reads one request; `None` at the end of the connection. What follows it stays in `buffer`.
async fn next_request(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
) -> io::Result<Option<Request<Bytes>>> {
    let (head_length, mut request) = loop {
        if let Some(parsed) = parse_head(buffer)? {
            break parsed;
        }
        if stream.read_buf(buffer).await? == 0 {
            return if buffer.is_empty() {
                Ok(None)
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            };
        }
    };
    if request.headers().contains_key(EXPECT) {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    let end = head_length + body_length(request.headers())?;
    while buffer.len() < end {
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    *request.body_mut() = Bytes::copy_from_slice(&buffer[head_length..end]);
    buffer.drain(..end);
    Ok(Some(request))
}

/// The length of the head and the request without its body, if the head is whole.
fn parse_head(buffer: &[u8]) -> io::Result<Option<(usize, Request<Bytes>)>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let length = match parsed.parse(buffer).map_err(invalid)? {
        httparse::Status::Complete(length) => length,
        httparse::Status::Partial if buffer.len() > MAX_HEAD => {
            return Err(invalid("the head is too long"));
        }
        httparse::Status::Partial => return Ok(None),
    };
    let mut request = Request::new(Bytes::new());
    *request.method_mut() = parsed
        .method
        .unwrap_or_default()
        .parse::<Method>()
        .map_err(invalid)?;
    *request.uri_mut() = parsed
        .path
        .unwrap_or_default()
        .parse::<Uri>()
        .map_err(invalid)?;
    for header in parsed.headers {
        let name: HeaderName = header.name.parse().map_err(invalid)?;
        request.headers_mut().append(
            name,
            HeaderValue::from_bytes(header.value).map_err(invalid)?,
        );
    }
    Ok(Some((length, request)))
}

fn body_length(headers: &HeaderMap) -> io::Result<usize> {
    if headers.contains_key(TRANSFER_ENCODING) {
        return Err(invalid("chunked requests are not understood"));
    }
    match headers.get(CONTENT_LENGTH) {
        None => Ok(0),
        Some(length) => length
            .to_str()
            .map_err(invalid)?
            .trim()
            .parse()
            .map_err(invalid),
    }
}

fn to_bytes(answer: &Response<Bytes>) -> Vec<u8> {
    let status = answer.status();
    let mut bytes = format!(
        "HTTP/1.1 {} {}\r\n",
        status.as_str(),
        status.canonical_reason().unwrap_or_default()
    )
    .into_bytes();
    let ours = [CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION];
    for (name, value) in answer
        .headers()
        .iter()
        .filter(|(name, _)| !ours.contains(name))
    {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", answer.body().len()).as_bytes());
    bytes.extend_from_slice(answer.body());
    bytes
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_when_they_are_whole() {
        let whole = b"POST /q HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
        assert!(parse_head(&whole[..30]).expect("so far").is_none());
        let (length, request) = parse_head(whole).expect("good").expect("whole");
        assert_eq!(
            (length, body_length(request.headers()).expect("a number")),
            (whole.len() - 3, 3)
        );
        assert_eq!(
            (request.method(), request.uri().path()),
            (&Method::POST, "/q")
        );
        assert!(parse_head(b"\0\0\r\n\r\n").is_err());
    }

    #[test]
    fn answers_carry_their_own_length() {
        let mut answer = Response::new(Bytes::from_static(b"hello"));
        answer
            .headers_mut()
            .insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        answer
            .headers_mut()
            .insert("x-a", HeaderValue::from_static("b"));
        assert_eq!(
            to_bytes(&answer),
            b"HTTP/1.1 200 OK\r\nx-a: b\r\ncontent-length: 5\r\n\r\nhello"
        );
    }
}
