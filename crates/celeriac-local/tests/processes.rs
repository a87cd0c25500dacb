//! Several processes on one file, and processes that are killed.
//!
//! A test starts its own binary again: the variable [`FILE`] makes it the worker that the test then
//! watches.
#![cfg(unix)]

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use celeriac_core::documents::{Document, Documents, Expect, Key, Put, PutOutcome};
use celeriac_core::{
    Broker, Claim, ClaimOutcome, Completion, CompletionKind, CompletionOutcome, Delivery, Ledger,
    Outgoing,
};
use celeriac_local::{Database, LocalBroker, LocalStore};
use celeriac_protocol::{ResultMeta, State, Value};
use tokio::runtime::Runtime;

const FILE: &str = "CELERIAC_LOCAL_TEST_FILE";
const QUEUE: &str = "work";
const DOCUMENT: &str = "shared";
const VISIBILITY: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_mins(1);

/// What was answered before a process was killed is there afterwards, whenever that was.
#[test]
fn a_killed_process_loses_nothing_that_was_answered() {
    if let Ok(file) = env::var(FILE) {
        return block_on(send_and_work(&Machine::open(Path::new(&file))));
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("celeriac.sqlite");
    let mut said = Said::default();
    for round in 0..12 {
        let mut worker = Worker::start("a_killed_process_loses_nothing_that_was_answered", &file);
        let enough = said.done.len() + 10 + round * 7;
        worker.listen_until(&mut said, |said| said.done.len() >= enough);
        worker.kill(&mut said);
        assert_eq!(integrity(&file), "ok", "after round {round}");
    }
    assert!(said.sent.len() > 100, "{} tasks were sent", said.sent.len());

    let machine = Machine::open(&file);
    block_on(async {
        for task_id in said.done.keys() {
            assert_eq!(
                machine.status(task_id).await,
                State::Success,
                "{task_id} was completed before the kill"
            );
        }
        let mut ran = BTreeSet::new();
        while machine.unfinished().await > 0 {
            for task_id in machine.work_once().await {
                assert!(
                    !said.done.contains_key(&task_id),
                    "{task_id} was completed already"
                );
                assert!(ran.insert(task_id), "each task ends once");
            }
        }
        for task_id in &said.sent {
            assert_eq!(
                machine.status(task_id).await,
                State::Success,
                "{task_id} was sent before the kill"
            );
        }
    });
}

/// Processes that open a new file at the same time share its work: each task runs once.
#[test]
fn several_processes_share_the_work() {
    const TASKS: usize = 300;
    if let Ok(file) = env::var(FILE) {
        return block_on(work(&Machine::open(Path::new(&file))));
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("celeriac.sqlite");
    let mut workers: Vec<Worker> = (0..4)
        .map(|_| Worker::start("several_processes_share_the_work", &file))
        .collect();
    let machine = Machine::open(&file);
    let sent: BTreeSet<String> = block_on(async {
        let mut sent = BTreeSet::new();
        for _ in 0..TASKS / 10 {
            sent.extend(machine.send(10).await);
        }
        sent
    });

    let mut said = Said::default();
    let deadline = Instant::now() + PATIENCE;
    while said.done.len() < TASKS {
        assert!(
            Instant::now() < deadline,
            "{} of {TASKS} tasks ended",
            said.done.len()
        );
        for worker in &mut workers {
            worker.listen_for(&mut said, Duration::from_millis(10));
        }
    }
    let busy = workers.iter().filter(|worker| worker.heard > 0).count();
    for worker in workers {
        worker.kill(&mut said);
    }
    assert_eq!(said.done.keys().cloned().collect::<BTreeSet<_>>(), sent);
    assert!(
        said.done.values().all(|times| *times == 1),
        "{:?}",
        said.done
    );
    assert!(busy > 1, "the work was shared");
    assert_eq!(integrity(&file), "ok");
}

/// A long poll hears of what another process sends.
#[test]
fn a_poll_hears_of_another_process() {
    if let Ok(file) = env::var(FILE) {
        return block_on(work(&Machine::open(Path::new(&file))));
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("celeriac.sqlite");
    let machine = Machine::open(&file);
    let mut worker = Worker::start("a_poll_hears_of_another_process", &file);
    let mut said = Said::default();
    let mut waits = Vec::new();
    for round in 1..=10 {
        let sent = Instant::now();
        block_on(machine.send(1));
        worker.listen_until(&mut said, |said| said.done.len() >= round);
        waits.push(sent.elapsed());
    }
    worker.kill(&mut said);
    waits.sort_unstable();
    assert!(
        waits[5] < Duration::from_millis(500),
        "half of the tasks took longer: {waits:?}"
    );
}

/// Processes that share a document lose none of each other's saves, and their kills none that was
/// answered.
#[test]
fn several_processes_share_a_document() {
    const SAVES: usize = 200;
    if let Ok(file) = env::var(FILE) {
        return block_on(append(&Machine::open(Path::new(&file))));
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("celeriac.sqlite");
    let mut workers: Vec<Worker> = (0..4)
        .map(|_| Worker::start("several_processes_share_a_document", &file))
        .collect();
    let mut said = Said::default();
    let deadline = Instant::now() + PATIENCE;
    while said.done.len() < SAVES || workers.iter().any(|worker| worker.heard == 0) {
        assert!(
            Instant::now() < deadline,
            "{} of {SAVES} lines were saved",
            said.done.len()
        );
        for worker in &mut workers {
            worker.listen_for(&mut said, Duration::from_millis(10));
        }
    }
    for worker in workers {
        worker.kill(&mut said);
    }
    let machine = Machine::open(&file);
    let document = block_on(machine.document()).expect("it was put");
    let body = String::from_utf8(document.body).expect("it is text");
    let lines: BTreeSet<String> = body.lines().map(str::to_owned).collect();
    let puts = u64::try_from(document.number).expect("counted up");
    assert_eq!(lines.len() as u64, puts, "each put is one line");
    let lost: Vec<&String> = said.done.keys().filter(|id| !lines.contains(*id)).collect();
    assert!(lost.is_empty(), "{lost:?} were saved");
}

/// The queue and the ledger of one file.
struct Machine {
    broker: LocalBroker,
    store: LocalStore,
}

impl Machine {
    /// The document that the processes share.
    async fn document(&self) -> Option<Document> {
        let found = Documents::get(&self.store, &[Key::new(DOCUMENT)])
            .await
            .remove(0);
        found.expect("it is read")
    }

    fn open(file: &Path) -> Self {
        let database = Database::open(file).expect("the file opens");
        Self {
            broker: LocalBroker::new(database.clone()),
            store: LocalStore::new(database),
        }
    }

    async fn send(&self, count: usize) -> Vec<String> {
        let ids: Vec<String> = (0..count)
            .map(|_| uuid::Uuid::new_v4().to_string())
            .collect();
        let batch = ids
            .iter()
            .map(|id| Outgoing {
                body: id.clone(),
                ..Outgoing::default()
            })
            .collect();
        for sent in self.broker.send(QUEUE, batch).await {
            sent.expect("the message is sent");
        }
        ids
    }

    /// Receives once; the ids of the tasks whose completion was stored.
    async fn work_once(&self) -> Vec<String> {
        let received = self
            .broker
            .receive(QUEUE, 10, Duration::from_secs(1), VISIBILITY)
            .await;
        let mut done = Vec::new();
        for delivery in received.expect("the receive succeeds") {
            if self.run(&delivery).await {
                done.push(delivery.body);
            }
        }
        done
    }

    /// Claims, completes, acknowledges, each for itself so that a kill finds every place in
    /// between.
    async fn run(&self, delivery: &Delivery) -> bool {
        let task_id = delivery.body.clone();
        let claim = Claim {
            task_id: task_id.clone(),
            identity: celeriac_core::TaskIdentity::named("tasks.add"),
            retries: 0,
            owner: "test".into(),
            nonce: uuid::Uuid::new_v4().to_string(),
            lease: VISIBILITY,
            shown: ResultMeta::new(&task_id, State::Pending, Value::Null),
            sent_by: None,
            isolate_at: None,
            to_run: true,
            takes_over: false,
            replaces: false,
            unanswered: Vec::new(),
            likely_known: delivery.receive_count > 1,
        };
        let stored = match self
            .store
            .claim(vec![claim])
            .await
            .remove(0)
            .expect("the claim is answered")
        {
            ClaimOutcome::Claimed(claimed) => {
                let meta = ResultMeta::new(&task_id, State::Success, Value::Str(task_id.clone()));
                let nonce = uuid::Uuid::new_v4().to_string();
                let kind = CompletionKind::Final(meta);
                let completion = Completion {
                    task_id,
                    attempt: claimed.attempt,
                    nonce,
                    kind,
                };
                let completed = self.store.complete(vec![completion]).await.remove(0);
                completed.expect("the completion is answered") == CompletionOutcome::Stored
            }
            ClaimOutcome::Final(_) => false,
            ClaimOutcome::Leased { .. }
            | ClaimOutcome::Stale { .. }
            | ClaimOutcome::Conflict(_)
            | ClaimOutcome::Isolate => {
                return false;
            }
        };
        self.broker
            .ack(QUEUE, vec![delivery.receipt.clone()])
            .await
            .remove(0)
            .expect("the message is deleted");
        stored
    }

    async fn status(&self, task_id: &str) -> State {
        let record = Ledger::get(&self.store, &[task_id.to_owned()])
            .await
            .remove(0)
            .expect("the record is read");
        record.map_or(State::Pending, |record| record.meta.status)
    }

    async fn unfinished(&self) -> u64 {
        let stats = self
            .broker
            .stats(QUEUE)
            .await
            .expect("the queue is counted");
        stats.visible + stats.in_flight + stats.delayed
    }
}

/// The child's life in the first test: it says what was answered to it, until it is killed.
async fn send_and_work(machine: &Machine) {
    loop {
        for task_id in machine.send(5).await {
            say("sent", &task_id);
        }
        for task_id in machine.work_once().await {
            say("done", &task_id);
        }
    }
}

/// The child's life in the other tests.
async fn work(machine: &Machine) {
    loop {
        for task_id in machine.work_once().await {
            say("done", &task_id);
        }
    }
}

/// The child's life where a document is shared: each save is a line more.
async fn append(machine: &Machine) {
    loop {
        let seen = machine.document().await;
        let line = uuid::Uuid::new_v4().to_string();
        let (expect, number, mut body) = match seen {
            Some(seen) => (Expect::Version(seen.version), seen.number, seen.body),
            None => (Expect::Absent, 0, Vec::new()),
        };
        body.extend_from_slice(format!("{line}\n").as_bytes());
        let put = Put {
            number: number + 1,
            ..Put::new(Key::new(DOCUMENT), expect, body)
        };
        let outcome = machine.store.put(vec![put]).await.remove(0);
        if let PutOutcome::Done { .. } = outcome.expect("the put is answered") {
            say("done", &line);
        }
    }
}

fn say(what: &str, task_id: &str) {
    let mut line = io::stdout().lock();
    // the parent may have heard enough
    let _ = writeln!(line, "\n{what} {task_id}");
}

/// What the children have said.
#[derive(Default)]
struct Said {
    sent: BTreeSet<String>,
    done: BTreeMap<String, usize>,
}

impl Said {
    fn hear(&mut self, line: &str) -> bool {
        match line.split_once(' ') {
            Some(("sent", task_id)) => self.sent.insert(task_id.to_owned()),
            Some(("done", task_id)) => {
                *self.done.entry(task_id.to_owned()).or_default() += 1;
                true
            }
            _ => false,
        }
    }
}

/// A child process that is killed at the end, however the test ends.
struct Worker {
    child: Child,
    lines: mpsc::Receiver<String>,
    heard: usize,
}

impl Worker {
    fn start(test: &str, file: &Path) -> Self {
        let mut command = Command::new(env::current_exe().expect("this test's binary"));
        command
            .args([test, "--exact", "--nocapture"])
            .env(FILE, file)
            .stdout(Stdio::piped());
        let mut child = command.spawn().expect("the child starts");
        let lines = read_lines(child.stdout.take().expect("its standard output"));
        Self {
            child,
            lines,
            heard: 0,
        }
    }

    fn listen_for(&mut self, said: &mut Said, duration: Duration) {
        if let Ok(line) = self.lines.recv_timeout(duration) {
            self.heard += usize::from(said.hear(&line));
        }
        while let Ok(line) = self.lines.try_recv() {
            self.heard += usize::from(said.hear(&line));
        }
    }

    fn listen_until(&mut self, said: &mut Said, enough: impl Fn(&Said) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !enough(said) {
            assert!(
                Instant::now() < deadline,
                "the child is silent: {} sent, {} done",
                said.sent.len(),
                said.done.len()
            );
            self.listen_for(said, Duration::from_millis(10));
        }
    }

    /// `kill -9`, then hears what it had said before.
    fn kill(mut self, said: &mut Said) {
        self.child.kill().expect("the child is killed");
        self.child.wait().expect("the child ends");
        while let Ok(line) = self.lines.recv_timeout(Duration::from_secs(5)) {
            said.hear(&line);
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_lines(output: ChildStdout) -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

fn integrity(file: &PathBuf) -> String {
    let connection = rusqlite::Connection::open(file).expect("the file opens");
    connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("the check runs")
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    Runtime::new().expect("a tokio runtime").block_on(work)
}
