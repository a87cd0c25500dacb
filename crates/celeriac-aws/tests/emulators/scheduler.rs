//! EventBridge Scheduler: on ministack, and against a service that holds every request to AWS's API
//! model. ministack has no pages, no client tokens and no missing groups in lists, and accepts
//! anything.

mod on_ministack {
    use std::collections::{BTreeMap, BTreeSet};
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use celeriac_aws::{AwsConfig, EventBridgeScheduler, SqsBroker, iam};
    use celeriac_core::{
        Broker, PutOutcome, QueueAdmin as _, QueueSpec, ScheduleSpec, Scheduler, SchedulerErrorKind,
    };
    use celeriac_protocol::UtcTime;
    use celeriac_testkit::emulator::{Ministack, unique_name};
    use celeriac_testkit::fault_proxy::{Call, Fault, FaultProxy, Rule};

    use super::{scheduler_at, spec};

    /// A scheduler, and a group of its own.
    async fn scheduler() -> (EventBridgeScheduler, String) {
        let scheduler = scheduler_at(Ministack::shared().await.url());
        let group = unique_name("group");
        let created = scheduler.ensure_group(&group, &BTreeMap::new()).await;
        assert!(created.expect("created"));
        (scheduler, group)
    }

    async fn put(scheduler: &EventBridgeScheduler, group: &str, spec: ScheduleSpec) -> PutOutcome {
        let mut outcomes = scheduler.put(group, vec![spec]).await;
        outcomes.remove(0).expect("put")
    }

    #[tokio::test]
    async fn a_group_is_created_once() {
        let (scheduler, group) = scheduler().await;
        assert_eq!(
            scheduler.ensure_group(&group, &BTreeMap::new()).await,
            Ok(false)
        );
        assert_eq!(scheduler.list(&group).await, Ok(Some(Vec::new())));
        let other = unique_name("group");
        assert_eq!(scheduler.list(&other).await, Ok(None));
        assert_eq!(scheduler.get(&other, "a").await, Ok(None));
    }

    #[tokio::test]
    async fn a_schedule_is_put_read_put_again_and_removed() {
        let (scheduler, group) = scheduler().await;
        let first = ScheduleSpec {
            description: Some("of the shop".to_owned()),
            timezone: Some("Europe/Berlin".to_owned()),
            start: Some(UtcTime(1_900_000_000_000_000)),
            end: Some(UtcTime(1_950_000_000_000_000)),
            flexible_minutes: 15,
            dead_letter_arn: Some("arn:aws:sqs:us-east-1:000000000000:dead".to_owned()),
            ..spec("nightly")
        };
        assert_eq!(
            put(&scheduler, &group, first.clone()).await,
            PutOutcome::Created
        );
        assert_eq!(
            scheduler.get(&group, "nightly").await,
            Ok(Some(first.clone()))
        );
        assert_eq!(put(&scheduler, &group, first).await, PutOutcome::Updated);
        let second = ScheduleSpec {
            delete_after: true,
            ..spec("nightly")
        };
        assert_eq!(
            put(&scheduler, &group, second.clone()).await,
            PutOutcome::Updated
        );
        assert_eq!(
            scheduler.get(&group, "nightly").await,
            Ok(Some(second.clone()))
        );
        let listed = scheduler.list(&group).await.expect("listed");
        let listed = listed.expect("the group is there");
        assert_eq!(listed.len(), 1);
        assert_eq!(
            (listed[0].name.as_str(), listed[0].enabled),
            ("nightly", true)
        );
        assert_eq!(listed[0].target_arn, second.target.arn);
        assert!(listed[0].created_at <= listed[0].last_modified);
        for _ in 0..2 {
            let removed = scheduler.remove(&group, vec!["nightly".to_owned()]).await;
            assert_eq!(removed, [Ok(())]);
        }
        assert_eq!(scheduler.get(&group, "nightly").await, Ok(None));
    }

    #[tokio::test]
    async fn a_schedule_is_paused_and_resumed_and_keeps_all_else() {
        let (scheduler, group) = scheduler().await;
        let full = ScheduleSpec {
            description: Some("of the shop".to_owned()),
            timezone: Some("Europe/Berlin".to_owned()),
            ..spec("nightly")
        };
        put(&scheduler, &group, full.clone()).await;
        for enabled in [false, false, true] {
            assert_eq!(
                scheduler.set_enabled(&group, "nightly", enabled).await,
                Ok(true)
            );
            let expected = ScheduleSpec {
                enabled,
                ..full.clone()
            };
            assert_eq!(scheduler.get(&group, "nightly").await, Ok(Some(expected)));
        }
        let missing = scheduler.set_enabled(&group, "other", true).await;
        assert_eq!(missing, Ok(false));
    }

