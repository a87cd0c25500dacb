use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use celeriac_core::{Clock, SystemClock};
use celeriac_testkit::cloud::{Cloud, CloudServer};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use crate::contender::root;

/// What stands in for AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Services {
    /// The simulator's SQS and DynamoDB, in memory: faster than any worker here.
    Memory,
    /// fauxqs for SQS where Node.js is (it is the faster), ministack for the rest.
    Emulators,
}

/// SQS and DynamoDB in processes of the benchmark's own, until dropped.
pub(crate) struct Emulators {
    sqs: Server,
    dynamodb: Option<Server>,
}

struct Server {
    name: &'static str,
    address: String,
    _process: Child,
}

impl Emulators {
    pub(crate) async fn start(services: Services) -> Result<Self> {
        if services == Services::Memory {
            return Ok(Self {
                sqs: Server::in_memory().await?,
                dynamodb: None,
            });
        }
        let mut ministack = Command::new(root().join("localstack/ministack"));
        ministack.env("LOG_LEVEL", "WARNING");
        let ministack = Server::start("ministack", ministack).await?;
        if !root().join(".node/node_modules/fauxqs").exists() {
            return Ok(Self {
                sqs: ministack,
                dynamodb: None,
            });
        }
        let mut node = Command::new("node");
        node.arg(root().join("localstack/fauxqs.mjs"));
        Ok(Self {
            sqs: Server::start("fauxqs", node).await?,
            dynamodb: Some(ministack),
        })
    }

    /// `host:port` of SQS.
    pub(crate) fn sqs(&self) -> &str {
        &self.sqs.address
    }

    /// `host:port` of DynamoDB.
    pub(crate) fn dynamodb(&self) -> &str {
        &self.dynamodb.as_ref().unwrap_or(&self.sqs).address
    }

    pub(crate) fn sqs_name(&self) -> &'static str {
        self.sqs.name
    }

    pub(crate) fn dynamodb_name(&self) -> &'static str {
        self.dynamodb.as_ref().unwrap_or(&self.sqs).name
    }
}

impl Server {
    /// This program again, as [`serve_memory`].
    async fn in_memory() -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .env("CELERIAC_TEST_ROLE", "services")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let printed = process.stdout.take().context("it prints its address")?;
        let mut address = String::new();
        BufReader::new(printed).read_line(&mut address).await?;
        Ok(Self {
            name: "in memory",
            address: address.trim().to_owned(),
            _process: process,
        })
    }

    /// Runs `command` with a free port as its last argument, and returns when it accepts
    /// connections.
    async fn start(name: &'static str, mut command: Command) -> Result<Self> {
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
            name,
            address,
            _process: process,
        })
    }
}

/// SQS and DynamoDB in the memory of this process: prints `host:port` and serves until its input
/// ends, as it does with the benchmark that started it.
pub(crate) async fn serve_memory() -> Result<()> {
    let cloud = Arc::new(Cloud::calm(SystemClock.now()));
    let server = CloudServer::start(cloud).await?;
    println!("{}", server.url().trim_start_matches("http://"));
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    Ok(())
}
