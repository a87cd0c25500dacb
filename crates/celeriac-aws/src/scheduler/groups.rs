use std::collections::BTreeMap;

use aws_sdk_scheduler::operation::get_schedule_group::GetScheduleGroupOutput;
use aws_sdk_scheduler::primitives::DateTime;
use aws_sdk_scheduler::types::{ScheduleGroupState, ScheduleState, ScheduleSummary, Tag};
use celeriac_core::{ListedSchedule, SchedulerErrorKind, schedule_limits};

use crate::fault::Fault;

use super::attempts::unless_throttled;
use super::definition::utc_time;
use super::eventbridge::EventBridgeScheduler;
use super::failure::{CONFLICT, NOT_FOUND};

impl EventBridgeScheduler {
    /// Looks first: of a group that is there, which is the rule, this is one request, and it tells
    /// if it is being deleted.
    pub(super) async fn create_group_if_missing(
        &self,
        group: &str,
        tags: &BTreeMap<String, String>,
    ) -> Result<bool, SchedulerErrorKind> {
        if let Some(found) = self.group(group).await? {
            return existing(&found);
        }
        match unless_throttled(|| self.create_group(group, tags)).await {
            // someone else was faster
            Err(fault) if fault.code() == CONFLICT => Ok(false),
            created => created.map(|()| true).map_err(SchedulerErrorKind::from),
        }
    }

    /// `None`: there is no such group.
    async fn group(
        &self,
        group: &str,
    ) -> Result<Option<GetScheduleGroupOutput>, SchedulerErrorKind> {
        let request = || async {
            let client = self.sdk.scheduler().await;
            let answer = client.get_schedule_group().name(group).send().await;
            answer.map_err(Fault::from)
        };
        match unless_throttled(request).await {
            Err(fault) if fault.code() == NOT_FOUND => Ok(None),
            answer => Ok(Some(answer?)),
        }
    }

    /// The service finds tags by ARN alone, which the group itself tells.
    pub(super) async fn tags(
        &self,
        group: &str,
    ) -> Result<Option<BTreeMap<String, String>>, SchedulerErrorKind> {
        let Some(arn) = self.group(group).await?.and_then(|group| group.arn) else {
            return Ok(None);
        };
        let request = || async {
            let request = self.sdk.scheduler().await.list_tags_for_resource();
            request.resource_arn(&arn).send().await.map_err(Fault::from)
        };
        match unless_throttled(request).await {
            Err(fault) if fault.code() == NOT_FOUND => Ok(None),
            answer => {
                let tags = answer?.tags.unwrap_or_default();
                Ok(Some(
                    tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
                ))
            }
        }
    }

    async fn create_group(
        &self,
        group: &str,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), Fault> {
        let tag = |(key, value): (&String, &String)| {
            let tag = Tag::builder().key(key).value(value).build();
            tag.expect("the key and the value are set")
        };
        let tags: Vec<Tag> = tags.iter().map(tag).collect();
        let request = self.sdk.scheduler().await.create_schedule_group();
        request
            .name(group)
            .set_tags((!tags.is_empty()).then_some(tags))
            .send()
            .await?;
        Ok(())
    }

    pub(super) async fn list_pages(
        &self,
        group: &str,
    ) -> Result<Option<Vec<ListedSchedule>>, SchedulerErrorKind> {
        let mut listed = Vec::new();
        let mut token = None;
        loop {
            let (page, next) = match unless_throttled(|| self.page(group, token.clone())).await {
                Err(fault) if fault.code() == NOT_FOUND => return Ok(None),
                page => page?,
            };
            listed.extend(page);
            if next.is_none() {
                break;
            }
            token = next;
        }
        if listed.is_empty() && self.group(group).await?.is_none() {
            return Ok(None);
        }
        let mut listed = listed
            .into_iter()
            .map(listed_schedule)
            .collect::<Result<Vec<_>, _>>()?;
        listed.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Some(listed))
    }

    async fn page(
        &self,
        group: &str,
        token: Option<String>,
    ) -> Result<(Vec<ScheduleSummary>, Option<String>), Fault> {
        let request = self.sdk.scheduler().await.list_schedules();
        let answer = request
            .group_name(group)
            .max_results(i32::from(schedule_limits::LIST_PAGE))
            .set_next_token(token)
            .send()
            .await?;
        Ok((answer.schedules, answer.next_token))
    }
}

fn existing(group: &GetScheduleGroupOutput) -> Result<bool, SchedulerErrorKind> {
    if group.state == Some(ScheduleGroupState::Deleting) {
        let text = "a group of this name is being deleted";
        return Err(SchedulerErrorKind::Unavailable(text.to_owned()));
    }
    Ok(false)
}

fn listed_schedule(summary: ScheduleSummary) -> Result<ListedSchedule, SchedulerErrorKind> {
    let name = summary.name.unwrap_or_default();
    let missing = |what: &str| {
        SchedulerErrorKind::Other(format!("the list leaves out the {what} of `{name}`"))
    };
    let time = |time: Option<DateTime>| time.as_ref().map(utc_time).ok_or_else(|| missing("times"));
    Ok(ListedSchedule {
        enabled: summary.state.ok_or_else(|| missing("state"))? == ScheduleState::Enabled,
        target_arn: summary.target.ok_or_else(|| missing("target"))?.arn,
        created_at: time(summary.creation_date)?,
        last_modified: time(summary.last_modification_date)?,
        name,
    })
}
