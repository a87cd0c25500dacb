use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use celeriac_core::canvas::mapped_task;
use celeriac_core::{
    Clock, LONGEST_ETA, MessageOptions, Registry, Router, SendError, SendOptions, Settings,
    deduplication_id,
};
use celeriac_protocol::{
    Embed, Envelope, Headers, Payload, Signature, UtcTime, WireForm, repr_args, repr_kwargs,
};

use crate::call_options::{CallOptions, TaskOf};
use crate::message_properties::{celery_only, properties};
use crate::outbox::Parcel;

/// SQS keeps a message so long at most, from its send on
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html>).
const LONGEST_RETENTION: Duration = Duration::from_hours(14 * 24);
/// The last microsecond of year 9999, the last that Python's datetime knows.
const LAST_TIME: UtcTime = UtcTime(253_402_300_799_999_999);

/// Makes Celery messages out of calls: options, route, headers, payload (SPEC 1.2 to 1.5, 4, 5). No
/// I/O.
#[derive(Clone)]
pub struct MessageBuilder {
    registry: Arc<Registry>,
    router: Router,
    settings: Arc<Settings>,
    clock: Arc<dyn Clock>,
    origin: String,
    reply_to: String,
}

/// A task message before it is put into a broker's terms.
#[derive(Clone, Debug)]
pub struct Message {
    /// The Celery queue it goes to.
    pub queue: String,
    /// Headers, properties and payload.
    pub envelope: Envelope,
    /// The time it is to run at, as the header says.
    pub eta: Option<UtcTime>,
    /// The `delay_seconds` option, which counts over `eta` for the broker's delay; the header
    /// stays.
    pub delay: Option<Duration>,
    /// SQS `MessageGroupId`, if given.
    pub group_id: Option<String>,
    /// SQS `MessageDeduplicationId`, if given.
    pub dedup_id: Option<String>,
    /// SQS message attributes.
    pub attributes: BTreeMap<String, String>,
}

impl MessageBuilder {
    /// A builder for this process: one origin (`gen<pid>@<host>`) and one `reply_to` for all of its
    /// messages.
    pub fn new(
        registry: Arc<Registry>,
        router: Router,
        settings: Arc<Settings>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let host = gethostname::gethostname();
        let origin = format!("gen{}@{}", std::process::id(), host.to_string_lossy());
        Self {
            registry,
            router,
            settings,
            clock,
            origin,
            reply_to: celeriac_core::random::uuid4().to_string(),
        }
    }

    /// The message of one call. `options` win over the signature's own, those over the task's,
    /// those over the route's (SPEC 5).
    ///
    /// # Errors
    /// `SendError::Invalid` names the option that cannot be; `SendError::Encode` says what cannot
    /// be written.
    pub fn message(
        &self,
        signature: Signature,
        options: SendOptions,
    ) -> Result<Message, SendError> {
        let invalid = |reason: String| invalid(&signature.task, reason);
        if signature.task.is_empty() {
            return Err(invalid("the task's name is empty".to_owned()));
        }
        let own = SendOptions::from_dict(&signature.options).map_err(invalid)?;
        let call = self.resolve(&signature, own, options)?;
        call.check().map_err(invalid)?;
        self.assemble(signature, call)
    }

    /// The message of a signature that came in another message: what Celery sends of it is sent,
    /// whatever the types of its parts.
    ///
    /// # Errors
    /// As [`message`](Self::message), where Celery cannot send it either.
    pub fn follow_up(
        &self,
        signature: Signature,
        options: SendOptions,
    ) -> Result<Message, SendError> {
        let task = signature.task.clone();
        let signature = signature.readable();
        let signature = signature.map_err(|error| invalid(&task, error.to_string()))?;
        let invalid = |reason: String| invalid(&signature.task, reason);
        let own = MessageOptions::read(&signature.options).map_err(invalid)?;
        let mut call = self.resolve(&signature, own.options, options)?;
        call.drop_celery_headers();
        let mut message = self.assemble(signature, call)?;
        let Envelope {
            headers,
            properties,
            ..
        } = &mut message.envelope;
        properties.priority = own.priority.or(properties.priority);
        headers.eta = own.eta.or(headers.eta.take());
        Ok(message)
    }

