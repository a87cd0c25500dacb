use std::sync::Arc;

use celeriac_core::{
    Delivery, Params, ScheduledRun, TaskDefinition, TaskError, TaskIdentity, TaskKind, TaskOptions,
    retries_of_try, try_number,
};
use celeriac_protocol::{Envelope, Extended, Value};

use crate::ending;
use crate::engine::Engine;
use crate::reply::Reply;

/// Header of a retry: the nonce of the claim whose run sent it, whose lease does not hold it up.
pub(crate) const SENT_BY: &str = "celeriac_sent_by";
/// Header of a message that left a FIFO queue: its retries are counted in the ledger, not in its
/// own header.
pub(crate) const IN_PLACE: &str = "celeriac_in_place";

/// Header of what follows a task and stores no result: only the ledger makes one run of two copies.
pub(crate) const GUARD: &str = "celeriac_guard";

/// A readable delivery of a known task, with what its message, its task and the settings together
/// say about it.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent answers to independent questions"
)]
pub(crate) struct Call {
    pub(crate) delivery: Delivery,
    pub(crate) envelope: Arc<Envelope>,
    pub(crate) definition: Arc<TaskDefinition>,
    pub(crate) fifo: bool,
    pub(crate) ignore_result: bool,
    /// Failures and retries are shown although the result is ignored.
    pub(crate) store_errors: bool,
    /// Claimed before it runs.
    pub(crate) uses_ledger: bool,
    pub(crate) acks_late: bool,
    pub(crate) track_started: bool,
    /// The message is gone already: `acks_late` is off and the run has started.
    pub(crate) acked: bool,
    /// What `result_extended` adds.
    pub(crate) extended: Option<Extended>,
    /// To who waits for the end.
    pub(crate) reply: Reply,
}

impl Call {
    pub(crate) fn new(
        engine: &Engine,
        delivery: Delivery,
        envelope: Arc<Envelope>,
        definition: Arc<TaskDefinition>,
    ) -> Self {
        let settings = &engine.parts.settings;
        let options = &definition.options;
        let fifo = engine.parts.broker.capabilities(&delivery.queue).fifo;
        let ignore_result = envelope
            .headers
            .ignore_result
            .or(options.ignore_result)
            .unwrap_or(settings.task_ignore_result);
        let store_errors = options
            .store_errors_even_if_ignored
            .unwrap_or(settings.task_store_errors_even_if_ignored);
        // a schedule may fire twice for one time, with one id: only the ledger makes that one run
        let scheduled = envelope.headers.get(ScheduledRun::HEADER).is_some();
        // a FIFO retry counts in the ledger: a second receive may be one
        let in_place = envelope.headers.get(IN_PLACE).is_some();
        let received_again = (fifo && delivery.receive_count > 1) || in_place;
        // a member of a chord must be seen to end
        let guarded = envelope.headers.group.is_some()
            || [GUARD, ending::CHORD]
                .iter()
                .any(|name| envelope.headers.get(name).is_some());
        let guarded = guarded && options.ledger != Some(false);
        let wanted = !ignore_result
            || options.ledger == Some(true)
            || guarded
            || scheduled
            || received_again;
        Self {
            fifo,
            ignore_result,
            store_errors,
            uses_ledger: wanted && engine.ledger.is_some(),
            acks_late: options.acks_late.unwrap_or(settings.task_acks_late),
            track_started: !ignore_result
                && options.track_started.unwrap_or(settings.task_track_started),
            acked: false,
            extended: None,
            reply: Reply::default(),
            envelope,
            definition,
            delivery,
        }
    }

    /// A delivery of a task that is not registered here: no options of its own.
    pub(crate) fn of_unknown(engine: &Engine, delivery: Delivery, envelope: Arc<Envelope>) -> Self {
        static NONE: Params = Params::NONE;
        // never run
        let kind = TaskKind::Async(Arc::new(|_, _| Box::pin(async { Err(TaskError::Ignore) })));
        let definition = TaskDefinition {
            states: &[],
            name: envelope.headers.task.clone(),
            params: &NONE,
            options: TaskOptions::default(),
            kind,
        };
        Self::new(engine, delivery, envelope, Arc::new(definition))
    }

    pub(crate) fn id(&self) -> &str {
        &self.envelope.headers.id
    }

    /// Whose its id is.
    pub(crate) fn identity(&self) -> TaskIdentity {
        TaskIdentity::of(&self.envelope.headers, &self.delivery.queue)
    }

    pub(crate) fn retries(&self) -> u32 {
        self.envelope.headers.retries
    }

    /// Which try of its id it is, for the ledger.
    pub(crate) fn try_number(&self) -> u32 {
        try_number(&self.envelope.headers)
    }

    /// Whether it replaces an earlier task of its id.
    pub(crate) fn replaces(&self) -> bool {
        self.envelope.headers.replaced_task_nesting > 0
    }

    pub(crate) fn options(&self) -> &TaskOptions {
        &self.definition.options
    }

    /// Whether readers are to see a failure or a retry.
    pub(crate) fn shows_errors(&self) -> bool {
        !self.ignore_result || self.store_errors
    }

    /// An item is likely there: the message was received before, or is a retry.
    pub(crate) fn likely_known(&self) -> bool {
        self.delivery.receive_count > 1 || self.try_number() > 0
    }

    /// Whether the ledger may count more retries than the message: on FIFO queues it stays as it
    /// was sent.
    pub(crate) fn counts_in_ledger(&self) -> bool {
        self.fifo || self.envelope.headers.get(IN_PLACE).is_some()
    }

    /// Whether its queue is one to which functions pass on what they cannot end.
    pub(crate) fn takes_over(&self, engine: &Engine) -> bool {
        let of_functions = [
            &engine.parts.settings.lambda_spill_queue,
            &self.options().spill,
        ];
        let mut of_functions = of_functions.into_iter().flatten();
        of_functions.any(|queue| *queue == self.delivery.queue)
    }

    /// The nonce of the claim whose run sent this retry.
    pub(crate) fn sent_by(&self) -> Option<String> {
        match self.envelope.headers.extra.get(SENT_BY) {
            Some(Value::Str(nonce)) => Some(nonce.clone()),
            _ => None,
        }
    }

    /// Takes over the try that the ledger counted: on FIFO queues the message itself stays as it was
    /// sent.
    pub(crate) fn set_try(&mut self, number: u32) {
        let headers = &mut Arc::make_mut(&mut self.envelope).headers; // not shared before the run
        headers.retries = retries_of_try(number);
    }
}
