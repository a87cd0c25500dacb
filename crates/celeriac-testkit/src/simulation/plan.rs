//! What a simulation does: who is there, which tasks are sent, and what goes wrong when.

mod canvas;
mod display;

use std::collections::BTreeSet;
use std::time::Duration;

use celeriac_core::ChordLayout;

pub use self::canvas::{CanvasPlan, Shape};

/// Everything that a run follows from.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is random in the code under test, and in the noise.
    pub seed: u64,
    /// `visibility_timeout` of the workers and of the queues; the ledger's lease too.
    pub visibility: Duration,
    /// `task_max_lost_runs`.
    pub max_lost_runs: u32,
    /// How long the queues keep a message.
    pub retention: Duration,
    /// `worker_concurrency`.
    pub concurrency: usize,
    /// `ttl_seconds` of the result URL.
    pub ttl_seconds: Option<u64>,
    /// What the run may cost, where that is judged.
    pub budget: Option<Budget>,
    /// Long-running workers.
    pub workers: Vec<WorkerPlan>,
    /// Lambda functions.
    pub functions: Vec<FunctionPlan>,
    /// Local beats.
    pub beats: Vec<BeatPlan>,
    /// What the beats send.
    pub entries: Vec<EntryPlan>,
    /// Tasks, in the order of sending.
    pub tasks: Vec<TaskPlan>,
    /// Canvases, in the order of sending.
    pub canvases: Vec<CanvasPlan>,
    /// `chord_layout`.
    pub chord_layout: ChordLayout,
    /// What goes wrong at a known time.
    pub mishaps: Vec<Mishap>,
    /// What goes wrong with requests.
    pub noise: Noise,
}

/// What one task may cost at most, on average.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// Requests to SQS: sends, deletions, and receives that bring something.
    pub sqs: f64,
    /// Requests to `DynamoDB`.
    pub dynamodb: f64,
    /// `DynamoDB`'s write units.
    pub write_units: f64,
}

/// A long-running worker.
#[derive(Clone, Debug)]
pub struct WorkerPlan {
    /// `w1`, ...
    pub name: String,
    /// The queues it works on.
    pub queues: Vec<String>,
    /// When it is started first.
    pub starts: Duration,
    /// How far its wall clock is ahead, in milliseconds.
    pub clock_ahead: i64,
    /// It knows none of the tasks, and forwards them to this queue.
    pub forwards_to: Option<String>,
}

/// A Lambda function with an event source.
#[derive(Clone, Debug)]
pub struct FunctionPlan {
    /// `f1`, ...
    pub name: String,
    /// Its queue.
    pub queue: String,
    /// How long an invocation may take.
    pub timeout: Duration,
    /// `lambda_spill_queue`.
    pub spill: Option<String>,
}

/// A local beat.
#[derive(Clone, Debug)]
pub struct BeatPlan {
    /// `b1`, ...
    pub name: String,
    /// When it is started first.
    pub starts: Duration,
}

/// A periodic task.
#[derive(Clone, Debug)]
pub struct EntryPlan {
    /// `e1`, ...
    pub name: String,
    /// Its period, in whole seconds.
    pub every: Duration,
    /// `catch_up` is `run_all`, or `run_once`.
    pub runs_all: bool,
    /// What each of its runs is. Their ids and times are the beat's.
    pub run: TaskPlan,
}

/// A task, and what its function does in each try.
#[derive(Clone, Debug)]
pub struct TaskPlan {
    /// Its id.
    pub id: String,
    /// When it is sent; tasks of one moment go in one bulk.
    pub at: Duration,
    /// Where to.
    pub queue: String,
    /// FIFO group.
    pub group: Option<String>,
    /// Run after this.
    pub countdown: Duration,
    /// Not to be run later than this after its sending.
    pub expires: Option<Duration>,
    /// A function is invoked with it, instead of a message.
    pub direct: bool,
    /// On a thread of the blocking pool.
    pub blocking: bool,
    /// Without the ledger.
    pub ignore_result: bool,
    /// By the number of retries; the last one stands for all later ones.
    pub tries: Vec<Try>,
    /// The next step of its chain.
    pub next: Option<Box<TaskPlan>>,
    /// Its error callback.
    pub errback: Option<Box<TaskPlan>>,
}

/// What a task's function does.
#[derive(Clone, Debug)]
pub struct Try {
    /// For how long it runs.
    pub takes: Duration,
    /// Shows progress half-way, and gives up where that fails (`?`).
    pub progress: bool,
    /// How it ends.
    pub end: End,
}

/// How a run ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// With a value.
    Return,
    /// With a value that no store takes.
    ReturnTooLarge,
    /// With an error.
    Fail,
    /// By wanting to run again.
    Retry(Duration),
    /// By a panic.
    Panic,
    /// By giving the message back.
    Requeue,
    /// By rejecting the message.
    Reject,
    /// With its process.
    Abort,
}

