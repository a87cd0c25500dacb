use std::collections::{BTreeMap, HashSet};
use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use celeriac_core::{
    ListedSchedule, PutOutcome, ScheduleSpec, Scheduler, SchedulerError, SchedulerErrorKind,
    check_schedule_group, check_schedule_name, check_schedule_tags,
};
use futures_util::stream::{self, StreamExt};
use tokio::sync::OnceCell;

use crate::aws_config::AwsConfig;
use crate::fault::Fault;
use crate::request_counts::RequestCounts;
use crate::sdk::Sdk;

use super::place::AwsPlace;

/// Entries of one batch that are worked on together: each is a request of its own, and this many
/// are below the rate that every region allows (EventBridge Scheduler user guide, Quotas for Amazon
/// EventBridge Scheduler).
const CONCURRENT_ENTRIES: usize = 10;

/// Schedules in EventBridge Scheduler.
///
/// It is where the broker is: in its region, with its credentials, at its emulator. Making one is
/// free of requests. [`crate::iam`] has the rights that each method needs.
#[derive(Debug)]
pub struct EventBridgeScheduler {
    pub(super) sdk: Sdk,
    place: OnceCell<AwsPlace>,
}

impl EventBridgeScheduler {
    /// A scheduler that makes no request until it is used.
    pub fn new(config: &AwsConfig) -> Self {
        Self {
            sdk: Sdk::new(config.sqs.endpoint.beside()),
            place: OnceCell::new(),
        }
    }

    /// Requests made so far.
    pub fn requests(&self) -> &Arc<RequestCounts> {
        self.sdk.counts()
    }

    /// The region and the account that ARNs of queues and roles are made of: one
    /// `GetCallerIdentity`, which needs no right, at the first call. Cancel-safe.
    pub async fn place(&self) -> Result<AwsPlace, SchedulerError> {
        let failed = |kind| SchedulerError::new("place", "the account", kind);
        let ask = || async { self.ask_place().await.map_err(failed) };
        self.place.get_or_try_init(ask).await.cloned()
    }

    async fn ask_place(&self) -> Result<AwsPlace, SchedulerErrorKind> {
        let missing = |what: &str| SchedulerErrorKind::Other(format!("{what} is not known"));
        let region = self.sdk.region().await;
        let answer = self.sdk.sts().await.get_caller_identity().send().await;
        Ok(AwsPlace {
            region: region.ok_or_else(|| missing("the region"))?,
            account: answer
                .map_err(Fault::from)?
                .account
                .ok_or_else(|| missing("the account"))?,
        })
    }

    /// A name is checked where it is used, since one of a batch must not fail the others.
    fn check(operation: &'static str, group: &str, name: &str) -> Result<(), SchedulerError> {
        let checked = check_schedule_group(group).and_then(|()| check_schedule_name(name));
        checked.map_err(|kind| of_schedule(operation, group, name, kind))
    }
}

#[async_trait]
impl Scheduler for EventBridgeScheduler {
    async fn ensure_group(
        &self,
        group: &str,
        tags: &BTreeMap<String, String>,
    ) -> Result<bool, SchedulerError> {
        let failed = |kind| SchedulerError::new("ensure_group", group, kind);
        check_schedule_group(group)
            .and_then(|()| check_schedule_tags(tags))
            .map_err(failed)?;
        self.create_group_if_missing(group, tags)
            .await
            .map_err(failed)
    }

    async fn group_tags(
        &self,
        group: &str,
    ) -> Result<Option<BTreeMap<String, String>>, SchedulerError> {
        let failed = |kind| SchedulerError::new("group_tags", group, kind);
        check_schedule_group(group).map_err(failed)?;
        self.tags(group).await.map_err(failed)
    }

    async fn list(&self, group: &str) -> Result<Option<Vec<ListedSchedule>>, SchedulerError> {
        let failed = |kind| SchedulerError::new("list", group, kind);
        check_schedule_group(group).map_err(failed)?;
        self.list_pages(group).await.map_err(failed)
    }

    async fn get(&self, group: &str, name: &str) -> Result<Option<ScheduleSpec>, SchedulerError> {
        Self::check("get", group, name)?;
        self.read(group, name)
            .await
            .map_err(SchedulerErrorKind::from)
            .and_then(|found| {
                found
                    .map(super::definition::Definition::into_spec)
                    .transpose()
            })
            .map_err(|kind| of_schedule("get", group, name, kind))
    }

    async fn put(
        &self,
        group: &str,
        batch: Vec<ScheduleSpec>,
    ) -> Vec<Result<PutOutcome, SchedulerError>> {
        let checked = refuse_repeated(batch);
        each(checked, |(spec, refused)| async move {
            let failed = |kind| of_schedule("put", group, &spec.name, kind);
            if let Some(kind) = refused {
                return Err(failed(kind));
            }
            check_schedule_group(group)
                .and_then(|()| spec.check())
                .map_err(failed)?;
            self.put_one(group, &spec).await.map_err(failed)
        })
        .await
    }

    async fn set_enabled(
        &self,
        group: &str,
        name: &str,
        enabled: bool,
    ) -> Result<bool, SchedulerError> {
        Self::check("set_enabled", group, name)?;
        self.set_state(group, name, enabled)
            .await
            .map_err(|kind| of_schedule("set_enabled", group, name, kind))
    }

    async fn remove(&self, group: &str, names: Vec<String>) -> Vec<Result<(), SchedulerError>> {
        each(names, |name| async move {
            Self::check("remove", group, &name)?;
            self.delete(group, &name)
                .await
                .map_err(|kind| of_schedule("remove", group, &name, kind))
        })
        .await
    }
}

fn of_schedule(
    operation: &'static str,
    group: &str,
    name: &str,
    kind: SchedulerErrorKind,
) -> SchedulerError {
    SchedulerError::new(operation, format!("{group}/{name}"), kind)
}

/// One result per entry, in the entries' order, a few at a time.
async fn each<E, T, Fut>(entries: Vec<E>, work: impl Fn(E) -> Fut) -> Vec<T>
where
    Fut: Future<Output = T>,
{
    stream::iter(entries)
        .map(work)
        .buffered(CONCURRENT_ENTRIES)
        .collect()
        .await
}

/// Two that are written together under one name would leave either.
fn refuse_repeated(batch: Vec<ScheduleSpec>) -> Vec<(ScheduleSpec, Option<SchedulerErrorKind>)> {
    let mut seen = HashSet::new();
    let mut refuse = |spec: ScheduleSpec| {
        let first = seen.insert(spec.name.clone());
        let refused = (!first).then(|| {
            SchedulerErrorKind::Invalid("the name is in the batch more than once".to_owned())
        });
        (spec, refused)
    };
    batch.into_iter().map(&mut refuse).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_few_entries_are_worked_on_together_and_their_order_is_kept() {
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (running, most) = (&running, &most);
        let entries: Vec<u64> = (0..35).collect();
        let work = |entry: u64| async move {
            most.fetch_max(running.fetch_add(1, Relaxed) + 1, Relaxed);
            tokio::time::sleep(Duration::from_millis(100 - entry)).await;
            running.fetch_sub(1, Relaxed);
            entry
        };
        assert_eq!(each(entries.clone(), work).await, entries);
        assert_eq!(most.load(Relaxed), CONCURRENT_ENTRIES);
    }
}
