use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::{AwsRequest, Refusal, refuse};
use crate::scheduler_model::SchedulerModel;

const INVALID: &str = "ValidationException";
/// Bytes of a target's input.
const LARGEST_INPUT: usize = 262_144;
/// How old a start date may be.
const OLDEST_START: Duration = Duration::from_mins(5);

pub(super) fn check(request: &AwsRequest<'_>) -> Option<Refusal> {
    let model = SchedulerModel::shared();
    model.operation(request.method.as_str(), request.uri.path())?;
    let allowed = match model.check(request.method.as_str(), request.uri, request.body) {
        Ok(allowed) => allowed,
        Err(refusal) => return Some(refuse("schedule-model", INVALID, refusal.to_string())),
    };
    let input = allowed.input["Target"]["Input"].as_str();
    if input.is_some_and(|input| input.len() > LARGEST_INPUT) {
        let text = format!("a target's input has {LARGEST_INPUT} bytes at most");
        return Some(refuse("schedule-input", INVALID, text));
    }
    start_date(&allowed.input["StartDate"])
}

fn start_date(date: &Value) -> Option<Refusal> {
    let start = UNIX_EPOCH + Duration::try_from_secs_f64(date.as_f64()?).ok()?;
    let oldest = SystemTime::now().checked_sub(OLDEST_START)?;
    (start < oldest).then(|| {
        let text = "The StartDate you specify cannot be earlier than 5 minutes ago.";
        refuse("schedule-start", INVALID, text)
    })
}
