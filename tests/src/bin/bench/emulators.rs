use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use crate::contender::root;

/// Emulators of the benchmark's own: fauxqs for SQS where Node.js is (it is the faster), ministack for the rest.
pub(crate) struct Emulators {
    ministack: Server,
    fauxqs: Option<Server>,
}

struct Server {
    address: String,
    _process: Child,
}

impl Emulators {
    pub(crate) async fn start() -> Result<Self> {
        let mut ministack = Command::new(root().join("localstack/ministack"));
        ministack.env("LOG_LEVEL", "WARNING");
        let ministack = Server::start("ministack", ministack).await?;
        let fauxqs = if root().join(".node/node_modules/fauxqs").exists() {
            let mut node = Command::new("node");
            node.arg(root().join("localstack/fauxqs.mjs"));
            Some(Server::start("fauxqs", node).await?)
        } else {
            None
        };
        Ok(Self { ministack, fauxqs })
    }

    /// `host:port` of SQS.
    pub(crate) fn sqs(&self) -> &str {
        self.fauxqs
            .as_ref()
            .map_or(&self.ministack.address, |fauxqs| &fauxqs.address)
    }

    /// `host:port` of DynamoDB.
    pub(crate) fn dynamodb(&self) -> &str {
        &self.ministack.address
    }

    pub(crate) fn sqs_name(&self) -> &'static str {
        if self.fauxqs.is_some() {
            "fauxqs"
        } else {
            "ministack"
        }
    }

    pub(crate) fn dynamodb_name() -> &'static str {
        "ministack"
    }
}

impl Server {
    /// Runs `command` with a free port as its last argument, and returns when it accepts connections.
    async fn start(name: &str, mut command: Command) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
        let address = format!("127.0.0.1:{port}");
        let mut process = command
            .arg(port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {name}: run ./test once, which installs it"))?;
        let started = Instant::now();
        while TcpStream::connect(&address).await.is_err() {
            if let Some(status) = process.try_wait()? {
                bail!("{name} ended with {status}");
            }
            if started.elapsed() > Duration::from_mins(1) {
                bail!("{name} does not listen on {address}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(Self {
            address,
            _process: process,
        })
    }
}