    #[tokio::test]
    async fn a_missing_group_is_named_by_every_entry() {
        let scheduler = scheduler_at(Ministack::shared().await.url());
        let group = unique_name("group");
        let put = scheduler.put(&group, vec![spec("a"), spec("b")]).await;
        for (outcome, name) in put.into_iter().zip(["a", "b"]) {
            let error = outcome.expect_err("there is no group");
            assert_eq!(error.kind, SchedulerErrorKind::GroupNotFound);
            assert_eq!(error.subject, format!("{group}/{name}"));
        }
        assert_eq!(
            scheduler.remove(&group, vec!["a".to_owned()]).await,
            [Ok(())]
        );
    }

    #[tokio::test]
    async fn trouble_on_the_way_is_got_over() {
        let upstream = Ministack::shared().await.url();
        let lost = Rule::every(3, Fault::DropResponse);
        let throttled = Rule::every(
            4,
            Fault::Answer {
                status: 429,
                code: "ThrottlingException".to_owned(),
            },
        );
        let proxy = FaultProxy::start(upstream, vec![lost.times(4), throttled.times(4)]).await;
        let scheduler = scheduler_at(&proxy.url());
        let group = unique_name("group");
        scheduler
            .ensure_group(&group, &BTreeMap::new())
            .await
            .expect("there in the end");
        let names: Vec<String> = (0..12).map(|n| format!("s{n:02}")).collect();
        let specs = names.iter().map(|name| spec(name)).collect();
        for outcome in scheduler.put(&group, specs).await {
            outcome.expect("put in the end");
        }
        let listed = scheduler.list(&group).await.expect("listed");
        let listed: Vec<_> = listed
            .expect("there")
            .into_iter()
            .map(|it| it.name)
            .collect();
        assert_eq!(listed, names);
        for outcome in scheduler.remove(&group, names).await {
            outcome.expect("removed in the end");
        }
        assert_eq!(scheduler.list(&group).await, Ok(Some(Vec::new())));
        let calls = proxy.calls();
        let created = |call: &&Call| call.operation == "CreateSchedule";
        assert_eq!(calls.iter().filter(created).count(), 12);
        assert!(
            calls
                .iter()
                .any(|call| call.resource == format!("schedule/{group}/s00"))
        );
    }

    #[tokio::test]
    async fn each_request_needs_a_right_that_the_constants_list() {
        let proxy = FaultProxy::start(Ministack::shared().await.url(), Vec::new()).await;
        let scheduler = scheduler_at(&proxy.url());
        let group = unique_name("group");
        let tags = BTreeMap::from([("app".to_owned(), "shop".to_owned())]);
        scheduler
            .ensure_group(&group, &tags)
            .await
            .expect("created");
        scheduler.list(&group).await.expect("listed");
        for _ in 0..2 {
            put(&scheduler, &group, spec("a")).await;
        }
        let paused = scheduler.set_enabled(&group, "a", false).await;
        assert_eq!(paused, Ok(true));
        let removed = scheduler.remove(&group, vec!["a".to_owned()]).await;
        assert_eq!(removed, [Ok(())]);
        assert_eq!(scheduler.group_tags(&group).await, Ok(Some(tags)));
        let on = |resource: &str| -> BTreeSet<String> {
            let calls = proxy.calls().into_iter();
            calls
                .filter(|call| call.resource == resource)
                .map(|call| format!("scheduler:{}", call.operation))
                .collect()
        };
        let listed = |actions: &[&str]| -> BTreeSet<String> {
            actions.iter().map(|&action| action.to_owned()).collect()
        };
        assert_eq!(on("*"), listed(iam::LIST_SCHEDULES));
        assert_eq!(
            on(&format!("schedule/{group}/a")),
            listed(iam::OPERATE_SCHEDULES)
        );
        // IAM asks for the right to tag where a group is created with tags; it is no request of its
        // own
        let mut of_group = on(&format!("schedule-group/{group}"));
        of_group.insert("scheduler:TagResource".to_owned());
        assert_eq!(of_group, listed(iam::OPERATE_SCHEDULE_GROUP));
    }

