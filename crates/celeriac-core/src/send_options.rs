use std::collections::BTreeMap;
use std::time::Duration;

use celeriac_protocol::{Compression, Dict, Serializer, Signature, UtcTime};

/// `apply_async`'s options, in Celery's names. `None`: the task's own option, then the setting.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SendOptions {
    /// Else a random UUID.
    pub task_id: Option<String>,
    /// Run after this.
    pub countdown: Option<Duration>,
    /// Run at this time.
    pub eta: Option<UtcTime>,
    /// Do not run after this time from now; see `expires_at`.
    pub expires: Option<Duration>,
    /// Do not run after this time.
    pub expires_at: Option<UtcTime>,
    /// The queue, over every route.
    pub queue: Option<String>,
    /// Where a `task_routes` value or a named exchange says so; SQS has direct exchanges only.
    pub routing_key: Option<String>,
    /// 0 to 9; SQS ignores it.
    pub priority: Option<u8>,
    /// Custom headers.
    pub headers: Dict,
    /// Seconds until the run is ended.
    pub time_limit: Option<Duration>,
    /// Seconds until the run is told.
    pub soft_time_limit: Option<Duration>,
    /// Store no result.
    pub ignore_result: Option<bool>,
    /// A display name.
    pub shadow: Option<String>,
    /// Serializer of the payload.
    pub serializer: Option<Serializer>,
    /// Compression of the payload.
    pub compression: Option<Compression>,
    /// Sent with the result on success.
    pub link: Vec<Signature>,
    /// Sent with the id on failure.
    pub link_error: Vec<Signature>,
    /// The steps that remain of a chain, the next one LAST.
    pub chain: Option<Vec<Signature>>,
    /// The body of the chord this task is a part of.
    pub chord: Option<Box<Signature>>,
    /// The group's id.
    pub group_id: Option<String>,
    /// Position in the group.
    pub group_index: Option<i64>,
    /// First task of the workflow.
    pub root_id: Option<String>,
    /// The sender.
    pub parent_id: Option<String>,
    /// Depth of `replace`.
    pub replaced_task_nesting: Option<i64>,
    /// Unused on DynamoDB.
    pub reply_to: Option<String>,
    /// Starts at this number of retries.
    pub retries: Option<u32>,
    /// Instead of the text made from the arguments.
    pub argsrepr: Option<String>,
    /// Instead of the text made from the arguments.
    pub kwargsrepr: Option<String>,
    /// Stamps; their names go to `stamped_headers`.
    pub stamps: Dict,
    /// SQS `MessageGroupId`: FIFO order, or fair-queue tenant.
    pub message_group_id: Option<String>,
    /// SQS `MessageDeduplicationId`, FIFO only; else the task id.
    pub message_deduplication_id: Option<String>,
    /// SQS message attributes, as text.
    pub message_attributes: BTreeMap<String, String>,
    /// Any other option: goes into the message's properties, as in Celery.
    pub extra: Dict,
}

impl SendOptions {
    /// These options with `over`'s given ones on top. Headers, stamps, message attributes and other options are merged by
    /// name; a time given in one form replaces the other form; callbacks replace callbacks.
    #[must_use]
    pub fn overlaid(self, over: Self) -> Self {
        let (countdown, eta) = one_form((self.countdown, self.eta), (over.countdown, over.eta));
        let (expires, expires_at) = one_form(
            (self.expires, self.expires_at),
            (over.expires, over.expires_at),
        );
        Self {
            task_id: over.task_id.or(self.task_id),
            countdown,
            eta,
            expires,
            expires_at,
            queue: over.queue.or(self.queue),
            routing_key: over.routing_key.or(self.routing_key),
            priority: over.priority.or(self.priority),
            headers: merged(self.headers, over.headers),
            time_limit: over.time_limit.or(self.time_limit),
            soft_time_limit: over.soft_time_limit.or(self.soft_time_limit),
            ignore_result: over.ignore_result.or(self.ignore_result),
            shadow: over.shadow.or(self.shadow),
            serializer: over.serializer.or(self.serializer),
            compression: over.compression.or(self.compression),
            link: if over.link.is_empty() {
                self.link
            } else {
                over.link
            },
            link_error: if over.link_error.is_empty() {
                self.link_error
            } else {
                over.link_error
            },
            chain: over.chain.or(self.chain),
            chord: over.chord.or(self.chord),
            group_id: over.group_id.or(self.group_id),
            group_index: over.group_index.or(self.group_index),
            root_id: over.root_id.or(self.root_id),
            parent_id: over.parent_id.or(self.parent_id),
            replaced_task_nesting: over.replaced_task_nesting.or(self.replaced_task_nesting),
            reply_to: over.reply_to.or(self.reply_to),
            retries: over.retries.or(self.retries),
            argsrepr: over.argsrepr.or(self.argsrepr),
            kwargsrepr: over.kwargsrepr.or(self.kwargsrepr),
            stamps: merged(self.stamps, over.stamps),
            message_group_id: over.message_group_id.or(self.message_group_id),
            message_deduplication_id: over
                .message_deduplication_id
                .or(self.message_deduplication_id),
            message_attributes: merged(self.message_attributes, over.message_attributes),
            extra: merged(self.extra, over.extra),
        }
    }
}

/// A relative and an absolute form of one time: what is given on top replaces both.
fn one_form<A, B>(
    under: (Option<A>, Option<B>),
    over: (Option<A>, Option<B>),
) -> (Option<A>, Option<B>) {
    if over.0.is_some() || over.1.is_some() {
        over
    } else {
        under
    }
}

fn merged<M: Extend<(String, V)> + IntoIterator<Item = (String, V)>, V>(
    mut under: M,
    over: M,
) -> M {
    under.extend(over);
    under
}
