use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One connection that asks SQS and DynamoDB without an SDK: what is measured with it is the
/// services.
pub(crate) struct RawClient {
    address: String,
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl RawClient {
    pub(crate) async fn connect(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            address: address.to_owned(),
            stream,
            buffer: Vec::new(),
        })
    }

    /// The body of the answer to `target`, such as `AmazonSQS.ReceiveMessage`.
    pub(crate) async fn call(&mut self, target: &str, body: &str) -> Result<&[u8]> {
        let request = format!(
            "POST / HTTP/1.1\r\nhost: {}\r\nx-amz-target: {target}\r\n\
             content-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        let head = loop {
            let read = self.stream.read_buf(&mut self.buffer).await?;
            ensure!(read > 0, "the connection ended");
            let end = self.buffer.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                break end + 4;
            }
        };
        let end = head + length(&self.buffer[..head])?;
        while self.buffer.len() < end {
            let read = self.stream.read_buf(&mut self.buffer).await?;
            ensure!(read > 0, "the connection ended");
        }
        let answer = &self.buffer[head..end];
        ensure!(
            self.buffer.starts_with(b"HTTP/1.1 200"),
            "{target}: {}",
            String::from_utf8_lossy(answer)
        );
        Ok(answer)
    }
}

fn length(head: &[u8]) -> Result<usize> {
    let head = std::str::from_utf8(head)?.to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1);
    let digits = length.and_then(|rest| rest.split("\r\n").next());
    Ok(digits.context("an answer without a length")?.parse()?)
}