    /// ministack looks every ten seconds.
    #[tokio::test]
    async fn a_schedule_fires_into_its_queue() {
        let (scheduler, group) = scheduler().await;
        let config = AwsConfig::emulator(Ministack::shared().await.url());
        let broker = SqsBroker::new(&config);
        let queue = unique_name("fired");
        let declared = QueueSpec {
            dead_letter: None,
            ..QueueSpec::new(&queue)
        };
        broker.declare(&declared).await.expect("declared");
        let place = scheduler.place().await.expect("asked");
        let mut once = ScheduleSpec {
            expression: format!("at({})", in_a_second()),
            delete_after: true,
            ..spec("once")
        };
        once.target.arn = place.queue_arn(&config.sqs.queue_name(&queue));
        once.target.role_arn = place.role_arn("beat");
        once.target.input = r#"{"body": "W10="}"#.to_owned();
        put(&scheduler, &group, once.clone()).await;
        let mut received = Vec::new();
        for _ in 0..3 {
            let (wait, visibility) = (Duration::from_secs(20), Duration::from_mins(5));
            received = broker
                .receive(&queue, 1, wait, visibility)
                .await
                .expect("received");
            if !received.is_empty() {
                break;
            }
        }
        assert_eq!(received.len(), 1, "it fires");
        assert_eq!(received[0].body, once.target.input);
    }

    fn in_a_second() -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.expect("it is past 1970").as_secs() + 1;
        let time = UtcTime(i64::try_from(now).expect("it is before 294247") * 1_000_000);
        time.to_iso().trim_end_matches("+00:00").to_owned()
    }
}

mod against_the_api_model {
    use std::collections::BTreeMap;

    use celeriac_core::{PutOutcome, ScheduleSpec, Scheduler, SchedulerErrorKind};
    use celeriac_protocol::UtcTime;
    use celeriac_testkit::scheduler_service::SchedulerService;
    use serde_json::json;

    use super::{scheduler_at, spec};

    fn tags() -> BTreeMap<String, String> {
        BTreeMap::from([("app".to_owned(), "shop".to_owned())])
    }

    async fn service() -> SchedulerService {
        let service = SchedulerService::start().await;
        let created = scheduler_at(&service.url())
            .ensure_group("shop", &tags())
            .await;
        assert_eq!(created, Ok(true));
        service
    }

    #[tokio::test]
    async fn every_request_is_one_that_the_model_allows() {
        let service = service().await;
        let scheduler = scheduler_at(&service.url());
        let mut fifo = ScheduleSpec {
            description: Some("x".repeat(512)),
            timezone: Some("America/Argentina/ComodRivadavia".to_owned()),
            start: Some(UtcTime(1_900_000_000_999_999)),
            end: Some(UtcTime(1_950_000_000_000_000)),
            flexible_minutes: 1440,
            maximum_retry_attempts: 185,
            dead_letter_arn: Some("arn:aws:sqs:us-east-1:123456789012:dead".to_owned()),
            delete_after: true,
            enabled: false,
            ..spec(&"n".repeat(64))
        };
        fifo.target.message_group_id = Some("g".repeat(128));
        fifo.target.input = "ä".repeat(131_072);
        let batch = vec![spec("a.b-c_1"), fifo.clone()];
        for expected in [PutOutcome::Created, PutOutcome::Updated] {
            let outcomes = scheduler.put("shop", batch.clone()).await;
            assert_eq!(outcomes, [Ok(expected), Ok(expected)]);
        }
        fifo.start = Some(UtcTime(1_900_000_000_000_000));
        assert_eq!(scheduler.get("shop", &fifo.name).await, Ok(Some(fifo)));
        assert_eq!(
            scheduler.set_enabled("shop", "a.b-c_1", false).await,
            Ok(true)
        );
        assert_eq!(
            scheduler
                .list("shop")
                .await
                .expect("listed")
                .map(|all| all.len()),
            Some(2)
        );
        let removed = scheduler.remove("shop", vec!["a.b-c_1".to_owned()]).await;
        assert_eq!(removed, [Ok(())]);
        assert_eq!(service.refusals(), Vec::<String>::new());
        assert_eq!(
            service.tags("shop"),
            Some(json!([{"Key": "app", "Value": "shop"}]))
        );
    }

