use celeriac_core::{PutOutcome, ScheduleSpec, SchedulerErrorKind};

use crate::fault::Fault;
use crate::pause::{MAX_ENTRY_ATTEMPTS, pause};

use super::attempts::unless_throttled;
use super::definition::{Definition, state};
use super::eventbridge::EventBridgeScheduler;
use super::failure::{CONFLICT, NOT_FOUND};

impl EventBridgeScheduler {
    /// `None`: there is no such schedule, or no such group.
    pub(super) async fn read(&self, group: &str, name: &str) -> Result<Option<Definition>, Fault> {
        let request = || async {
            let request = self.sdk.scheduler().await.get_schedule();
            let answer = request.group_name(group).name(name).send().await;
            answer.map_err(Fault::from)
        };
        match unless_throttled(request).await {
            Err(fault) if fault.code() == NOT_FOUND => Ok(None),
            Err(fault) => Err(fault),
            Ok(answer) => Ok(Some(Definition::of_answer(group, name, answer))),
        }
    }

    /// Creates, or updates what is there; again where someone deletes or changes it in between.
    pub(super) async fn put_one(
        &self,
        group: &str,
        spec: &ScheduleSpec,
    ) -> Result<PutOutcome, SchedulerErrorKind> {
        let client = self.sdk.scheduler().await;
        let definition = Definition::of_spec(group, spec);
        for attempt in 1..=MAX_ENTRY_ATTEMPTS {
            match unless_throttled(|| definition.clone().create(client)).await {
                Ok(()) => return Ok(PutOutcome::Created),
                Err(fault) if fault.code() == CONFLICT => {}
                // a name is free to take, so it is the group that is missing
                Err(fault) if fault.code() == NOT_FOUND => {
                    return Err(SchedulerErrorKind::GroupNotFound);
                }
                Err(fault) => return Err(fault.into()),
            }
            match unless_throttled(|| definition.clone().update(client)).await {
                Ok(()) => return Ok(PutOutcome::Updated),
                Err(fault) if is_between(&fault) => pause(attempt).await,
                Err(fault) => return Err(fault.into()),
            }
        }
        Err(changing())
    }

    /// `false`: there is no such schedule.
    pub(super) async fn set_state(
        &self,
        group: &str,
        name: &str,
        enabled: bool,
    ) -> Result<bool, SchedulerErrorKind> {
        let client = self.sdk.scheduler().await;
        for attempt in 1..=MAX_ENTRY_ATTEMPTS {
            let Some(mut found) = self.read(group, name).await? else {
                return Ok(false);
            };
            if found.state == state(enabled) {
                return Ok(true);
            }
            found.state = state(enabled);
            match unless_throttled(|| found.clone().update(client)).await {
                Ok(()) => return Ok(true),
                Err(fault) if is_between(&fault) => pause(attempt).await,
                Err(fault) => return Err(fault.into()),
            }
        }
        Err(changing())
    }

    pub(super) async fn delete(&self, group: &str, name: &str) -> Result<(), SchedulerErrorKind> {
        let request = || async {
            let request = self.sdk.scheduler().await.delete_schedule();
            let answer = request.group_name(group).name(name).send().await;
            answer.map(|_| ()).map_err(Fault::from)
        };
        for attempt in 1..=MAX_ENTRY_ATTEMPTS {
            match unless_throttled(request).await {
                Err(fault) if fault.code() == NOT_FOUND => return Ok(()),
                Err(fault) if fault.code() == CONFLICT => pause(attempt).await,
                outcome => return outcome.map_err(SchedulerErrorKind::from),
            }
        }
        Err(changing())
    }
}

/// Whether someone deleted or changed it since it was looked at.
fn is_between(fault: &Fault) -> bool {
    [NOT_FOUND, CONFLICT].contains(&fault.code())
}

fn changing() -> SchedulerErrorKind {
    SchedulerErrorKind::Unavailable("the schedule is being changed by others".to_owned())
}
