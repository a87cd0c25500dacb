//! The builder methods of options that are more than a field; the others are made in
//! `send_options.rs`.

use std::time::Duration;

use celeriac_protocol::{Dict, EncodeError, Signature, UtcTime, to_value};
use serde::Serialize;

use crate::{Canvas, SendError, SendOptions, TaskSignature};

impl<T, In> TaskSignature<T, In> {
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

    /// A custom header, over an earlier one of this name.
    #[must_use]
    pub fn header<V: Serialize>(self, name: &str, value: V) -> Self {
        self.with_value("header", name, &value, |options| &mut options.headers)
    }

    /// One more task to be sent with the result on success.
    #[must_use]
    pub fn link(mut self, callback: impl Canvas) -> Self {
        match self.adopted(callback) {
            Some(callback) => self.with(|options| options.link.push(callback)),
            None => self,
        }
    }

    /// One more task to be sent with this one's id on failure.
    #[must_use]
    pub fn link_error(mut self, errback: impl Canvas) -> Self {
        match self.adopted(errback) {
            Some(errback) => self.with(|options| options.link_error.push(errback)),
            None => self,
        }
    }

    /// The group it belongs to, and its place there.
    #[must_use]
    pub fn group(self, id: impl Into<String>, index: i64) -> Self {
        self.with(|options| {
            (options.group_id, options.group_index) = (Some(id.into()), Some(index));
        })
    }

    /// A stamp, which callbacks and next steps inherit.
    #[must_use]
    pub fn stamp<V: Serialize>(self, name: &str, value: V) -> Self {
        self.with_value("stamp", name, &value, |options| &mut options.stamps)
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

    pub(crate) fn with(mut self, change: impl FnOnce(&mut SendOptions)) -> Self {
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

    /// Another call as an option of this one; what cannot be written in it cannot be written in
    /// this one.
    /// A callback; an error of its own becomes this one's.
    fn adopted(&mut self, callback: impl Canvas) -> Option<Signature> {
        match callback.into_workflow() {
            Ok(workflow) => Some(workflow.into_signature()),
            Err(SendError::Encode { task, reason }) => {
                self.remember(EncodeError(format!("`{task}`: {reason}")));
                None
            }
            Err(error) => {
                self.remember(EncodeError(format!("callback: {error}")));
                None
            }
        }
    }
}
