use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use celeriac::commands::CommandError;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::dev_program::terminate;

/// LocalStack's and ministack's.
const USUAL_PORT: u16 = 4566;
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// Where a developed app's messages and results are.
pub(crate) enum Emulator {
    /// One that was there.
    Found(String),
    /// A ministack that ends with us.
    Started(String, Box<tokio::sync::Mutex<Child>>),
    /// No emulator.
    Sqlite,
}

impl Emulator {
    /// `auto`, `none`, or an address.
    pub(crate) async fn choose(wanted: &str) -> Result<Self, CommandError> {
        match wanted {
            "none" => Ok(Self::Sqlite),
            "auto" if answers(&format!("127.0.0.1:{USUAL_PORT}")).await => {
                Ok(Self::Found(format!("127.0.0.1:{USUAL_PORT}")))
            }
            "auto" => match ministack() {
                Some(program) => Self::start(program).await,
                None => Ok(Self::Sqlite),
            },
            url => {
                let host = url
                    .strip_prefix("http://")
                    .unwrap_or(url)
                    .trim_end_matches('/');
                if answers(host).await {
                    return Ok(Self::Found(host.to_owned()));
                }
                Err(
                    CommandError::usage(format!("no emulator answers at `{url}`")).hint(
                        "start one (pip install ministack; ministack), or leave `--emulator` out",
                    ),
                )
            }
        }
    }

    async fn start(program: PathBuf) -> Result<Self, CommandError> {
        let port = free_port().map_err(CommandError::new)?;
        eprintln!("dev: starting {}", program.display());
        let child = Command::new(&program)
            // its default is every interface
            .envs([("BIND_HOST", "127.0.0.1"), ("MINISTACK_HOST", "127.0.0.1")])
            .envs([
                ("GATEWAY_PORT", port.to_string()),
                ("EDGE_PORT", port.to_string()),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("`{}` does not start", program.display()))
            .map_err(CommandError::new)?;
        let host = format!("127.0.0.1:{port}");
        let deadline = Instant::now() + START_TIMEOUT;
        while !answers(&host).await {
            if Instant::now() > deadline {
                return Err(CommandError::usage(format!(
                    "`{}` did not answer within {START_TIMEOUT:?}",
                    program.display()
                ))
                .hint("`--emulator none` works on SQLite"));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(Self::Started(
            host,
            Box::new(tokio::sync::Mutex::new(child)),
        ))
    }

    pub(crate) fn is_aws(&self) -> bool {
        !matches!(self, Self::Sqlite)
    }

    pub(crate) fn description(&self) -> String {
        match self {
            Self::Found(host) => format!("SQS and DynamoDB of the emulator at {host}"),
            Self::Started(host, _) => format!("SQS and DynamoDB of a ministack at {host}, which ends with this"),
            Self::Sqlite => "no emulator (pip install ministack is one): SQLite, `celeriac.sqlite` in this folder".to_owned(),
        }
    }

    /// By which workers and clients find it.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let pairs = match self {
            Self::Found(host) | Self::Started(host, _) => vec![
                ("AWS_REGION", "us-east-1".to_owned()),
                ("CELERIAC_BROKER_URL", format!("sqs://test:test@{host}")),
                (
                    "CELERIAC_RESULT_BACKEND",
                    format!("dynamodb://test:test@{host}/celery"),
                ),
            ],
            Self::Sqlite => vec![("CELERIAC_BROKER_URL", "sqlite:celeriac.sqlite".to_owned())],
        };
        let own = |(name, value): (&str, String)| (name.to_owned(), value);
        pairs.into_iter().map(own).collect()
    }

    pub(crate) async fn stop(&self) {
        if let Self::Started(_, child) = self {
            let mut child = child.lock().await;
            terminate(&mut child);
            let _ = tokio::time::timeout(Duration::from_secs(5), child.wait()).await;
        }
    }
}

async fn answers(host: &str) -> bool {
    let connected = tokio::time::timeout(Duration::from_secs(1), TcpStream::connect(host)).await;
    matches!(connected, Ok(Ok(_)))
}

/// In the virtual environment of this folder, or in the path.
fn ministack() -> Option<PathBuf> {
    let local = PathBuf::from(".venv/bin/ministack");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let everywhere = std::env::split_paths(&path).map(|folder| folder.join("ministack"));
    std::iter::once(local)
        .chain(everywhere)
        .find(|program| program.is_file())
}

fn free_port() -> anyhow::Result<u16> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}
