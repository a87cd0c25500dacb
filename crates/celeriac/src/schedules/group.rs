use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use celeriac_aws::EventBridgeScheduler;
use celeriac_beat::plan::{Change, DesiredSchedule, EntrySchedules, PlannedChange, SchedulePlan};
use celeriac_core::{ListedSchedule, ScheduleSpec, Scheduler, SchedulerError, SchedulerErrorKind};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use tokio::sync::OnceCell;

use super::drift::differences;
use super::target::{Targets, sqs_name};
use crate::connect::aws_config;
use crate::{Connection, Error};

/// Tags of a group: whose it is, and in which environment. Terraform's module `beat` and the
/// CloudFormation template set the same.
const APP: &str = "celeriac:app";
const DEPLOYMENT: &str = "celeriac:deployment";
/// Schedules that are read together: below the rate that every region allows.
const CONCURRENT_READS: usize = 10;

/// The schedule group of an app: all that it has in EventBridge Scheduler, and nothing of anybody
/// else's.
pub(crate) struct ScheduleGroup<'a> {
    connection: &'a Connection,
    name: String,
    scheduler: Arc<EventBridgeScheduler>,
    targets: OnceCell<Targets>,
}

/// What became of one planned change.
pub(crate) struct Applied {
    /// The entry, or the schedule's name where no entry has it.
    pub(crate) entry: String,
    pub(crate) result: Result<(), SchedulerError>,
}