    fn resolve(
        &self,
        signature: &Signature,
        own: SendOptions,
        options: SendOptions,
    ) -> Result<CallOptions, SendError> {
        let task = &signature.task;
        if let Some(kind) = &signature.subtask_type {
            let reason = format!("a {kind} is not one task and cannot be sent as a message");
            return Err(invalid(task, reason));
        }
        let known = TaskOf {
            routed_as: mapped_task(task, &signature.kwargs).unwrap_or(task),
            definition: self.registry.find(task).map(AsRef::as_ref),
            settings: &self.settings,
        };
        CallOptions::resolve(&known, own, options, &self.router)
            .map_err(|reason| invalid(task, reason))
    }

    fn assemble(&self, signature: Signature, call: CallOptions) -> Result<Message, SendError> {
        let Signature {
            task, args, kwargs, ..
        } = signature;
        let invalid = |reason: String| invalid(&task, reason);
        let (queue, mut options) = (call.queue, call.options);
        let now = self.clock.now();
        let id = options
            .task_id
            .take()
            .unwrap_or_else(|| celeriac_core::random::uuid4().to_string());
        let eta = eta(&options, now).map_err(invalid)?;
        let expires = expires(&options, now).map_err(invalid)?;
        let unusual = celery_only(&mut options.extra).map_err(invalid)?;
        let serializer = options.serializer.unwrap_or(self.settings.task_serializer);
        let compression = options.compression.or(self.settings.task_compression);
        let lasts = expires.map(|at| at.since(now));
        let properties = properties(&id, &queue, &self.reply_to, lasts, &options, &unusual);
        let payload = payload(args, kwargs, &mut options);
        let group_id = options.message_group_id.take();
        let dedup_id = options.message_deduplication_id.take();
        let attributes = std::mem::take(&mut options.message_attributes);
        let headers = Headers {
            origin: Some(unusual.origin.unwrap_or_else(|| self.origin.clone())),
            ignore_result: call.ignore_result,
            ..headers(&task, id, (eta, expires), options, &payload)
        };
        let envelope = Envelope::new(headers, properties, &payload, serializer, compression);
        let envelope = envelope.map_err(|error| SendError::Encode {
            task,
            reason: error.to_string(),
        })?;
        Ok(Message {
            queue,
            envelope,
            eta,
            delay: unusual.delay,
            group_id,
            dedup_id,
            attributes,
        })
    }
}

fn invalid(task: &str, reason: String) -> SendError {
    SendError::Invalid {
        task: task.to_owned(),
        reason,
    }
}

/// Arguments, and what follows the task (SPEC 1.5).
fn payload(
    args: Vec<celeriac_protocol::Value>,
    kwargs: celeriac_protocol::Dict,
    options: &mut SendOptions,
) -> Payload {
    let embed = Embed {
        callbacks: non_empty(std::mem::take(&mut options.link)),
        errbacks: non_empty(std::mem::take(&mut options.link_error)),
        chain: options.chain.take(),
        chord: options.chord.take().map(|body| *body),
        ..Embed::default()
    };
    Payload {
        args,
        kwargs,
        embed,
    }
}