    #[tokio::test]
    async fn a_create_says_all_that_the_spec_does() {
        let service = service().await;
        let scheduler = scheduler_at(&service.url());
        scheduler
            .put("shop", vec![spec("a")])
            .await
            .remove(0)
            .expect("put");
        let mut stored = service.schedule("shop", "a").expect("it is there");
        for date in ["CreationDate", "LastModificationDate", "Arn"] {
            stored.as_object_mut().expect("an object").remove(date);
        }
        assert_eq!(
            stored,
            json!({
                "Name": "a",
                "GroupName": "shop",
                "ScheduleExpression": "rate(1 hour)",
                "ScheduleExpressionTimezone": "UTC",
                "State": "ENABLED",
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "ActionAfterCompletion": "NONE",
                "Target": {
                    "Arn": "arn:aws:sqs:us-east-1:000000000000:celery",
                    "RoleArn": "arn:aws:iam::000000000000:role/beat",
                    "Input": "{}",
                    "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 3600},
                },
            })
        );
    }

    #[tokio::test]
    async fn a_list_takes_one_request_for_each_hundred() {
        let service = service().await;
        let scheduler = scheduler_at(&service.url());
        for (count, requests) in [(1, 1), (100, 1), (101, 2), (250, 3)] {
            let have = service.names("shop").len();
            let specs = (have..count).map(|n| spec(&format!("s{n:04}"))).collect();
            for outcome in scheduler.put("shop", specs).await {
                outcome.expect("put");
            }
            service.reset_requests();
            let listed = scheduler.list("shop").await.expect("listed");
            let names: Vec<_> = listed
                .expect("there")
                .into_iter()
                .map(|it| it.name)
                .collect();
            assert_eq!(names, service.names("shop"));
            assert_eq!(names.len(), count);
            assert_eq!(service.requests().len(), requests, "of {count}");
        }
        assert_eq!(service.refusals(), Vec::<String>::new());
    }

    #[tokio::test]
    async fn a_missing_group_is_told_from_an_empty_one() {
        let service = service().await;
        let scheduler = scheduler_at(&service.url());
        assert_eq!(scheduler.list("shop").await, Ok(Some(Vec::new())));
        assert_eq!(scheduler.list("other").await, Ok(None));
        assert_eq!(
            scheduler.remove("other", vec!["a".to_owned()]).await,
            [Ok(())]
        );
        let error = scheduler.put("other", vec![spec("a")]).await.remove(0);
        assert_eq!(
            error.expect_err("no group").kind,
            SchedulerErrorKind::GroupNotFound
        );
    }

    #[tokio::test]
    async fn what_the_service_would_refuse_is_not_sent() {
        let service = service().await;
        let scheduler = scheduler_at(&service.url());
        service.reset_requests();
        let bad = ScheduleSpec {
            expression: "x".repeat(257),
            ..spec("long")
        };
        let outcomes = scheduler
            .put("shop", vec![bad, spec("a b"), spec("good"), spec("good")])
            .await;
        let refused: Vec<bool> = outcomes.iter().map(Result::is_err).collect();
        assert_eq!(refused, [true, true, false, true]);
        for error in outcomes.into_iter().filter_map(Result::err) {
            assert!(
                matches!(error.kind, SchedulerErrorKind::Invalid(_)),
                "{error}"
            );
            assert!(!error.is_retryable());
        }
        assert!(scheduler.list("a b").await.is_err());
        assert!(scheduler.get("shop", "").await.is_err());
        assert!(scheduler.set_enabled("shop", "a/b", true).await.is_err());
        assert!(scheduler.remove("shop", vec!["ä".to_owned()]).await[0].is_err());
        let untagged = BTreeMap::from([(String::new(), "x".to_owned())]);
        assert!(scheduler.ensure_group("g", &untagged).await.is_err());
        assert_eq!(service.requests().len(), 1);
        assert_eq!(service.refusals(), Vec::<String>::new());
    }

    #[tokio::test]
    async fn a_pause_keeps_what_the_spec_does_not_know() {
        let service = service().await;
        let scheduler = scheduler_at(&service.url());
        scheduler
            .put("shop", vec![spec("a")])
            .await
            .remove(0)
            .expect("put");
        let key = json!("arn:aws:kms:us-east-1:123456789012:key/k");
        service.change("shop", "a", "KmsKeyArn", key.clone());
        assert_eq!(scheduler.set_enabled("shop", "a", false).await, Ok(true));
        let paused = service.schedule("shop", "a").expect("it is there");
        assert_eq!(
            (&paused["State"], &paused["KmsKeyArn"]),
            (&json!("DISABLED"), &key)
        );
        service.reset_requests();
        assert_eq!(scheduler.set_enabled("shop", "a", false).await, Ok(true));
        assert_eq!(service.requests_of("UpdateSchedule"), 0);
        assert_eq!(service.refusals(), Vec::<String>::new());
    }

