use std::collections::BTreeMap;
use std::time::Duration;

use celeriac_protocol::{Compression, Dict, Serializer, Signature, UtcTime};

/// `apply_async`'s options, in Celery's names. `None`: the task's own option, then the setting.
#[derive(Clone, Debug, Default)]
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
    /// The group's id.
    pub group_id: Option<String>,
    /// Position in the group.
    pub group_index: Option<i64>,
    /// First task of the workflow.
    pub root_id: Option<String>,
    /// The sender.
    pub parent_id: Option<String>,
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
    /// Reads a signature's options (Celery's names; numbers are seconds; `eta` and `expires` may be ISO texts).
    pub fn from_dict(_options: &Dict) -> Result<Self, String> { todo!() }
    /// Celery's form, for signatures inside of other messages.
    pub fn to_dict(&self) -> Dict { todo!() }
    /// These options with `over`'s given ones on top.
    #[must_use]
    pub fn overlaid(self, _over: Self) -> Self { todo!() }
}
