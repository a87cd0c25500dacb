use std::collections::BTreeMap;
use std::time::Duration;

use celeriac_protocol::{Compression, Dict, Serializer, Signature, UtcTime, Value};

use crate::TaskSignature;
use crate::nearest::nearest;
use crate::send_option::{OptionValue, Overlay};

/// Defines the options once: their struct, their names in a signature's `options`, one over
/// another, and the builder methods of [`TaskSignature`]. Each line is `/// docs`,
/// `field: Type = "Celery's name", what the builder method takes`; without a name
/// `send_option_dict.rs` reads and writes it, without the last `signature_options.rs` builds it.
macro_rules! send_options {
    (
        $(#[$meta:meta])*
        pub struct SendOptions {
            $(
                #[doc = $doc:literal]
                $field:ident: $Type:ty $(= $name:literal)? $(, $Argument:ty)?;
            )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct SendOptions {
            $(
                #[doc = $doc]
                pub $field: $Type,
            )+
        }

        impl SendOptions {
            /// Celery's names of all.
            pub(crate) const NAMES: &'static [&'static str] = &[$($($name,)?)+];

            /// Sets the option of this name; `false` if there is none.
            pub(crate) fn read(&mut self, name: &str, value: &Value) -> Result<bool, String> {
                $($(
                    if name == $name {
                        self.$field = OptionValue::read(value)?;
                        return Ok(true);
                    }
                )?)+
                Ok(false)
            }

            /// Those that are given, in order.
            pub(crate) fn write(&self, dict: &mut Dict) {
                $($(
                    if let Some(value) = self.$field.write() {
                        dict.entry($name.to_owned()).or_insert(value);
                    }
                )?)+
            }

            fn all_over(self, under: Self) -> Self {
                Self { $($field: self.$field.over(under.$field),)+ }
            }
        }

        impl<T, In> TaskSignature<T, In> {
            $($(
                #[doc = $doc]
                #[must_use]
                pub fn $field(self, $field: $Argument) -> Self {
                    self.with(|options| options.$field = Some($field.into()))
                }
            )?)+
        }
    };
}

send_options! {
    /// `apply_async`'s options, in Celery's names. `None`: the task's own option, then the setting.
    pub struct SendOptions {
        /// The task's id; else a random UUID.
        task_id: Option<String> = "task_id", impl Into<String>;
        /// Run after this.
        countdown: Option<Duration> = "countdown";
        /// Run at this time.
        eta: Option<UtcTime> = "eta";
        /// Do not run after this time from now; see `expires_at`.
        expires: Option<Duration> = "expires";
        /// Do not run after this time.
        expires_at: Option<UtcTime> = "expires";
        /// The queue, over every route.
        queue: Option<String> = "queue", impl Into<String>;
        /// Where a `task_routes` value or a named exchange says so; SQS has direct exchanges only.
        routing_key: Option<String> = "routing_key", impl Into<String>;
        /// 0 to 9; SQS ignores it.
        priority: Option<u8> = "priority", u8;
        /// Custom headers.
        headers: Dict = "headers";
        /// The run is ended after this.
        time_limit: Option<Duration> = "time_limit", Duration;
        /// The run is told after this.
        soft_time_limit: Option<Duration> = "soft_time_limit", Duration;
        /// Whether to store no result.
        ignore_result: Option<bool> = "ignore_result", bool;
        /// A display name.
        shadow: Option<String> = "shadow", impl Into<String>;
        /// Serializer of the payload.
        serializer: Option<Serializer> = "serializer", Serializer;
        /// Compression of the payload.
        compression: Option<Compression> = "compression", Compression;
        /// Sent with the result on success.
        link: Vec<Signature> = "link";
        /// Sent with the id on failure.
        link_error: Vec<Signature> = "link_error";
        /// The steps that remain of a chain, the next one LAST.
        chain: Option<Vec<Signature>> = "chain";
        /// The body of the chord this task is a part of.
        chord: Option<Box<Signature>> = "chord";
        /// The group's id.
        group_id: Option<String> = "group_id";
        /// Position in the group.
        group_index: Option<i64> = "group_index";
        /// First task of the workflow.
        root_id: Option<String> = "root_id", impl Into<String>;
        /// The task that sends this one.
        parent_id: Option<String> = "parent_id", impl Into<String>;
        /// Depth of `replace`.
        replaced_task_nesting: Option<i64> = "replaced_task_nesting";
        /// Unused on DynamoDB.
        reply_to: Option<String> = "reply_to", impl Into<String>;
        /// Starts at this number of retries.
        retries: Option<u32> = "retries", u32;
        /// The arguments as people are to see them, instead of their own text: for secrets.
        argsrepr: Option<String> = "argsrepr", impl Into<String>;
        /// The keyword arguments as people are to see them.
        kwargsrepr: Option<String> = "kwargsrepr", impl Into<String>;
        /// Stamps; their names go to `stamped_headers`.
        stamps: Dict;
        /// SQS `MessageGroupId`: FIFO order, or fair-queue tenant.
        message_group_id: Option<String> = "MessageGroupId", impl Into<String>;
        /// SQS `MessageDeduplicationId`, FIFO only; else the task id.
        message_deduplication_id: Option<String> = "MessageDeduplicationId", impl Into<String>;
        /// SQS message attributes, as text.
        message_attributes: BTreeMap<String, String> = "message_attributes";
        /// Any other option: goes into the message's properties, as in Celery.
        extra: Dict;
    }
}

impl SendOptions {
    /// Other options whose names are close to one that has a meaning: that one. As in Celery they go
    /// into the message's properties, and nobody reads them there.
    pub fn likely_misspelled(&self) -> impl Iterator<Item = (&str, &'static str)> {
        let names = self.extra.keys().map(String::as_str);
        names.filter_map(|name| Some((name, nearest(name, Self::NAMES.iter().copied())?)))
    }

    /// These options with `over`'s given ones on top. Headers, stamps, message attributes and other
    /// options are merged by name; a time given in one form replaces the other form; callbacks
    /// replace callbacks.
    #[must_use]
    pub fn overlaid(mut self, over: Self) -> Self {
        if over.countdown.is_some() || over.eta.is_some() {
            (self.countdown, self.eta) = (None, None);
        }
        if over.expires.is_some() || over.expires_at.is_some() {
            (self.expires, self.expires_at) = (None, None);
        }
        over.all_over(self)
    }
}
