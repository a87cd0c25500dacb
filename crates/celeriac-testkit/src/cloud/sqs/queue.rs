use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use celeriac_protocol::UtcTime;
use serde_json::Value as Json;

use super::super::{Chances, CloudError, Watch};
use super::message::{Message, Outgoing, Taken};
use super::requests::Sent;
use super::{ACCOUNT, REGION, invalid};

/// SQS: for how long a deduplication id and a receive attempt's id are remembered.
const WINDOW: Duration = Duration::from_mins(5);
/// SQS: from its receive, a message can be invisible for 12 hours.
const LONGEST_HOLD: Duration = Duration::from_hours(12);
/// SQS: messages in flight of one queue.
const MAX_IN_FLIGHT: usize = 120_000;

/// A queue's settings.
#[derive(Clone, Debug)]
pub(super) struct Attributes {
    pub(super) visibility: Duration,
    retention: Duration,
    delay: Duration,
    /// The dead-letter queue, the receives before it, and the policy as it was given.
    redrive: Option<(String, u32, String)>,
}

pub(super) struct Queue {
    name: String,
    fifo: bool,
    pub(super) attributes: Attributes,
    messages: BTreeMap<u64, Message>,
    /// By deduplication id: the message's number and id, and when it was sent.
    seen: BTreeMap<String, (Arc<str>, UtcTime)>,
    /// What a receive attempt got, and when.
    attempts: BTreeMap<String, (Vec<u64>, UtcTime)>,
    next: u64,
}

impl Default for Attributes {
    fn default() -> Self {
        Self {
            visibility: Duration::from_secs(30),
            retention: Duration::from_hours(4 * 24),
            delay: Duration::ZERO,
            redrive: None,
        }
    }
}

