use std::io::{Read, Write};
use std::net::TcpStream;

use anyhow::{Context, Result, ensure};

/// An answer's head is found in its first bytes, and most answers need one read.
const READ: usize = 64 << 10;

/// One connection that asks SQS and DynamoDB without an SDK, on a thread of its own: what is
/// measured with it is the services.
pub(crate) struct RawClient {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
}

/// A request as it is sent.
pub(crate) struct RawRequest(pub(crate) Vec<u8>);

impl RawRequest {
    /// Of `target`, such as `AmazonSQS.ReceiveMessage`.
    pub(crate) fn new(address: &str, target: &str, body: &str) -> Self {
        let length = body.len();
        let request = format!(
            "POST / HTTP/1.1\r\nhost: {address}\r\nx-amz-target: {target}\r\n\
             content-type: application/x-amz-json-1.0\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        Self(request.into_bytes())
    }
}

impl RawClient {
    pub(crate) fn connect(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; READ],
            filled: 0,
        })
    }

    /// The body of the answer.
    pub(crate) fn call(&mut self, request: &RawRequest) -> Result<&str> {
        self.stream.write_all(&request.0)?;
        self.filled = 0;
        let head = loop {
            self.read()?;
            let filled = &self.buffer[..self.filled];
            let end = filled.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                break end + 4;
            }
        };
        let end = head + length(&self.buffer[..head])?;
        if self.buffer.len() < end {
            self.buffer.resize(end, 0);
        }
        while self.filled < end {
            self.read()?;
        }
        let answer = std::str::from_utf8(&self.buffer[head..end])?;
        ensure!(self.buffer.starts_with(b"HTTP/1.1 200"), "{answer}");
        Ok(answer)
    }

    fn read(&mut self) -> Result<()> {
        let read = self.stream.read(&mut self.buffer[self.filled..])?;
        ensure!(read > 0, "the connection ended");
        self.filled += read;
        Ok(())
    }
}

fn length(head: &[u8]) -> Result<usize> {
    let head = std::str::from_utf8(head)?;
    let length = head.split("content-length: ").nth(1);
    let digits = length.and_then(|rest| rest.split("\r\n").next());
    Ok(digits.context("an answer without a length")?.parse()?)
}
