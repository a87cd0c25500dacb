use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use celeriac::commands::CommandError;
use serde_json::Value;
use tokio::process::{Child, Command};

/// A rebuild is looked for this often.
const LOOK: Duration = Duration::from_millis(300);
/// A linker may still be writing what is younger than this.
const SETTLED: Duration = Duration::from_millis(300);
/// `worker_shutdown_timeout` and a little more.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long its worker's receives wait, in seconds.
const POLL: &str = "CELERIAC_BROKER_TRANSPORT_OPTIONS__WAIT_TIME_SECONDS";

/// The app's program, which is rebuilt again and again.
pub(crate) struct Program {
    path: PathBuf,
}

/// Its worker.
pub(crate) struct RunningWorker(Child);

impl Program {
    pub(crate) fn new(path: &Path) -> Result<Self, CommandError> {
        match path.canonicalize() {
            Ok(path) if path.is_file() => Ok(Self { path }),
            _ => Err(
                CommandError::usage(format!("there is no program `{}`", path.display()))
                    .hint("build it first: cargo build; it is in target/debug"),
            ),
        }
    }

    pub(crate) fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or(OsStr::new("the program"));
        name.to_string_lossy().into_owned()
    }

    /// When it was built; waits while it is being written.
    pub(crate) async fn built(&self) -> SystemTime {
        loop {
            let built = tokio::fs::metadata(&self.path)
                .await
                .and_then(|data| data.modified());
            if let Ok(built) = built
                && built.elapsed().is_ok_and(|age| age > SETTLED)
            {
                return built;
            }
            tokio::time::sleep(SETTLED).await;
        }
    }

    /// Waits for another build than the one of that time.
    pub(crate) async fn rebuilt_since(&self, built: SystemTime) {
        while self.built().await == built {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What it needs, by its own word.
    pub(crate) async fn manifest(
        &self,
        environment: &[(String, String)],
    ) -> Result<Value, CommandError> {
        let output = Command::new(&self.path)
            .arg("manifest")
            .envs(environment.iter().cloned())
            .output()
            .await
            .with_context(|| format!("`{} manifest` does not run", self.path.display()))
            .map_err(CommandError::new)?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(CommandError::usage(format!(
                "`{} manifest` failed: {}",
                self.path.display(),
                said.trim()
            ))
            .hint("the program needs `App::run` and the feature `aws`"));
        }
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("`{} manifest` printed no JSON", self.path.display()))
            .map_err(CommandError::new)
    }

    pub(crate) fn start(
        &self,
        options: &[String],
        environment: &[(String, String)],
    ) -> Result<RunningWorker, CommandError> {
        let mut command = Command::new(&self.path);
        command
            .arg("worker")
            .args(options)
            .env(POLL, "1") // a rebuild waits for a poll that is under way
            .envs(environment.iter().cloned())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0); // Ctrl-C comes here, and goes on to it as one signal
        command
            .spawn()
            .map(RunningWorker)
            .with_context(|| format!("`{} worker` does not start", self.path.display()))
            .map_err(CommandError::new)
    }
}

impl RunningWorker {
    /// Its end, in words.
    pub(crate) async fn ended(&mut self) -> String {
        match self.0.wait().await {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        }
    }

    /// Asks it to finish what runs, and waits for that; asks again, to stop at once, at `again`.
    pub(crate) async fn stop(&mut self, again: impl Future<Output = ()>) {
        terminate(&mut self.0);
        let ended = tokio::select! {
            ended = self.ends_in_time() => ended,
            () = again => false,
        };
        if !ended {
            terminate(&mut self.0);
            if !self.ends_in_time().await {
                let _ = self.0.kill().await;
            }
        }
    }

    async fn ends_in_time(&mut self) -> bool {
        tokio::time::timeout(PATIENCE, self.0.wait()).await.is_ok()
    }
}

/// SIGTERM where there is such a thing.
pub(crate) fn terminate(child: &mut Child) {
    #[cfg(unix)]
    {
        let pid = child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            return;
        }
    }
    let _ = child.start_kill();
}