impl Attributes {
    /// Takes over what is given.
    pub(super) fn set(&mut self, wanted: &BTreeMap<String, String>) -> Result<(), CloudError> {
        for (name, text) in wanted {
            let seconds = || {
                let seconds = text.parse().map(Duration::from_secs);
                seconds.map_err(|_| invalid(format!("`{text}` for the attribute {name}")))
            };
            match name.as_str() {
                "VisibilityTimeout" => self.visibility = seconds()?,
                "MessageRetentionPeriod" => self.retention = seconds()?,
                "DelaySeconds" => self.delay = seconds()?,
                "RedrivePolicy" => self.redrive = redrive(text)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether a queue with these is also the queue that is wanted.
    pub(super) fn agrees(&self, wanted: &BTreeMap<String, String>) -> Result<bool, CloudError> {
        let mut other = self.clone();
        other.set(wanted)?;
        Ok((other.visibility, other.retention, other.delay)
            == (self.visibility, self.retention, self.delay)
            && other.redrive.map(|redrive| redrive.2)
                == self.redrive.as_ref().map(|redrive| redrive.2.clone()))
    }
}

fn redrive(policy: &str) -> Result<Option<(String, u32, String)>, CloudError> {
    if policy.is_empty() {
        return Ok(None);
    }
    let read: Json = serde_json::from_str(policy).map_err(|error| invalid(error.to_string()))?;
    let target = read["deadLetterTargetArn"].as_str().unwrap_or_default();
    let target = target.rsplit(':').next().unwrap_or_default().to_owned();
    let count = match &read["maxReceiveCount"] {
        Json::String(text) => text.parse().ok(),
        number => number.as_u64().and_then(|count| u32::try_from(count).ok()),
    };
    match count {
        Some(count @ 1..=1000) if !target.is_empty() => {
            Ok(Some((target, count, policy.to_owned())))
        }
        _ => Err(invalid(format!(
            "`{policy}` for the attribute RedrivePolicy"
        ))),
    }
}

/// A dead-letter queue and what goes there.
type Exhausted = Option<(String, Vec<Message>)>;

impl Queue {
    pub(super) fn new(name: &str, fifo: bool, attributes: Attributes) -> Self {
        Self {
            name: name.to_owned(),
            fifo,
            attributes,
            messages: BTreeMap::new(),
            seen: BTreeMap::new(),
            attempts: BTreeMap::new(),
            next: 0,
        }
    }

    pub(super) fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.values()
    }

    pub(super) fn send(
        &mut self,
        message: Outgoing,
        now: UtcTime,
        watch: &dyn Watch,
    ) -> Result<Sent, CloudError> {
        self.check(&message)?;
        if let Some(id) = self.earlier(&message, now) {
            return Ok(Sent { id, md5: "" });
        }
        self.next += 1;
        let id: Arc<str> = format!("{}-{}", self.name, self.next).into();
        if let (true, Some(dedup_id)) = (self.fifo, &message.dedup_id) {
            self.seen.insert(dedup_id.clone(), (id.clone(), now));
        }
        let message = Message {
            number: self.next,
            id: id.clone(),
            body: message.body,
            attributes: message.attributes,
            group: message.group,
            dedup_id: message.dedup_id,
            sent_at: now,
            visible_at: now.after(message.delay.unwrap_or(self.attributes.delay)),
            receives: 0,
            receipt: None,
            received_at: None,
            copies: 0,
        };
        watch.sent(&self.name, &message);
        self.messages.insert(self.next, message);
        Ok(Sent { id, md5: "" })
    }

    fn check(&self, message: &Outgoing) -> Result<(), CloudError> {
        match (self.fifo, &message.group, &message.dedup_id) {
            (true, None, _) => Err(CloudError::new(
                "MissingParameter",
                "The request must contain the parameter MessageGroupId.",
            )),
            (true, _, None) => Err(invalid(
                "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
            )),
            (true, _, _) if message.delay.is_some_and(|delay| !delay.is_zero()) => Err(invalid(
                "The request include parameter that is not valid for this queue type: DelaySeconds",
            )),
            (false, _, Some(_)) => Err(invalid(
                "The request include parameter that is not valid for this queue type: MessageDeduplicationId",
            )),
            _ => Ok(()),
        }
    }

    /// The message that was sent with this deduplication id less than five minutes ago, deleted or
    /// not.
    fn earlier(&mut self, message: &Outgoing, now: UtcTime) -> Option<Arc<str>> {
        self.seen
            .retain(|_, (_, sent_at)| sent_at.after(WINDOW) > now);
        let seen = self
            .seen
            .get(message.dedup_id.as_ref().filter(|_| self.fifo)?);
        seen.map(|(id, _)| id.clone())
    }

    /// A message that comes from another queue by its redrive policy. A standard one keeps its time
    /// of sending.
    pub(super) fn adopt(&mut self, message: Message, now: UtcTime) {
        self.next += 1;
        let sent_at = if self.fifo { now } else { message.sent_at };
        let message = Message {
            number: self.next,
            sent_at,
            visible_at: now,
            receipt: None,
            ..message
        };
        self.messages.insert(self.next, message);
    }

    pub(super) fn receive(
        &mut self,
        count: usize,
        visibility: Duration,
        attempt: Option<&str>,
        now: UtcTime,
        chances: &dyn Chances,
        watch: &dyn Watch,
    ) -> Result<(Taken, Exhausted), CloudError> {
        if count == 0 || count > 10 {
            return Err(invalid("MaxNumberOfMessages must be between 1 and 10"));
        }
        self.expire(now, watch);
        if self.messages.len() >= MAX_IN_FLIGHT && self.in_flight(now) >= MAX_IN_FLIGHT {
            return Err(CloudError::new(
                "com.amazonaws.sqs#OverLimit",
                "Too many messages in flight",
            ));
        }
        if let Some(again) = attempt.and_then(|attempt| self.again(attempt, visibility, now)) {
            return Ok((again, None));
        }
        let mut exhausted = Vec::new();
        let mut taken = Taken::default();
        for number in self.due(count, now, chances) {
            let spent = match (&self.attributes.redrive, self.messages.get(&number)) {
                (Some((_, most, _)), Some(message)) => message.receives >= *most,
                _ => false,
            };
            if spent {
                exhausted.extend(self.messages.remove(&number));
            } else if let Some(message) = self.messages.get_mut(&number) {
                hand_out(message, &self.name, visibility, now);
                watch.received(&self.name, message);
                taken.messages.push(message.clone());
            }
        }
        if let Some(attempt) = attempt.filter(|_| self.fifo && !taken.messages.is_empty()) {
            let numbers = taken.messages.iter().map(|message| message.number);
            self.attempts
                .insert(attempt.to_owned(), (numbers.collect(), now));
        }
        if taken.messages.is_empty() {
            let later = self.messages.values().map(|message| message.visible_at);
            taken.next_due = later.filter(|at| *at > now).min();
        }
        let target = self.attributes.redrive.as_ref();
        let moved = target.map(|(target, _, _)| (target.clone(), exhausted));
        Ok((taken, moved.filter(|(_, moved)| !moved.is_empty())))
    }

    /// A FIFO receive whose answer was lost gets the same messages again, as long as they are its
    /// own.
    fn again(&mut self, attempt: &str, visibility: Duration, now: UtcTime) -> Option<Taken> {
        self.attempts.retain(|_, (_, at)| at.after(WINDOW) > now);
        let (numbers, at) = self.attempts.get(attempt)?.clone();
        let mine =
            |message: &&mut Message| message.received_at == Some(at) && message.in_flight(now);
        let mut taken = Taken::default();
        for number in numbers {
            let message = self.messages.get_mut(&number).filter(mine)?;
            message.visible_at = now.after(visibility);
            taken.messages.push(message.clone());
        }
        Some(taken)
    }

    /// Which messages a receive gets.
    fn due(&self, count: usize, now: UtcTime, chances: &dyn Chances) -> Vec<u64> {
        if self.fifo {
            return self.due_in_order(count, now);
        }
        let visible = |message: &&Message| message.visible_at <= now;
        let mut due: Vec<u64> = self
            .messages
            .values()
            .filter(|message| {
                visible(message) || (message.may_be_copied(now) && chances.duplicates())
            })
            .map(|message| message.number)
            .collect();
        let mut chosen = Vec::new();
        while chosen.len() < count && !due.is_empty() {
            chosen.push(due.remove(chances.below(due.len())));
        }
        chosen
    }

    /// In the order of sending, none of a group with a message in flight.
    fn due_in_order(&self, count: usize, now: UtcTime) -> Vec<u64> {
        let waits = |message: &&Message| message.visible_at > now;
        let blocked: BTreeSet<&String> = self
            .messages
            .values()
            .filter(waits)
            .filter_map(|message| message.group.as_ref())
            .collect();
        let free = self.messages.values().filter(|message| {
            message
                .group
                .as_ref()
                .is_none_or(|group| !blocked.contains(group))
        });
        free.take(count).map(|message| message.number).collect()
    }

    pub(super) fn delete(
        &mut self,
        receipt: &str,
        now: UtcTime,
        chances: &dyn Chances,
        watch: &dyn Watch,
    ) -> Result<(), CloudError> {
        let number = self.number_of(receipt)?;
        let Some(message) = self.messages.get(&number) else {
            return Ok(());
        };
        let is_last = message.receipt.as_deref() == Some(receipt);
        if !is_last && (self.fifo || !chances.old_receipt_deletes()) {
            return Ok(()); // success, and the message stays
        }
        if self.fifo && message.visible_at <= now {
            return Err(invalid(format!(
                "Value {receipt} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
            )));
        }
        if !self.fifo && chances.forgets_deletion() {
            return Ok(());
        }
        if let Some(message) = self.messages.remove(&number) {
            watch.removed(&self.name, &message, false);
        }
        Ok(())
    }

    pub(super) fn change_visibility(
        &mut self,
        receipt: &str,
        visibility: Duration,
        now: UtcTime,
    ) -> Result<(), CloudError> {
        let number = self.number_of(receipt)?;
        let held = self
            .messages
            .get_mut(&number)
            .filter(|message| message.receipt.as_deref() == Some(receipt));
        let Some(message) = held else {
            return Err(invalid(format!(
                "Value {receipt} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change."
            )));
        };
        if message.visible_at <= now {
            return Err(CloudError::new(
                "com.amazonaws.sqs#MessageNotInflight",
                "The message is not in flight",
            ));
        }
        let until = now.after(visibility);
        if message
            .received_at
            .is_some_and(|received_at| until > received_at.after(LONGEST_HOLD))
        {
            return Err(invalid(
                "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]",
            ));
        }
        message.visible_at = until;
        Ok(())
    }

    pub(super) fn purge(&mut self, watch: &dyn Watch) {
        for message in std::mem::take(&mut self.messages).into_values() {
            watch.removed(&self.name, &message, true);
        }
    }

    /// Attributes by name, as texts.
    pub(super) fn describe(&self, now: UtcTime) -> BTreeMap<&'static str, String> {
        let counted = |test: &dyn Fn(&Message) -> bool| {
            let count = self
                .messages
                .values()
                .filter(|message| test(message))
                .count();
            count.to_string()
        };
        let seconds = |duration: Duration| duration.as_secs().to_string();
        let mut all = BTreeMap::new();
        let mut put = |name: &'static str, value: String| all.insert(name, value);
        put(
            "QueueArn",
            format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}", self.name),
        );
        put(
            "ApproximateNumberOfMessages",
            counted(&|message| message.visible_at <= now),
        );
        put(
            "ApproximateNumberOfMessagesNotVisible",
            counted(&|message| message.in_flight(now)),
        );
        put(
            "ApproximateNumberOfMessagesDelayed",
            counted(&|message| message.visible_at > now && message.receipt.is_none()),
        );
        put("VisibilityTimeout", seconds(self.attributes.visibility));
        put("MessageRetentionPeriod", seconds(self.attributes.retention));
        put("DelaySeconds", seconds(self.attributes.delay));
        if self.fifo {
            put("FifoQueue", "true".to_owned());
        }
        if let Some((_, _, policy)) = &self.attributes.redrive {
            put("RedrivePolicy", policy.clone());
        }
        all
    }

