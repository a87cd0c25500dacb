use std::time::Duration;

use celeriac_protocol::Value;

use crate::call::Call;
use crate::engine::Engine;
use crate::waits;

/// How long a run may take: the message's `timelimit` over the task's options over the settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TimeLimits {
    /// The run is ended.
    pub(crate) hard: Option<Duration>,
    /// The run is told.
    pub(crate) soft: Option<Duration>,
}

impl TimeLimits {
    pub(crate) fn of(engine: &Engine, call: &Call) -> Self {
        let (hard, soft) = call.envelope.headers.timelimit;
        let (options, settings) = (call.options(), &engine.parts.settings);
        let pick = |header: Option<f64>, option: Option<Duration>, setting: Option<Duration>| {
            header
                .and_then(waits::seconds)
                .or(option)
                .or(setting)
                .filter(|limit| !limit.is_zero())
        };
        Self {
            hard: pick(hard, options.time_limit, settings.task_time_limit),
            soft: pick(soft, options.soft_time_limit, settings.task_soft_time_limit),
        }
    }
}

/// Seconds as Celery shows them: whole ones as an integer.
pub(crate) fn seconds_value(limit: Duration) -> Value {
    if limit.subsec_nanos() == 0 {
        Value::Int(i64::try_from(limit.as_secs()).unwrap_or(i64::MAX))
    } else {
        Value::Float(limit.as_secs_f64())
    }
}