/// What the options say about a task, without those that other parts of the message carry (SPEC
/// 1.3).
fn headers(
    task: &str,
    id: String,
    (eta, expires): (Option<UtcTime>, Option<UtcTime>),
    options: SendOptions,
    payload: &Payload,
) -> Headers {
    let Payload { args, kwargs, .. } = payload;
    Headers {
        lang: Some("rust".to_owned()),
        task: task.to_owned(),
        shadow: options.shadow,
        eta: eta.map(UtcTime::to_iso),
        expires: expires.map(UtcTime::to_iso),
        group: options.group_id,
        group_index: options.group_index,
        retries: options.retries.unwrap_or(0),
        timelimit: (
            options.time_limit.map(|limit| limit.as_secs_f64()),
            options.soft_time_limit.map(|limit| limit.as_secs_f64()),
        ),
        root_id: Some(options.root_id.unwrap_or_else(|| id.clone())),
        parent_id: options.parent_id,
        argsrepr: Some(options.argsrepr.unwrap_or_else(|| repr_args(args))),
        kwargsrepr: Some(options.kwargsrepr.unwrap_or_else(|| repr_kwargs(kwargs))),
        replaced_task_nesting: options.replaced_task_nesting.unwrap_or(0),
        stamped_headers: (!options.stamps.is_empty())
            .then(|| options.stamps.keys().cloned().collect()),
        stamps: options.stamps,
        compression: None, // set with the payload
        extra: options.headers,
        id,
        ..Headers::default()
    }
}

impl Message {
    /// The task's id.
    pub fn task_id(&self) -> &str {
        &self.envelope.headers.id
    }

    /// What is sent, at this time and in this form.
    pub fn parcel(&self, form: WireForm, now: UtcTime) -> Parcel {
        let given = self.dedup_id.clone();
        Parcel {
            queue: self.queue.clone(),
            body: self.envelope.encode(form),
            at: self.delay.map(|delay| now.after(delay)).or(self.eta),
            group: self.group_id.clone(),
            dedup_id: given.or_else(|| Some(deduplication_id(self.task_id()))),
            attributes: self.attributes.clone(),
        }
    }

    /// For a FIFO queue: there a message cannot be sent again for its `eta`, and is lost if that is
    /// later than the queue keeps it.
    ///
    /// # Errors
    /// An `eta` beyond what any queue keeps.
    pub(crate) fn check_retention(&self, now: UtcTime) -> Result<(), SendError> {
        let wait = self.eta.map_or(Duration::ZERO, |eta| eta.since(now));
        if wait <= LONGEST_RETENTION {
            return Ok(());
        }
        let reason = format!(
            "its `eta` is over 14 days away, and the FIFO queue `{}` keeps no message for longer: \
             use a standard queue, or a schedule",
            self.queue
        );
        Err(invalid(&self.envelope.headers.task, reason))
    }
}

fn eta(options: &SendOptions, now: UtcTime) -> Result<Option<UtcTime>, String> {
    match (options.countdown, options.eta) {
        (Some(_), Some(_)) => {
            Err("options `countdown` and `eta` are both given: leave one out".to_owned())
        }
        (Some(countdown), None) if !countdown.is_zero() => {
            not_too_far("countdown", now.after(countdown), now).map(Some)
        }
        (None, Some(eta)) => not_too_far("eta", eta, now).map(Some),
        _ => Ok(None),
    }
}

fn expires(options: &SendOptions, now: UtcTime) -> Result<Option<UtcTime>, String> {
    match (options.expires, options.expires_at) {
        (Some(_), Some(_)) => {
            Err("options `expires` and `expires_at` are both given: leave one out".to_owned())
        }
        (Some(expires), None) => within_range("expires", now.after(expires)).map(Some),
        (None, at) => at.map(|at| within_range("expires", at)).transpose(),
    }
}

fn not_too_far(option: &str, at: UtcTime, now: UtcTime) -> Result<UtcTime, String> {
    if at.since(now) > LONGEST_ETA {
        return Err(format!(
            "option `{option}` is over a thousand years away: use a schedule"
        ));
    }
    Ok(at)
}

fn within_range(option: &str, at: UtcTime) -> Result<UtcTime, String> {
    if at > LAST_TIME {
        Err(format!("option `{option}` is after the year 9999"))
    } else {
        Ok(at)
    }
}

fn non_empty<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
}
