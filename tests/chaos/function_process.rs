use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use celeriac_testkit::lambda_service::LambdaService;
use tokio::process::{Child, Command};

/// A process of `interop-worker` as a Lambda function; killed when dropped.
pub(crate) struct FunctionProcess {
    child: Child,
    log: PathBuf,
}

impl FunctionProcess {
    /// Starts one with just the environment that Lambda and `settings` give.
    pub(crate) fn start(service: &LambdaService, log: &Path, settings: &[(&str, &str)]) -> Self {
        let output = File::create(log).expect("the log file");
        let child = Command::new(env!("CARGO_BIN_EXE_interop-worker"))
            .env_clear()
            .envs(service.environment(512))
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a second handle"))
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .expect("a function's process");
        Self {
            child,
            log: log.to_owned(),
        }
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// SIGKILL, as Lambda ends a function whose time is over.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("a living process");
    }

    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let ended = tokio::time::timeout(Duration::from_secs(20), self.child.wait()).await;
        ended.expect("it ends").expect("the process")
    }
}
