//! One builder method for each option of `apply_async`.

use std::time::Duration;

use celeriac_protocol::{Compression, Dict, EncodeError, Serializer, Signature, UtcTime, to_value};
use serde::Serialize;

use crate::{SendOptions, TaskSignature};

impl<T> TaskSignature<T> {
    /// Its id; else a random UUID.
    #[must_use]
    pub fn task_id(self, id: impl Into<String>) -> Self {
        self.with(|options| options.task_id = Some(id.into()))
    }

    /// Run after this.
    #[must_use]
    pub fn countdown(self, countdown: Duration) -> Self {
        self.with(|options| (options.countdown, options.eta) = (Some(countdown), None))
    }

    /// Run at this time.
    #[must_use]
    pub fn eta(self, eta: UtcTime) -> Self {
        self.with(|options| (options.countdown, options.eta) = (None, Some(eta)))
    }

    /// Do not run later than this from the sending.
    #[must_use]
    pub fn expires(self, expires: Duration) -> Self {
        self.with(|options| (options.expires, options.expires_at) = (Some(expires), None))
    }

    /// Do not run after this time.
    #[must_use]
    pub fn expires_at(self, time: UtcTime) -> Self {
        self.with(|options| (options.expires, options.expires_at) = (None, Some(time)))
    }

    /// The queue, over every route.
    #[must_use]
    pub fn queue(self, queue: impl Into<String>) -> Self {
        self.with(|options| options.queue = Some(queue.into()))
    }

    /// The routing key, where an exchange looks at it; SQS has direct exchanges only.
    #[must_use]
    pub fn routing_key(self, key: impl Into<String>) -> Self {
        self.with(|options| options.routing_key = Some(key.into()))
    }

    /// 0 to 9; SQS ignores it.
    #[must_use]
    pub fn priority(self, priority: u8) -> Self {
        self.with(|options| options.priority = Some(priority))
    }

    /// A custom header, over an earlier one of this name.
    #[must_use]
    pub fn header<V: Serialize>(self, name: &str, value: V) -> Self {
        self.with_value("header", name, &value, |options| &mut options.headers)
    }

    /// The run is ended after this.
    #[must_use]
    pub fn time_limit(self, limit: Duration) -> Self {
        self.with(|options| options.time_limit = Some(limit))
    }

    /// The run is told after this.
    #[must_use]
    pub fn soft_time_limit(self, limit: Duration) -> Self {
        self.with(|options| options.soft_time_limit = Some(limit))
    }

    /// Whether to store no result.
    #[must_use]
    pub fn ignore_result(self, ignore: bool) -> Self {
        self.with(|options| options.ignore_result = Some(ignore))
    }

    /// A display name.
    #[must_use]
    pub fn shadow(self, name: impl Into<String>) -> Self {
        self.with(|options| options.shadow = Some(name.into()))
    }

    /// Serializer of the payload.
    #[must_use]
    pub fn serializer(self, serializer: Serializer) -> Self {
        self.with(|options| options.serializer = Some(serializer))
    }

    /// Compression of the payload.
    #[must_use]
    pub fn compression(self, compression: Compression) -> Self {
        self.with(|options| options.compression = Some(compression))
    }

    /// One more task to be sent with the result on success.
    #[must_use]
    pub fn link<L>(mut self, callback: TaskSignature<L>) -> Self {
        let callback = self.adopted(callback);
        self.with(|options| options.link.push(callback))
    }

    /// One more task to be sent with this one's id on failure.
    #[must_use]
    pub fn link_error<L>(mut self, errback: TaskSignature<L>) -> Self {
        let errback = self.adopted(errback);
        self.with(|options| options.link_error.push(errback))
    }

    /// The group it belongs to, and its place there.
    #[must_use]
    pub fn group(self, id: impl Into<String>, index: i64) -> Self {
        self.with(|options| {
            (options.group_id, options.group_index) = (Some(id.into()), Some(index));
        })
    }

    /// The first task of the workflow.
    #[must_use]
    pub fn root_id(self, id: impl Into<String>) -> Self {
        self.with(|options| options.root_id = Some(id.into()))
    }

    /// The task that sends this one.
    #[must_use]
    pub fn parent_id(self, id: impl Into<String>) -> Self {
        self.with(|options| options.parent_id = Some(id.into()))
    }

    /// Unused on DynamoDB.
    #[must_use]
    pub fn reply_to(self, reply_to: impl Into<String>) -> Self {
        self.with(|options| options.reply_to = Some(reply_to.into()))
    }

    /// Starts at this number of retries.
    #[must_use]
    pub fn retries(self, retries: u32) -> Self {
        self.with(|options| options.retries = Some(retries))
    }

    /// The arguments as people are to see them, instead of the text made from them: for secrets.
    #[must_use]
    pub fn argsrepr(self, text: impl Into<String>) -> Self {
        self.with(|options| options.argsrepr = Some(text.into()))
    }

    /// The keyword arguments as people are to see them.
    #[must_use]
    pub fn kwargsrepr(self, text: impl Into<String>) -> Self {
        self.with(|options| options.kwargsrepr = Some(text.into()))
    }

    /// A stamp, which callbacks and next steps inherit.
    #[must_use]
    pub fn stamp<V: Serialize>(self, name: &str, value: V) -> Self {
        self.with_value("stamp", name, &value, |options| &mut options.stamps)
    }

    /// SQS `MessageGroupId`: FIFO order, or fair-queue tenant.
    #[must_use]
    pub fn message_group_id(self, id: impl Into<String>) -> Self {
        self.with(|options| options.message_group_id = Some(id.into()))
    }

    /// SQS `MessageDeduplicationId`, FIFO only; else the task id.
    #[must_use]
    pub fn message_deduplication_id(self, id: impl Into<String>) -> Self {
        self.with(|options| options.message_deduplication_id = Some(id.into()))
    }

    /// A message attribute of SQS, as text.
    #[must_use]
    pub fn message_attribute(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(|options| {
            options.message_attributes.insert(name.into(), value.into());
        })
    }

    /// Any other option: goes into the message's properties, as in Celery.
    #[must_use]
    pub fn option<V: Serialize>(self, name: &str, value: V) -> Self {
        self.with_value("option", name, &value, |options| &mut options.extra)
    }

    /// Many options at once, over those given before.
    #[must_use]
    pub fn options(mut self, options: SendOptions) -> Self {
        self.options = self.options.overlaid(options);
        self
    }

    fn with(mut self, change: impl FnOnce(&mut SendOptions)) -> Self {
        change(&mut self.options);
        self
    }

    fn with_value<V: Serialize>(
        mut self,
        what: &str,
        name: &str,
        value: &V,
        place: impl FnOnce(&mut SendOptions) -> &mut Dict,
    ) -> Self {
        match to_value(value) {
            Ok(value) => {
                place(&mut self.options).insert(name.to_owned(), value);
            }
            Err(error) => self.remember(EncodeError(format!("{what} '{name}': {error}"))),
        }
        self
    }

    /// Another call as an option of this one; what cannot be written in it cannot be written in this one.
    fn adopted<L>(&mut self, other: TaskSignature<L>) -> Signature {
        if let Some(error) = other.error {
            self.remember(EncodeError(format!("`{}`: {error}", other.task)));
        }
        Signature {
            task: other.task,
            args: other.args,
            kwargs: other.kwargs,
            options: other.options.to_dict(),
            immutable: other.immutable,
            ..Signature::default()
        }
    }
}
