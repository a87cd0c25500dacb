//! AWS on this machine, without Docker: where the tests find it.
//!
//! `./test` starts the emulators and says where they are in `CELERIAC_TEST_MINISTACK_URL`,
//! `CELERIAC_TEST_LOCALSTACK_URL` and `CELERIAC_TEST_FAUXQS_URL`. A test that is run by itself
//! starts a ministack of its own; the other two are skipped in one visible line.

use std::env;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::fault_proxy::FaultProxy;

/// ministack: SQS, DynamoDB, STS and more; the emulator the tests use first.
///
/// One that was started here ends with it, and with the process, however that ends: it reads the
/// pipe that only this process holds.
#[derive(Debug)]
pub struct Ministack {
    url: String,
    child: Option<Child>,
}

const START_TIMEOUT: Duration = Duration::from_mins(1);
/// Runs ministack's `main` until our end of its standard input is closed.
const UNTIL_STDIN_ENDS: &str = "\
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
sys.argv = ['ministack']
from ministack.app import main
main()";

impl Ministack {
    /// The one all tests of this process share: that of `CELERIAC_TEST_MINISTACK_URL`, or one that
    /// is started now.
    ///
    /// # Panics
    /// If it cannot be started: `./test` installs it.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<Ministack> = OnceCell::const_new();
        let get = || async {
            match env::var("CELERIAC_TEST_MINISTACK_URL") {
                Ok(url) => Self { url, child: None },
                Err(_) => Self::start().await.strict(),
            }
        };
        SHARED.get_or_init(get).await
    }

    /// One of its own, for tests that count, stop or load it.
    ///
    /// # Panics
    /// If it cannot be started: `./test` installs it.
    pub async fn start() -> Self {
        let port = free_port().expect("a free port on 127.0.0.1");
        let python = python();
        let child = Command::new(&python)
            .args(["-c", UNTIL_STDIN_ENDS])
            // its default is every interface
            .envs([("BIND_HOST", "127.0.0.1"), ("MINISTACK_HOST", "127.0.0.1")])
            .envs([
                ("GATEWAY_PORT", port.to_string()),
                ("EDGE_PORT", port.to_string()),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "`{}` does not start: {error}; `./test` installs it",
                    python.display()
                )
            });
        let mut ministack = Self {
            url: format!("http://127.0.0.1:{port}"),
            child: Some(child),
        };
        ministack.wait_until_up(port).await;
        ministack
    }

    /// The same, behind a proxy that refuses what AWS refuses, as `./test` has it.
    fn strict(mut self) -> Self {
        let upstream = self.url.clone();
        let (started, url) = std::sync::mpsc::channel();
        // on a thread of its own: each test ends its runtime
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let proxy = FaultProxy::start(&upstream, Vec::new()).await;
                let _ = started.send(proxy.url());
                std::future::pending::<()>().await;
            });
        });
        self.url = url.recv().expect("the proxy starts");
        self
    }

    /// Where it answers.
    pub fn url(&self) -> &str {
        &self.url
    }

    async fn wait_until_up(&mut self, port: u16) {
        let deadline = Instant::now() + START_TIMEOUT;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = self
                .child
                .as_mut()
                .and_then(|child| child.try_wait().ok().flatten());
            assert!(
                ended.is_none(),
                "ministack ended at its start ({ended:?}): is it installed? `./test` installs it"
            );
            assert!(
                Instant::now() < deadline,
                "ministack did not start within {START_TIMEOUT:?}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Ministack {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// LocalStack in host mode, where `./test` started it; else `None`, and a line that says why.
pub fn localstack() -> Option<String> {
    started_elsewhere(
        "LocalStack",
        "CELERIAC_TEST_LOCALSTACK_URL",
        "CELERIAC_TEST_LOCALSTACK_SKIPPED",
    )
}

/// fauxqs (SQS only, fast and strict), where `./test` started it; else `None`, and a line that says
/// why.
pub fn fauxqs() -> Option<String> {
    started_elsewhere(
        "fauxqs",
        "CELERIAC_TEST_FAUXQS_URL",
        "CELERIAC_TEST_FAUXQS_SKIPPED",
    )
}

fn started_elsewhere(name: &str, url: &str, skipped: &str) -> Option<String> {
    let found = env::var(url).ok().filter(|url| !url.is_empty());
    if found.is_none() {
        let reason = env::var(skipped).ok().filter(|reason| !reason.is_empty());
        let reason = reason.unwrap_or_else(|| {
            format!("the {name} lane, because {url} is not set: `./test` starts it")
        });
        eprintln!("skipped: {reason}");
    }
    found
}

/// A name for a queue or a table that no other test has.
pub fn unique_name(purpose: &str) -> String {
    format!("{purpose}-{}", &Uuid::new_v4().simple().to_string()[..12])
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// The Python of `CELERIAC_TEST_VENV`, or of `.venv` at the root of the workspace.
fn python() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let venv = env::var_os("CELERIAC_TEST_VENV").map_or_else(|| root.join(".venv"), PathBuf::from);
    venv.join("bin/python")
}
