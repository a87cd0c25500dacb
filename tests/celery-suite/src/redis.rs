use std::env;

use celeriac::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The scratch pad of some tests, which look there for what their tasks have done.
pub(crate) struct Redis {
    address: String,
}

impl Redis {
    /// At `REDIS_HOST` and `REDIS_PORT`, as the suite's own tasks find it.
    pub(crate) fn of_environment() -> Self {
        let host = env::var("REDIS_HOST").unwrap_or_else(|_| "localhost".to_owned());
        let port = env::var("REDIS_PORT").unwrap_or_else(|_| "6379".to_owned());
        Self {
            address: format!("{host}:{port}"),
        }
    }

    /// Appends to a list.
    pub(crate) async fn push(&self, key: &str, value: &str) -> TaskResult {
        self.command(&["RPUSH", key, value]).await
    }

    /// Adds one to a number.
    pub(crate) async fn increment(&self, key: &str) -> TaskResult {
        self.command(&["INCR", key]).await
    }

    /// One command, whose answer is one line.
    async fn command(&self, words: &[&str]) -> TaskResult {
        let mut connection = TcpStream::connect(&self.address).await?;
        let each = words
            .iter()
            .map(|word| format!("${}\r\n{word}\r\n", word.len()));
        let request = format!("*{}\r\n{}", words.len(), each.collect::<String>());
        connection.write_all(request.as_bytes()).await?;
        let mut answer = [0; 256];
        let length = connection.read(&mut answer).await?;
        match answer[..length].first() {
            Some(b':' | b'+') => Ok(()),
            _ => Err(TaskError::failure(
                "ConnectionError",
                String::from_utf8_lossy(&answer[..length]),
            )),
        }
    }
}
