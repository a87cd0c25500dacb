//! Messages: what covers a task, what may be deleted, what is said twice.

use celeriac_core::Capabilities;
use celeriac_protocol::{Envelope, Limits, UtcTime};

use super::super::plan::TaskPlan;
use super::of_canvases::shown;
use super::task::Role;
use super::{Checker, Tracked};
use crate::cloud::Message;

fn is_fifo(queue: &str) -> bool {
    Capabilities::sqs(queue).fifo
}

fn is_dead_letter_queue(queue: &str) -> bool {
    queue.contains("-dlq")
}

/// celeriac's header of a message that left a FIFO queue: the ledger counts its retries.
const IN_PLACE: &str = "celeriac_in_place";

impl Checker {
    /// A client is about to send these, in this order.
    pub(crate) fn sending(&mut self, task: &TaskPlan, now: UtcTime) {
        let countdown = task.countdown;
        if let Some(tracked) = self.tasks.get_mut(&task.id) {
            tracked.due = now.after(countdown);
        }
        if let Some(group) = &task.group {
            let group = (task.queue.clone(), group.clone());
            self.order.entry(group).or_default().push(task.id.clone());
        }
    }

    /// The broker has it, as far as the client knows.
    pub(crate) fn accepted(&mut self, task: &TaskPlan) {
        if let Some(tracked) = self.tasks.get_mut(&task.id) {
            tracked.accepted = true;
        }
    }

    /// A function is being invoked with an event, or will not be any more.
    pub(crate) fn invoking(&mut self, task: &TaskPlan, invoked: bool) {
        if let Some(tracked) = self.tasks.get_mut(&task.id) {
            tracked.invoked = invoked;
        }
    }

    /// A function did not take on an event that is for later, although nothing went wrong.
    pub(crate) fn refused(&mut self, task: &TaskPlan, how: &str, now: UtcTime) {
        let text = format!("an invocation with {} was refused: {how}", task.id);
        self.broken(1, now, text);
    }

    pub(crate) fn sent(&mut self, queue: &str, message: &Message, now: UtcTime) {
        let Ok(envelope) = Envelope::decode(&message.body, &Limits::default()) else {
            return self.broken(10, now, format!("an unreadable message in `{queue}`"));
        };
        let headers = &envelope.headers;
        if !self.tasks.contains_key(&headers.id) {
            self.run_of_entry(&headers.id, now);
        }
        let Some(tracked) = self.tasks.get_mut(&headers.id) else {
            let text = format!("`{}` is sent, and nobody planned that", headers.id);
            return self.broken(10, now, text);
        };
        let place = (queue.to_owned(), message.number);
        if is_dead_letter_queue(queue) {
            tracked.dead_letters.insert(place);
            return self.dead_lettered(&headers.id, message, now);
        }
        tracked.moved |= queue != tracked.plan.queue;
        tracked.sent = true;
        let counts_in_ledger = headers.get(IN_PLACE).is_some();
        let retries = (!counts_in_ledger).then_some(headers.retries);
        tracked.messages.insert(place, retries);
        let arguments = envelope.payload(&Limits::default());
        let arguments = arguments.map(|payload| shown(&payload.args, &payload.kwargs));
        let arguments = arguments.unwrap_or_default();
        let first = tracked
            .arguments
            .get_or_insert_with(|| arguments.clone())
            .clone();
        let parent = tracked.parent.as_ref().map(|(parent, _)| parent.clone());
        // what Python made the ledger forget may end once more, with another result
        let ends_anew = parent
            .and_then(|parent| self.tasks.get(&parent))
            .is_some_and(|parent| parent.forgotten);
        if first != arguments && !ends_anew {
            let text = format!("{} was sent with {first} and with {arguments}", headers.id);
            return self.broken(10, now, text);
        }
        self.excluded(&headers.id, now);
        self.in_turn(&headers.id, now);
    }

