use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use celeriac_protocol::UtcTime;
use serde_json::Value as Json;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::checker::Checker;
use super::costs::Costs;
use super::noise::Noise;
use super::plan::{Plan, Service};
use super::process::Process;
use crate::cloud::{Chances, Cloud, CloudCall, CloudTime, Item, Message, Watch};

/// Who Python's writes are by.
pub(crate) const PYTHON: &str = "python";
/// 1 January 2027, midnight.
const EPOCH: UtcTime = UtcTime(1_798_761_600_000_000);

/// All that a run is about.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) noise: Arc<Noise>,
    time: CloudTime,
    cloud: OnceLock<Cloud>,
    checker: Mutex<Checker>,
    /// Set with the first violation, and at the end.
    over: AtomicBool,
    pub(crate) ended: Notify,
    away: Mutex<[Option<Instant>; 2]>,
    trace: Option<Mutex<Vec<String>>>,
    pub(crate) costs: Costs,
}

/// Tells the world of the cloud's changes.
struct Watcher(Weak<World>);

impl World {
    pub(crate) fn new(plan: &Plan, traced: bool) -> Arc<Self> {
        let time = CloudTime::starting_at(EPOCH);
        let noise = Arc::new(Noise::new(plan.noise.clone(), plan.seed));
        let world = Arc::new(Self {
            plan: plan.clone(),
            noise: Arc::clone(&noise),
            time,
            cloud: OnceLock::new(),
            checker: Mutex::new(Checker::new(plan, EPOCH)),
            over: AtomicBool::new(false),
            ended: Notify::new(),
            away: Mutex::default(),
            trace: traced.then(Mutex::default),
            costs: Costs::default(),
        });
        let watch: Arc<dyn Watch> = Arc::new(Watcher(Arc::downgrade(&world)));
        let cloud = Cloud::new(time, noise as Arc<dyn Chances>, watch);
        let _ = world.cloud.set(cloud); // it is new
        world
    }

    pub(crate) fn cloud(&self) -> &Cloud {
        self.cloud.get().expect("set when the world was made")
    }

    pub(crate) fn time(&self) -> CloudTime {
        self.time
    }

    pub(crate) fn now(&self) -> UtcTime {
        self.time.now()
    }

    /// Since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.now().since(EPOCH)
    }

    /// The instant of a time of the plan.
    pub(crate) fn at(&self, time: Duration) -> Instant {
        self.time.instant(EPOCH.after(time))
    }

    /// Writes a line of the trace, if one is kept.
    pub(crate) fn tell(&self, line: impl FnOnce() -> String) {
        if let Some(trace) = &self.trace {
            let line = format!("{:>12.6} {}", self.elapsed().as_secs_f64(), line());
            trace
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(line);
        }
    }

    pub(crate) fn trace(&self) -> Vec<String> {
        self.trace
            .as_ref()
            .map(|trace| std::mem::take(&mut *trace.lock().unwrap_or_else(PoisonError::into_inner)))
            .unwrap_or_default()
    }

    pub(crate) fn checker(&self) -> MutexGuard<'_, Checker> {
        self.checker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the world with the checker, and ends the run where a promise is broken.
    pub(crate) fn check(&self, look: impl FnOnce(&mut Checker, UtcTime)) {
        let now = self.now();
        let broken = {
            let mut checker = self.checker();
            look(&mut checker, now);
            checker.violation().is_some()
        };
        if broken && !self.over.swap(true, Relaxed) {
            self.ended.notify_waiters();
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Relaxed)
    }

    pub(crate) fn take_away(&self, service: Service, until: Instant) {
        self.away()[service as usize] = Some(until);
    }

    pub(crate) fn is_away(&self, service: Service) -> bool {
        self.away()[service as usize].is_some_and(|until| until > Instant::now())
    }

    fn away(&self) -> MutexGuard<'_, [Option<Instant>; 2]> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request of somebody's who is not celeriac, and to whom nothing goes wrong.
    pub(crate) async fn ask(&self, by: &str, target: &str, body: &Json) -> Json {
        let body = body.to_string();
        let call = CloudCall {
            by,
            target,
            body: body.as_bytes(),
        };
        let answer = self.cloud().call(call).await;
        serde_json::from_str(&answer.body).unwrap_or_default()
    }

    /// A process ends by itself, and all its threads with it.
    pub(crate) fn exit(&self, process: &Process) {
        self.tell(|| format!("{} ends", process.name));
        process.exit();
        self.check(|checker, _| checker.died(&process.name, None));
    }

    /// A task takes its process with it, and all that runs there.
    pub(crate) fn abort(&self, process: &Process, id: &str) {
        self.tell(|| format!("{} is ended by {id}", process.name));
        process.kill();
        self.check(|checker, _| checker.died(&process.name, Some(id)));
    }

    /// A process is gone.
    pub(crate) fn kill(&self, process: &Process) {
        self.tell(|| format!("{} is killed", process.name));
        process.kill();
        self.check(|checker, _| checker.died(&process.name, None));
    }
}

impl Watch for Watcher {
    fn sent(&self, queue: &str, message: &Message) {
        if let Some(world) = self.0.upgrade() {
            world.tell(|| format!("{} stands in {queue}", message.id));
            world.check(|checker, now| checker.sent(queue, message, now));
        }
    }

    fn received(&self, queue: &str, message: &Message) {
        if let Some(world) = self.0.upgrade() {
            world.tell(|| {
                let (id, receives) = (&message.id, message.receives);
                format!("{id} is received from {queue} ({receives})")
            });
        }
    }

    fn removed(&self, queue: &str, message: &Message, expired: bool) {
        if let Some(world) = self.0.upgrade() {
            world.tell(|| format!("{} is deleted from {queue}", message.id));
            world.check(|checker, now| checker.removed(queue, message, expired, now));
        }
    }

    fn redriven(&self, from: &str, to: &str, message: &Message) {
        if let Some(world) = self.0.upgrade() {
            world.tell(|| format!("{} goes from {from} to {to}", message.id));
            world.check(|checker, now| checker.redriven(from, to, message, now));
        }
    }

    fn item_changed(
        &self,
        by: &str,
        _table: &str,
        key: &str,
        before: Option<&Item>,
        after: Option<&Item>,
    ) {
        if let Some(world) = self.0.upgrade() {
            if by != PYTHON {
                world.costs.wrote(before, after);
            }
            world.tell(|| format!("{by} writes {key}: {}", described(after)));
            world.check(|checker, now| checker.item_changed(by, key, after, now));
        }
    }
}

fn described(item: Option<&Item>) -> String {
    let Some(item) = item else {
        return "gone".to_owned();
    };
    let view = super::item_view::ItemView::of(item);
    let attempt = view
        .attempt
        .map_or("-".to_owned(), |attempt| attempt.to_string());
    let leased = if view.is_leased() { ", leased" } else { "" };
    format!(
        "{} attempt {attempt} retries {}{leased}",
        view.state, view.retries
    )
}
