use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use celeriac_core::{BrokerError, BrokerErrorKind, Clock as _, SendError, SendOptions, TaskSender};
use celeriac_protocol::{Signature, UtcTime};

use crate::fake_clock::FakeClock;
use crate::fake_store::FakeStore;
use crate::faults::Faults;
use crate::scene::STATE;

/// What was sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) id: String,
    pub(crate) at: UtcTime,
    pub(crate) task: String,
    pub(crate) options: SendOptions,
}

/// A broker that writes down what it gets.
pub(crate) struct Recorder {
    pub(crate) faults: Faults,
    /// A task whose queue is not there.
    pub(crate) lost_task: Mutex<Option<String>>,
    /// Sends that began without the lease.
    pub(crate) strays: AtomicUsize,
    sent: Mutex<Vec<Sent>>,
    clock: Arc<FakeClock>,
    store: Arc<FakeStore>,
}

impl Recorder {
    pub(crate) fn new(seed: u64, clock: &Arc<FakeClock>, store: &Arc<FakeStore>) -> Self {
        Self {
            faults: Faults::new(seed),
            lost_task: Mutex::default(),
            strays: AtomicUsize::new(0),
            sent: Mutex::default(),
            clock: Arc::clone(clock),
            store: Arc::clone(store),
        }
    }

    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.sent.lock().expect("no panic").clone()
    }
}

/// One beat's way to the recorder.
pub(crate) struct Sender {
    pub(crate) beat: String,
    pub(crate) recorder: Arc<Recorder>,
}

impl Sender {
    fn is_holder(&self) -> bool {
        let state = self.recorder.store.json(STATE);
        let holder = state["holder"].as_str().unwrap_or_default();
        holder.split(':').next() == Some(self.beat.as_str())
    }

    fn error(kind: BrokerErrorKind) -> SendError {
        SendError::Broker(BrokerError::new("send", "celery", kind))
    }
}

#[async_trait]
impl TaskSender for Sender {
    async fn send_task(
        &self,
        signature: Signature,
        options: SendOptions,
    ) -> Result<String, SendError> {
        let recorder = &self.recorder;
        if !self.is_holder() {
            recorder.strays.fetch_add(1, Ordering::Relaxed);
        }
        let fate = recorder.faults.fate();
        fate.before().await;
        if recorder.lost_task.lock().expect("no panic").as_ref() == Some(&signature.task) {
            return Err(Self::error(BrokerErrorKind::QueueNotFound));
        }
        let away = BrokerErrorKind::Unavailable("told to fail".to_owned());
        if fate.refused {
            return Err(Self::error(away));
        }
        let id = options.task_id.clone().expect("a run has its id");
        recorder.sent.lock().expect("no panic").push(Sent {
            id: id.clone(),
            at: recorder.clock.now(),
            task: signature.task,
            options,
        });
        fate.after().await;
        if fate.unanswered {
            return Err(Self::error(away));
        }
        Ok(id)
    }
}