/// What goes wrong at a known time.
#[derive(Clone, Debug)]
pub struct Mishap {
    /// When.
    pub at: Duration,
    /// What.
    pub what: What,
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum What {
    /// A process dies and is started anew after this.
    Kill(String, Duration),
    /// A process is told to end, and is started anew once it has.
    Drain(String),
    /// A process stands still for so long: SIGSTOP, a virtual machine that is moved, a frozen
    /// function.
    Pause(String, Duration),
    /// A service does not answer for so long.
    Away(Service, Duration),
    /// A process cannot reach a service for so long.
    Cut(String, Service, Duration),
    /// A Python client forgets a task's result: the item is deleted.
    PythonForgets(String),
    /// A Python client gives up as soon as it sees RETRY, and forgets the result after this.
    PythonForgetsRetry(String, Duration),
    /// A Python worker got a copy of a task and shows STARTED: the whole item is written anew.
    PythonStarts(String),
}

/// A service of AWS's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// SQS.
    Sqs,
    /// DynamoDB.
    DynamoDb,
}

/// How many of ten thousand requests, entries or messages something happens to.
#[derive(Clone, Debug, Default)]
pub struct Noise {
    /// A request never arrives.
    pub lost: u32,
    /// A request has its effect, and its answer never arrives.
    pub answer_lost: u32,
    /// The connection breaks at once; half of the time the request has its effect, and nothing
    /// gets through for some seconds.
    pub reset: u32,
    /// A request or its answer takes seconds.
    pub slow: u32,
    /// A request or its answer takes tenths of a second, or a few seconds.
    pub sluggish: u32,
    /// A request is refused because there are too many.
    pub throttled: u32,
    /// An entry of a batch fails alone.
    pub entry: u32,
    /// A message of a standard queue is handed out twice.
    pub duplicate: u32,
    /// A deletion does not hold.
    pub undeleted: u32,
    /// A deletion by an older receipt than the last deletes the message.
    pub old_receipt: u32,
    /// Only these hits count, by their number; `None`: all.
    pub only: Option<BTreeSet<u64>>,
}

impl Plan {
    /// Every task, the later steps, the error callbacks and the tasks of canvases too.
    pub fn all_tasks(&self) -> Vec<&TaskPlan> {
        fn add<'a>(task: &'a TaskPlan, all: &mut Vec<&'a TaskPlan>) {
            all.push(task);
            for other in [&task.next, &task.errback].into_iter().flatten() {
                add(other, all);
            }
        }
        let mut all = Vec::new();
        let of_canvases = self.canvases.iter().flat_map(|canvas| canvas.shape.tasks());
        for task in self.tasks.iter().chain(of_canvases) {
            add(task, &mut all);
        }
        all
    }

    /// The queues, without those of dead letters.
    pub fn queues(&self) -> BTreeSet<String> {
        let of_entries = self.entries.iter().map(|entry| entry.run.queue.clone());
        let of_tasks = self.all_tasks().into_iter().map(|task| task.queue.clone());
        let of_workers = self.workers.iter().flat_map(|worker| worker.queues.clone());
        let of_functions = self
            .functions
            .iter()
            .flat_map(|function| function.spill.iter().chain([&function.queue]).cloned());
        let of_clients = of_tasks.chain(of_entries);
        of_clients.chain(of_workers).chain(of_functions).collect()
    }

    /// When nothing goes wrong any more.
    pub fn calm_at(&self) -> Duration {
        let ends = self.mishaps.iter().map(|mishap| {
            mishap.at
                + match mishap.what {
                    What::Kill(_, time)
                    | What::Pause(_, time)
                    | What::Away(_, time)
                    | What::Cut(_, _, time) => time,
                    _ => Duration::ZERO,
                }
        });
        let sent = self.tasks.iter().map(|task| task.at);
        let sent = sent.chain(self.canvases.iter().map(|canvas| canvas.at));
        let started = self.workers.iter().map(|worker| worker.starts);
        ends.chain(sent).chain(started).max().unwrap_or_default() + Duration::from_mins(2)
    }

    /// The longest way of one task from its sending to its end, if nothing goes wrong.
    pub fn longest(&self) -> Duration {
        fn length(task: &TaskPlan) -> Duration {
            let tries = task.tries.iter().map(|run| {
                run.takes
                    + match run.end {
                        End::Retry(countdown) => countdown * 3, // with its jitter
                        _ => Duration::ZERO,
                    }
            });
            let after = [&task.next, &task.errback].into_iter().flatten();
            task.countdown
                + tries.sum::<Duration>()
                + after.map(|task| length(task)).max().unwrap_or_default()
        }
        let of_canvases = self.canvases.iter().map(|canvas| {
            let tasks = canvas.shape.tasks().into_iter();
            tasks.map(length).sum::<Duration>()
        });
        let of_tasks = self.tasks.iter().map(length);
        of_tasks.chain(of_canvases).max().unwrap_or_default()
    }
}

impl Noise {
    /// Nothing goes wrong.
    pub const NONE: Self = Self {
        lost: 0,
        answer_lost: 0,
        reset: 0,
        slow: 0,
        sluggish: 0,
        throttled: 0,
        entry: 0,
        duplicate: 0,
        undeleted: 0,
        old_receipt: 0,
        only: None,
    };

    /// Each kind by itself, for shrinking.
    pub fn kinds(&mut self) -> [&mut u32; 10] {
        [
            &mut self.lost,
            &mut self.answer_lost,
            &mut self.reset,
            &mut self.slow,
            &mut self.sluggish,
            &mut self.throttled,
            &mut self.entry,
            &mut self.duplicate,
            &mut self.undeleted,
            &mut self.old_receipt,
        ]
    }
}