    fn in_flight(&self, now: UtcTime) -> usize {
        let held = |message: &&Message| message.in_flight(now);
        self.messages.values().filter(held).count()
    }

    fn expire(&mut self, now: UtcTime, watch: &dyn Watch) {
        let retention = self.attributes.retention;
        let gone = |message: &Message| message.sent_at.after(retention) <= now;
        if !self.messages.values().any(gone) {
            return;
        }
        let (expired, kept) = std::mem::take(&mut self.messages)
            .into_iter()
            .partition(|(_, message)| gone(message));
        self.messages = kept;
        for message in BTreeMap::into_values(expired) {
            watch.removed(&self.name, &message, true);
        }
    }

    /// The message of a receipt: `<queue>/<number>/<receive>`.
    fn number_of(&self, receipt: &str) -> Result<u64, CloudError> {
        let parts = receipt
            .strip_prefix(&self.name)
            .and_then(|rest| rest.strip_prefix('/'))
            .and_then(|rest| rest.split_once('/'));
        let number = parts.and_then(|(number, _)| number.parse().ok());
        number.ok_or_else(|| {
            CloudError::new(
                "com.amazonaws.sqs#ReceiptHandleIsInvalid",
                format!("The input receipt handle \"{receipt}\" is not a valid receipt handle."),
            )
        })
    }
}

fn hand_out(message: &mut Message, queue: &str, visibility: Duration, now: UtcTime) {
    message.copies = if message.in_flight(now) {
        message.copies + 1
    } else {
        0
    };
    message.receives += 1;
    message.receipt = Some(format!("{queue}/{}/{}", message.number, message.receives).into());
    message.received_at = Some(now);
    message.visible_at = now.after(visibility);
}