    #[tokio::test]
    async fn each_refusal_of_the_service_is_told_apart() {
        let service = service().await;
        let scheduler = scheduler_at(&service.url());
        let mut kinds = Vec::new();
        for (status, code) in [
            (400, "ValidationException"),
            (403, "AccessDeniedException"),
            (402, "ServiceQuotaExceededException"),
            (400, "NeverHeardOf"),
        ] {
            service.fail("CreateSchedule", status, code, 1);
            let outcome = scheduler.put("shop", vec![spec("a")]).await.remove(0);
            kinds.push(outcome.expect_err("refused").kind);
        }
        let text = || "made by the test".to_owned();
        assert_eq!(
            kinds,
            [
                SchedulerErrorKind::Invalid(text()),
                SchedulerErrorKind::AccessDenied(
                    "AccessDeniedException: made by the test".to_owned()
                ),
                SchedulerErrorKind::Quota(text()),
                SchedulerErrorKind::Other("NeverHeardOf: made by the test".to_owned()),
            ]
        );
        assert_eq!(service.names("shop"), Vec::<String>::new());
    }

    #[tokio::test]
    async fn a_schedule_that_goes_between_create_and_update_is_created_again() {
        let service = service().await;
        let scheduler = scheduler_at(&service.url());
        service.fail("CreateSchedule", 409, "ConflictException", 1);
        let outcome = scheduler.put("shop", vec![spec("a")]).await.remove(0);
        assert_eq!(outcome, Ok(PutOutcome::Created));
        assert_eq!(service.requests_of("UpdateSchedule"), 1);
        for operation in ["UpdateSchedule", "DeleteSchedule"] {
            service.fail(operation, 409, "ConflictException", 1);
        }
        assert_eq!(scheduler.set_enabled("shop", "a", false).await, Ok(true));
        assert_eq!(
            scheduler.remove("shop", vec!["a".to_owned()]).await,
            [Ok(())]
        );
        assert_eq!(service.names("shop"), Vec::<String>::new());
    }

    /// The SDK gives up after six attempts.
    #[tokio::test]
    async fn a_throttle_that_outlasts_the_sdks_retries_is_waited_out() {
        let service = service().await;
        let scheduler = scheduler_at(&service.url());
        service.fail("CreateSchedule", 429, "ThrottlingException", 7);
        let outcome = scheduler.put("shop", vec![spec("a")]).await.remove(0);
        assert_eq!(outcome, Ok(PutOutcome::Created));
        assert_eq!(service.requests_of("CreateSchedule"), 8);
    }

    #[tokio::test]
    async fn a_group_that_is_being_deleted_is_waited_for_by_the_caller() {
        let service = service().await;
        let scheduler = scheduler_at(&service.url());
        service.delete_group("shop");
        let error = scheduler.ensure_group("shop", &tags()).await;
        assert!(error.expect_err("not now").is_retryable());
    }

    #[tokio::test]
    async fn the_place_is_asked_for_once() {
        let service = service().await;
        let scheduler = scheduler_at(&service.url());
        for _ in 0..2 {
            let place = scheduler.place().await.expect("asked");
            assert_eq!(
                place.queue_arn("celery"),
                "arn:aws:sqs:us-east-1:123456789012:celery"
            );
        }
        assert_eq!(scheduler.requests().of("GetCallerIdentity"), 1);
    }
}

use std::time::Duration;

use celeriac_aws::{AwsConfig, EventBridgeScheduler};
use celeriac_core::{ScheduleSpec, ScheduleTarget};

fn scheduler_at(url: &str) -> EventBridgeScheduler {
    EventBridgeScheduler::new(&AwsConfig::emulator(url))
}

fn spec(name: &str) -> ScheduleSpec {
    ScheduleSpec {
        name: name.to_owned(),
        description: None,
        expression: "rate(1 hour)".to_owned(),
        timezone: None,
        start: None,
        end: None,
        enabled: true,
        flexible_minutes: 0,
        target: ScheduleTarget {
            arn: "arn:aws:sqs:us-east-1:000000000000:celery".to_owned(),
            role_arn: "arn:aws:iam::000000000000:role/beat".to_owned(),
            input: "{}".to_owned(),
            message_group_id: None,
        },
        maximum_retry_attempts: 3,
        maximum_event_age: Duration::from_hours(1),
        dead_letter_arn: None,
        delete_after: false,
    }
}
