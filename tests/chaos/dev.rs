//! `celeriac dev`: a worker that follows its program's builds.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use celeriac_testkit::emulator::{Ministack, unique_name};
use tempfile::TempDir;
use tokio::process::{Child, Command};

const WORKS: &str = " consuming from ";

/// `celeriac dev` at work in a folder of its own, on a copy of the interop worker.
struct Dev {
    folder: TempDir,
    child: Child,
    environment: Vec<(&'static str, String)>,
}

impl Dev {
    fn start(emulator: &str, environment: Vec<(&'static str, String)>) -> Self {
        let folder = TempDir::new().expect("a folder");
        build(&folder.path().join("app"));
        let log = File::create(folder.path().join("log")).expect("the log file");
        let child = Command::new(celeriac())
            .args([
                "dev",
                "./app",
                "--emulator",
                emulator,
                "--",
                "--concurrency",
                "3",
            ])
            .current_dir(folder.path())
            .env("AWS_REGION", "us-east-1")
            .envs(environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .kill_on_drop(true)
            .process_group(0)
            .spawn()
            .expect("it starts");
        Self {
            folder,
            child,
            environment,
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Waits until the log holds `text` this many times.
    async fn says(&mut self, text: &str, times: usize) {
        let deadline = Instant::now() + Duration::from_secs(40);
        while self.log().matches(text).count() < times {
            let ended = self.child.try_wait().expect("the process");
            assert!(ended.is_none(), "ended with {ended:?}:\n{}", self.log());
            assert!(Instant::now() < deadline, "no {text:?}:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// A task through the app's own command, with the lines that `dev` tells to paste.
    async fn add(&self) -> String {
        let exports = self.log();
        let exports = exports.lines().filter_map(|line| {
            let (name, value) = line.split_once("export ")?.1.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        });
        let output = Command::new("./app")
            .args(["send", "w.add", "--args", "[2, 3]", "--wait"])
            .current_dir(self.folder.path())
            .envs(exports)
            .envs(self.environment.iter().cloned())
            .output()
            .await
            .expect("it runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Ctrl-C: a terminal sends it to all processes of the group.
    async fn interrupted(&mut self) -> ExitStatus {
        let pid = self.child.id().expect("a living process");
        let group = format!("-{pid}");
        let sent = Command::new("kill")
            .args(["-INT", "--", &group])
            .status()
            .await;
        assert!(sent.expect("kill").success());
        let ended = tokio::time::timeout(Duration::from_secs(40), self.child.wait()).await;
        ended.expect("it ends").expect("the process")
    }
}

fn celeriac() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_interop-worker")).with_file_name("celeriac")
}

/// As a linker does: a new file in place of the old one.
fn build(path: &Path) {
    let new = path.with_extension("new");
    fs::copy(env!("CARGO_BIN_EXE_interop-worker"), &new).expect("a copy");
    fs::rename(&new, path).expect("in its place");
}

async fn runs_and_follows_builds(mut dev: Dev) {
    dev.says(WORKS, 1).await;
    assert!(dev.log().contains("3 tasks at once"), "{}", dev.log());
    let answer = dev.add().await;
    assert!(answer.contains('5'), "{answer}\n{}", dev.log());
    build(&dev.folder.path().join("app"));
    dev.says("was rebuilt", 1).await;
    dev.says(WORKS, 2).await;
    let answer = dev.add().await;
    assert!(answer.contains('5'), "{answer}\n{}", dev.log());
    assert_eq!(dev.interrupted().await.code(), Some(0));
    // each worker was told once: a second signal would have ended what runs
    let (log, told) = (dev.log(), "warm shutdown");
    assert_eq!(log.matches(told).count(), 2, "{log}");
    assert!(!log.contains("SIGINT"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_emulator_it_works_on_sqlite() {
    runs_and_follows_builds(Dev::start("none", vec![])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_an_emulator_queues_and_table_are_made_by_the_manifest() {
    let url = Ministack::shared().await.url();
    let queue = unique_name("dev");
    let environment = vec![("CELERIAC_TASK_DEFAULT_QUEUE", queue)];
    runs_and_follows_builds(Dev::start(url, environment)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_told_before_anything_starts() {
    for (arguments, part) in [
        (
            ["dev", "/nowhere/app", "--emulator", "none"],
            "there is no program",
        ),
        (
            [
                "dev",
                env!("CARGO_BIN_EXE_interop-worker"),
                "--emulator",
                "http://127.0.0.1:9",
            ],
            "no emulator answers",
        ),
    ] {
        let output = Command::new(celeriac())
            .args(arguments)
            .output()
            .await
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(part) && said.contains("hint:"), "{said}");
    }
}
