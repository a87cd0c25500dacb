use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

/// A worker process of `interop-worker`; killed when dropped.
pub(crate) struct WorkerProcess {
    child: Child,
    log: PathBuf,
}

impl WorkerProcess {
    /// Starts one and waits until it works. `settings` are environment variables without
    /// `CELERIAC_`.
    pub(crate) async fn start(
        queue: &str,
        log: &Path,
        settings: &[(&str, &str)],
        environment: &[(&str, &str)],
    ) -> Self {
        let output = File::create(log).expect("the log file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_interop-worker"));
        command
            .args(["worker", "-Q", queue])
            .env("AWS_REGION", "us-east-1")
            .envs(environment.iter().copied())
            .envs(
                settings
                    .iter()
                    .map(|(name, value)| (format!("CELERIAC_{name}"), value)),
            )
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a second handle"))
            .stderr(output)
            .kill_on_drop(true);
        let child = command.spawn().expect("a worker process");
        let mut worker = Self {
            child,
            log: log.to_owned(),
        };
        worker
            .wait_for(" consuming from ", Duration::from_mins(1))
            .await;
        worker
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    async fn wait_for(&mut self, text: &str, within: Duration) {
        let deadline = Instant::now() + within;
        while !self.log().contains(text) {
            let ended = self.child.try_wait().expect("the process");
            assert!(
                ended.is_none(),
                "the worker ended with {ended:?}:\n{}",
                self.log()
            );
            assert!(
                Instant::now() < deadline,
                "the worker never logged `{text}`:\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// SIGKILL, as `kill -9`.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("a living process");
    }

    /// SIGTERM.
    pub(crate) async fn terminate(&self) {
        let pid = self.child.id().expect("a living process").to_string();
        let sent = Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .await
            .expect("kill");
        assert!(sent.success());
    }

    pub(crate) async fn ended(&mut self, within: Duration) -> ExitStatus {
        let ended = tokio::time::timeout(within, self.child.wait()).await;
        ended
            .unwrap_or_else(|_| panic!("the worker did not end within {within:?}:\n{}", self.log()))
            .expect("the process")
    }

    /// SIGTERM, and the end with exit code 0.
    pub(crate) async fn stop(mut self) {
        self.terminate().await;
        let status = self.ended(Duration::from_secs(40)).await;
        assert_eq!(status.code(), Some(0), "{}", self.log());
    }
}