impl<'a> ScheduleGroup<'a> {
    pub(crate) fn of(connection: &'a Connection) -> Result<Self, Error> {
        let name = connection.schedule_group();
        celeriac_core::check_schedule_group(&name)
            .map_err(|kind| SchedulerError::new("use", name.clone(), kind))?;
        Ok(Self {
            connection,
            name,
            scheduler: Arc::new(EventBridgeScheduler::new(&aws_config(
                connection.settings(),
            )?)),
            targets: OnceCell::new(),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// List pages alone; `None`: there is no group.
    pub(crate) async fn list(&self) -> Result<Option<Vec<ListedSchedule>>, SchedulerError> {
        self.scheduler.list(&self.name).await
    }

    /// What is to be done so that the group is as `wanted`. With `deep` every schedule is read and
    /// compared member by member.
    pub(crate) async fn plan(
        &self,
        wanted: &[EntrySchedules],
        deep: bool,
        now: Timestamp,
    ) -> Result<SchedulePlan, Error> {
        let listed = self.list().await?;
        let config = aws_config(self.connection.settings())?;
        let mut plan =
            SchedulePlan::of(wanted, listed.as_deref(), &|queue| sqs_name(&config, queue));
        if let (true, Some(listed)) = (deep, &listed) {
            self.look_deeper(wanted, listed, &mut plan, now).await?;
        }
        if listed.is_some() && !plan.is_empty() {
            self.check_ours("plan").await?;
        }
        Ok(plan)
    }

    async fn look_deeper(
        &self,
        wanted: &[EntrySchedules],
        listed: &[ListedSchedule],
        plan: &mut SchedulePlan,
        now: Timestamp,
    ) -> Result<(), Error> {
        let targets = self.targets().await?;
        let there: BTreeSet<&str> = listed.iter().map(|listed| listed.name.as_str()).collect();
        let all = wanted.iter().flat_map(|entry| &entry.schedules);
        let standing = all.filter(|one| !one.over && there.contains(one.name.as_str()));
        let mut found = stream::iter(standing)
            .map(|desired| async move {
                let is = self.scheduler.get(&self.name, &desired.name).await?;
                Ok::<_, SchedulerError>((desired, is))
            })
            .buffered(CONCURRENT_READS);
        while let Some((desired, is)) = found.try_next().await? {
            if let Some(is) = is {
                plan.found(
                    desired,
                    differences(&is, &targets.spec(desired, now), desired, now),
                );
            }
        }
        Ok(())
    }

    /// Carries a plan out: creates and repairs first, and deletes only then, of an entry whose
    /// schedules are all there. Interrupted, it can be started again.
    ///
    /// # Errors
    /// If the group is another app's or environment's, of which nothing is touched, or cannot be
    /// made.
    pub(crate) async fn apply(
        &self,
        plan: &SchedulePlan,
        now: Timestamp,
    ) -> Result<Vec<Applied>, Error> {
        self.make_ours().await?;
        let targets = self.targets().await?;
        let (puts, specs): (Vec<&PlannedChange>, Vec<ScheduleSpec>) = plan
            .changes
            .iter()
            .filter_map(|planned| Some((planned, targets.spec(desired(planned)?, now))))
            .unzip();
        let put = self.scheduler.put(&self.name, specs).await;
        let mut applied: Vec<Applied> = puts
            .into_iter()
            .zip(put)
            .map(|(planned, result)| Applied {
                entry: planned.entry.clone(),
                result: result.map(drop),
            })
            .collect();
        let failed: BTreeSet<&str> = applied
            .iter()
            .filter(|one| one.result.is_err())
            .map(|one| one.entry.as_str())
            .collect();
        let gone = plan
            .changes
            .iter()
            .filter(|planned| !failed.contains(planned.entry.as_str()))
            .flat_map(|planned| {
                let name = |name: &String| (planned.entry.clone(), name.clone());
                superseded(&planned.change).iter().map(name)
            })
            .collect();
        applied.extend(self.remove(gone).await);
        Ok(applied)
    }

    /// Creates the group where it is missing.
    async fn make_ours(&self) -> Result<(), SchedulerError> {
        let tags = BTreeMap::from([
            (APP.to_owned(), self.connection.name().to_owned()),
            (DEPLOYMENT.to_owned(), self.connection.deployment()),
        ]);
        if self.scheduler.ensure_group(&self.name, &tags).await? {
            return Ok(());
        }
        self.check_ours("apply").await
    }

    /// Or an error, since what no entry wants is deleted, and what one wants is changed.
    pub(crate) async fn check_ours(&self, action: &'static str) -> Result<(), SchedulerError> {
        if self.check_not_foreign(action).await? {
            return Ok(());
        }
        let app = self.connection.name();
        let text = format!(
            "the group is there without the tag `{APP}`, so it is somebody else's: name another with `beat_schedule_group`, or give \
             this one the tags `{APP} = {app}` and `{DEPLOYMENT} = {}` if it is the app's",
            self.connection.deployment()
        );
        Err(self.refusal(action, text))
    }

    /// Whether the group says that it is this environment's of this app; an error where it says
    /// another one's. A group whose only tag is the app's is of the environment without a name.
    pub(crate) async fn check_not_foreign(
        &self,
        action: &'static str,
    ) -> Result<bool, SchedulerError> {
        let tags = self.scheduler.group_tags(&self.name).await?;
        let tags = tags.unwrap_or_default();
        let Some(owner) = tags.get(APP) else {
            return Ok(false);
        };
        let (app, deployment) = (self.connection.name(), self.connection.deployment());
        let owners = tags.get(DEPLOYMENT).unwrap_or(owner);
        if owner == app && *owners == deployment {
            return Ok(true);
        }
        let text = format!(
            "it is of the app `{owner}`, deployed as `{owners}`, by its tags `{APP}` and `{DEPLOYMENT}`, and this is `{app}`, deployed as \
             `{deployment}`: give this one a group of its own with `beat_schedule_group`, or leave that out"
        );
        Err(self.refusal(action, text))
    }

    fn refusal(&self, action: &'static str, text: String) -> SchedulerError {
        SchedulerError::new(action, self.name.clone(), SchedulerErrorKind::Invalid(text))
    }

    async fn remove(&self, gone: Vec<(String, String)>) -> Vec<Applied> {
        let (entries, names): (Vec<_>, Vec<_>) = gone.into_iter().unzip();
        let removed = self.scheduler.remove(&self.name, names).await;
        entries
            .into_iter()
            .zip(removed)
            .map(|(entry, result)| Applied { entry, result })
            .collect()
    }

    /// Turns schedules on or off. How many there were.
    pub(crate) async fn set_enabled(
        &self,
        names: &[String],
        enabled: bool,
    ) -> Result<usize, SchedulerError> {
        let mut changed = 0;
        for name in names {
            changed += usize::from(
                self.scheduler
                    .set_enabled(&self.name, name, enabled)
                    .await?,
            );
        }
        Ok(changed)
    }

    async fn targets(&self) -> Result<&Targets, Error> {
        let make = || async {
            let place = self.scheduler.place().await?;
            let config = aws_config(self.connection.settings())?;
            Ok(Targets::new(self.connection, config, place))
        };
        self.targets.get_or_try_init(make).await
    }
}

fn desired(planned: &PlannedChange) -> Option<&DesiredSchedule> {
    match &planned.change {
        Change::Create(desired) | Change::Replace { with: desired, .. } => Some(desired),
        Change::Repair { to, .. } => Some(to),
        Change::Delete { .. } => None,
    }
}

/// What goes once the change is made.
fn superseded(change: &Change) -> &[String] {
    match change {
        Change::Replace { old, .. } => old,
        Change::Delete { name } => std::slice::from_ref(name),
        Change::Create(_) | Change::Repair { .. } => &[],
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use celeriac_core::TaskSignature;
    use celeriac_testkit::scheduler_service::SchedulerService;
    use serde_json::json;

    use super::*;
    use crate::App;
    use crate::schedules::wanted;

    /// An operator's plan of as many entries as anyone has takes seconds and few requests.
    #[tokio::test]
    async fn ten_thousand_entries_are_planned_from_a_hundred_list_pages() {
        let service = SchedulerService::start().await;
        let url = service.url().replace("http://", "sqs://test:test@");
        let mut app = App::new("shop").isolated().settings(|settings| {
            settings.broker_url = Some(url);
            settings.broker_transport_options.region = Some("us-east-1".to_owned());
        });
        for at in 0..10_000 {
            let call: TaskSignature = TaskSignature::new("shop.report").arg(at);
            app = app.beat(format!("report {at}"), "0 9 * * mon-fri", call);
        }
        let connection = app.build().await.expect("a connection");
        let group = ScheduleGroup::of(&connection).expect("a group");
        let now = Timestamp::now();
        let mut took = Instant::now();
        let all = wanted(&connection, now).expect("all can be rendered");
        let rendered = took.elapsed();
        for desired in all.iter().flat_map(|entry| &entry.schedules) {
            let arn = "arn:aws:sqs:us-east-1:123456789012:celery";
            service.insert("shop", &desired.name, &json!({"Target": {"Arn": arn}}));
        }
        took = Instant::now();
        let plan = group.plan(&all, false, now).await.expect("a plan");
        assert!(plan.is_empty());
        assert_eq!(plan.unchanged, 10_000);
        assert_eq!(service.requests_of("ListSchedules"), 100);
        assert_eq!(service.requests().len(), 100);
        // a few seconds where nothing else runs
        let took = rendered + took.elapsed();
        assert!(took < Duration::from_mins(1), "{took:?}");
    }
}