    /// The next step and the error callback of one task are not both sent.
    fn excluded(&mut self, id: &str, now: UtcTime) {
        let Some((parent, role)) = self.tasks.get(id).and_then(|task| task.parent.clone()) else {
            return;
        };
        let Some(of) = self.tasks.get(&parent) else {
            return;
        };
        let (other, name) = match role {
            Role::Next => (&of.plan.errback, "its error callback"),
            Role::Errback => (&of.plan.next, "its next step"),
        };
        let both = other
            .as_ref()
            .and_then(|other| self.tasks.get(&other.id))
            .is_some_and(|other| other.sent);
        if both {
            let text = format!("{id} follows {parent}, and {name} was sent too");
            self.broken(9, now, text);
        }
    }

    fn dead_lettered(&mut self, id: &str, message: &Message, now: UtcTime) {
        let reason = message.attributes.get("celeriac-reason");
        let reason = reason.and_then(|value| value["StringValue"].as_str());
        if reason == Some("poison") {
            self.poisoned(id, now);
        }
    }

    pub(super) fn poisoned(&mut self, id: &str, now: UtcTime) {
        // the rest of a chain is stored with the failure of the task before it
        let Some(tracked) = self.tasks.get(id).filter(|tracked| tracked.sent) else {
            return;
        };
        let retries = tracked.item.as_ref().map_or(0, |item| item.retries);
        let lost = tracked.open.values().filter(|of| **of == retries).count();
        if lost < self.max_lost_runs as usize {
            let text = format!(
                "{id} is called poison after {lost} lost runs of {}",
                self.max_lost_runs
            );
            self.broken(12, now, text);
        } else if let Some(other) = &tracked.lost_to {
            let text = format!("{id} is called poison, and {other} ended its last run's process");
            self.broken(12, now, text);
        }
    }

    pub(crate) fn redriven(&mut self, from: &str, to: &str, message: &Message, now: UtcTime) {
        let Some(id) = id_of(message) else { return };
        let Some(tracked) = self.tasks.get_mut(&id) else {
            return;
        };
        tracked.messages.remove(&(from.to_owned(), message.number));
        tracked.dead_letters.insert((to.to_owned(), message.number));
        // without the ledger nobody counts lost runs, and the queue's own limit is what is left
        if !tracked.is_final() && !tracked.leaves_no_trace() {
            let text = format!(
                "{id} went to `{to}` after {} receives, without an end",
                message.receives
            );
            self.broken(12, now, text);
        }
    }

    pub(crate) fn removed(&mut self, queue: &str, message: &Message, expired: bool, now: UtcTime) {
        let Some(id) = id_of(message) else { return };
        let Some(tracked) = self.tasks.get_mut(&id) else {
            return;
        };
        let Some(retries) = tracked.messages.remove(&(queue.to_owned(), message.number)) else {
            return;
        };
        let in_ledger = tracked.item.as_ref().map_or(0, |item| item.retries);
        let retries = retries.unwrap_or(in_ledger);
        if tracked.is_over() || Self::covers(tracked, retries) {
            return;
        }
        let how = if expired { "lapsed" } else { "was deleted" };
        let stands = tracked.item.as_ref().map(|item| item.state.to_string());
        let text = format!(
            "the last message of {id} (retries {retries}) {how} in `{queue}`; the ledger has {}",
            stands.as_deref().unwrap_or("nothing")
        );
        self.broken(if expired { 1 } else { 2 }, now, text);
    }

    /// A request, the `number`th of all that were sent, has changed how long the message of this
    /// receipt is invisible. What was sent before the change that stands undoes it.
    pub(crate) fn hidden(&mut self, by: &str, receipt: &str, number: u64, now: UtcTime) {
        let newest = self.hidden.entry(receipt.to_owned()).or_insert(number);
        if *newest > number {
            let text = format!("{by} undid by an older request how long {receipt} is to stay away");
            return self.broken(14, now, text);
        }
        *newest = number;
    }

    /// Whether a message of the task is at least as new as the item's count, or its event comes
    /// again.
    pub(super) fn covers(tracked: &Tracked, retries: u32) -> bool {
        tracked.invoked
            || tracked.messages.iter().any(|((queue, _), counted)| {
                is_fifo(queue) || counted.is_none_or(|counted| counted >= retries)
            })
    }
}

fn id_of(message: &Message) -> Option<String> {
    let envelope = Envelope::decode(&message.body, &Limits::default()).ok()?;
    Some(envelope.headers.id)
}
