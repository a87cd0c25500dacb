use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

use crate::scene::Scene;

/// The logged line of a beat that has the lease.
const SENDS: &str = "this beat is sending";
/// The logged line of one that has lost it.
const STOPS: &str = "lease has run out";
/// The logged line of one that has it not.
const WAITS: &str = "another beat holds the lease";

/// A beat process of `interop-worker`; killed when dropped.
pub(crate) struct BeatProcess {
    child: Child,
    log: PathBuf,
}

impl BeatProcess {
    /// Starts one that sends what `schedule` says, a `beat_schedule` in JSON.
    pub(crate) fn start(scene: &Scene, schedule: &str, lease: Duration) -> Self {
        let log = scene.log_file();
        let output = File::create(&log).expect("the log file");
        let child = Command::new(env!("CARGO_BIN_EXE_interop-worker"))
            .arg("beat")
            .env("AWS_REGION", "us-east-1")
            .env("NO_COLOR", "1")
            .env("CELERIAC_BROKER_URL", scene.place.broker_url())
            .env("CELERIAC_RESULT_BACKEND", scene.place.result_backend())
            .env("CELERIAC_TASK_DEFAULT_QUEUE", &scene.queue)
            .env("CELERIAC_BEAT_SCHEDULE", schedule)
            .env("CELERIAC_BEAT_LEASE", lease.as_secs().to_string())
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a second handle"))
            .stderr(output)
            .kill_on_drop(true)
            .spawn();
        Self {
            child: child.expect("a beat process"),
            log,
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Whether it has the lease.
    pub(crate) fn sends(&self) -> bool {
        let log = self.log();
        let last = log
            .lines()
            .rfind(|line| line.contains(SENDS) || line.contains(STOPS));
        last.is_some_and(|line| line.contains(SENDS))
    }

    /// Waits until it has seen that another has the lease.
    pub(crate) async fn waits(&self) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !self.log().contains(WAITS) {
            let log = self.log();
            assert!(Instant::now() < deadline, "never `{WAITS}`:\n{log}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// SIGKILL; gives its log.
    pub(crate) async fn kill(mut self) -> String {
        self.child.kill().await.expect("a living process");
        self.log()
    }

    /// SIGTERM, and the end with exit code 0; gives its log.
    pub(crate) async fn stop(&mut self) -> String {
        let pid = self.child.id().expect("a living process").to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().await;
        assert!(sent.expect("kill").success());
        let ended = tokio::time::timeout(Duration::from_secs(20), self.child.wait()).await;
        let status = ended.expect("an end in time").expect("the process");
        assert_eq!(status.code(), Some(0), "{}", self.log());
        self.log()
    }
}
