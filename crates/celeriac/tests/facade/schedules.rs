//! `schedules plan`, `apply`, `pause` and `resume` against an EventBridge Scheduler that holds
//! every request to AWS's API model.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::time::Duration;

use celeriac::beat::{Crontab, Entry, Solar, SolarEvent};
use celeriac::prelude::*;
use celeriac_core::SendOptions;
use celeriac_testkit::scheduler_service::SchedulerService;
use serde_json::{Value as Json, json};

const CHANGES: u8 = 5;
const GROUP: &str = "shop";

#[task(name = "shop.report")]
async fn report(kind: String) -> TaskResult<String> {
    Ok(kind)
}

/// An app of these entries, whose service is this one.
fn app_of(name: &str, service: &SchedulerService, entries: Vec<Entry>) -> App {
    let url = service.url().replace("http://", "sqs://test:test@");
    let app = App::new(name).task(report).isolated().settings(|settings| {
        settings.broker_url = Some(url);
        settings.broker_transport_options.region = Some("us-east-1".to_owned());
        settings.beat_schedule_group = Some(GROUP.to_owned());
    });
    entries.into_iter().fold(app, App::beat_entry)
}

/// The exit code of one command.
async fn run(service: &SchedulerService, entries: Vec<Entry>, words: &[&str]) -> ExitCode {
    let arguments = ["shop", "schedules"]
        .into_iter()
        .chain(words.iter().copied());
    let arguments: Vec<OsString> = arguments.map(OsString::from).collect();
    app_of("shop", service, entries).run_with(arguments).await
}

async fn apply(service: &SchedulerService, entries: Vec<Entry>) {
    assert_eq!(
        run(service, entries, &["apply", "--json"]).await,
        ExitCode::SUCCESS
    );
}

/// Whether there is nothing to change.
async fn is_planned_empty(service: &SchedulerService, entries: Vec<Entry>, deep: bool) -> bool {
    let words = ["plan", "--json", "--detailed-exitcode", "--deep"];
    let code = run(service, entries, if deep { &words } else { &words[..3] }).await;
    assert!(
        code == ExitCode::SUCCESS || code == ExitCode::from(CHANGES),
        "{code:?}"
    );
    code == ExitCode::SUCCESS
}

fn crontab(name: &str, text: &str) -> Entry {
    let crontab = Crontab::new(text).expect("a crontab");
    Entry::new(name, crontab, report::s("daily".to_owned()))
}

fn every(name: &str, seconds: u64) -> Entry {
    Entry::new(
        name,
        Duration::from_secs(seconds),
        report::s("often".to_owned()),
    )
}

fn with(entry: Entry, change: impl FnOnce(&mut SendOptions)) -> Entry {
    let mut options = SendOptions::default();
    change(&mut options);
    entry.under(options)
}

/// One of each kind that a message or a target can be.
fn all_kinds() -> Vec<Entry> {
    let seoul = Crontab::new("0 9 * * *")
        .expect("a crontab")
        .tz("Asia/Seoul");
    let sunset = Solar::new(SolarEvent::Sunset, 52.52, 13.4).expect("a place");
    let launch = "2199-01-02T03:04:05Z".parse::<celeriac::beat::jiff::Timestamp>();
    let week = "2199-01-09T00:00:00.5Z".parse().expect("a time");
    let callback = report::s("after".to_owned());
    vec![
        Entry::new("mornings in Seoul ✓", seoul, report::s("daily".to_owned())),
        Entry::new("sunset", sunset, report::s("dark".to_owned())).end(in_days(3)),
        Entry::new(
            "launch",
            launch.expect("a time"),
            report::s("once".to_owned()),
        ),
        Entry::new(
            "linked",
            Duration::from_hours(1),
            report::s("a".to_owned()).link(callback),
        ),
        every("poll", 420).start(in_days(2)).end(week),
        every("often", 40),
        crontab("guarded", "0 9 13 * fri").celeriac_only(),
        crontab("exact", "30 9 * * *").celeriac_only().precise(),
        crontab("spread", "0 1 * * *").jitter(Duration::from_mins(10)),
        crontab("off", "0 2 * * *").enabled(false),
        with(crontab("ordered", "0 3 * * *"), |options| {
            options.queue = Some("orders.fifo".to_owned());
        }),
        with(crontab("late", "0 4 * * *"), |options| {
            options.countdown = Some(Duration::from_secs(90));
        }),
        with(every("lapsing", 60), |options| {
            options.expires = Some(Duration::from_secs(30));
        })
        .celeriac_only(),
    ]
}

/// The same at each call: tests do not last a day.
fn in_days(days: i64) -> celeriac::beat::jiff::Timestamp {
    static NOW: std::sync::LazyLock<i64> =
        std::sync::LazyLock::new(|| celeriac::beat::jiff::Timestamp::now().as_second());
    celeriac::beat::jiff::Timestamp::from_second(*NOW + days * 86_400).expect("a time")
}

/// The group's schedules but for when they were written.
fn definitions(service: &SchedulerService) -> Vec<Json> {
    let names = service.names(GROUP);
    names
        .iter()
        .map(|name| {
            let mut schedule = service.schedule(GROUP, name).expect("it is there");
            let members = schedule.as_object_mut().expect("an object");
            members.remove("LastModificationDate");
            members.remove("CreationDate");
            schedule
        })
        .collect()
}

#[tokio::test]
async fn a_plan_after_apply_is_empty_also_from_another_process() {
    let service = SchedulerService::start().await;
    assert!(!is_planned_empty(&service, all_kinds(), false).await);
    assert_eq!(service.names(GROUP), Vec::<String>::new());
    apply(&service, all_kinds()).await;
    assert_eq!(
        service.tags(GROUP),
        Some(json!([
            {"Key": "celeriac:app", "Value": "shop"},
            {"Key": "celeriac:deployment", "Value": "shop"},
        ]))
    );
    assert!(is_planned_empty(&service, all_kinds(), false).await);
    assert!(is_planned_empty(&service, all_kinds(), true).await);
    let before = definitions(&service);
    service.reset_requests();
    apply(&service, all_kinds()).await;
    assert_eq!(
        service.requests_of("ListSchedules"),
        service.requests().len()
    );
    assert_eq!(definitions(&service), before);
    assert_eq!(service.refusals(), Vec::<String>::new());
}

#[tokio::test]
async fn messages_hold_nothing_of_the_moment() {
    let service = SchedulerService::start().await;
    apply(&service, all_kinds()).await;
    for schedule in definitions(&service) {
        let input = schedule["Target"]["Input"].as_str().expect("a text");
        let keywords = input.matches("<aws.scheduler.scheduled-time>").count();
        assert!(keywords >= 3, "{input}");
        let mut message: Json = serde_json::from_str(input).expect("JSON");
        if let Some(body) = message["MessageBody"].as_str() {
            message = serde_json::from_str(body).expect("JSON");
        }
        let headers = &message["headers"];
        assert_eq!(headers["eta"], Json::Null, "{input}");
        assert_eq!(headers["expires"], Json::Null, "{input}");
        assert_eq!(headers["origin"], "beat@eventbridge");
        let entry = headers["celeriac_beat"]["entry"]
            .as_str()
            .expect("an entry");
        let name = entry.replace('✓', "%E2%9C%93");
        let id = headers["id"].as_str().expect("an id");
        assert!(
            id.starts_with(&format!("{name}:<aws.scheduler.scheduled-time>")),
            "{id}"
        );
        assert_eq!(
            (
                &headers["root_id"],
                &message["properties"]["correlation_id"]
            ),
            (&headers["id"], &headers["id"])
        );
    }
}

#[tokio::test]
async fn every_member_changed_by_hand_is_found_by_a_deep_plan_and_mended() {
    let entries = || vec![crontab("daily", "0 9 * * *"), every("poll", 420)];
    let service = SchedulerService::start().await;
    apply(&service, entries()).await;
    let daily = name_of(&service, "daily");
    let before = definitions(&service);
    let target = service.schedule(GROUP, &daily).expect("there")["Target"].clone();
    let of_target = |member: &str, value: Json| {
        let mut target = target.clone();
        target[member] = value;
        ("Target", target)
    };
    let by_hand = [
        ("ScheduleExpression", json!("cron(0 10 * * ? *)")),
        ("ScheduleExpressionTimezone", json!("Asia/Seoul")),
        ("StartDate", json!(in_days(9).as_second())),
        ("EndDate", json!(in_days(9).as_second())),
        ("Description", json!("mine")),
        (
            "FlexibleTimeWindow",
            json!({"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5}),
        ),
        ("ActionAfterCompletion", json!("DELETE")),
        of_target("Input", json!("{}")),
        of_target("RoleArn", json!("arn:aws:iam::123456789012:role/other")),
        of_target(
            "RetryPolicy",
            json!({"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 86_400}),
        ),
        of_target(
            "RetryPolicy",
            json!({"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 60}),
        ),
        of_target(
            "DeadLetterConfig",
            json!({"Arn": "arn:aws:sqs:us-east-1:123456789012:dead"}),
        ),
        of_target("SqsParameters", json!({"MessageGroupId": "a"})),
    ];
    for (member, value) in by_hand {
        service.change(GROUP, &daily, member, value.clone());
        assert!(
            is_planned_empty(&service, entries(), false).await,
            "{member}: list pages do not tell"
        );
        assert!(
            !is_planned_empty(&service, entries(), true).await,
            "{member}: {value}"
        );
        assert_eq!(
            run(&service, entries(), &["apply", "--deep", "--json"]).await,
            ExitCode::SUCCESS
        );
        assert_eq!(definitions(&service), before, "{member}");
    }
}

/// The start of a rate says when it fires.
#[tokio::test]
async fn a_rate_off_its_grid_is_drift() {
    let entries = || vec![every("poll", 420)];
    let service = SchedulerService::start().await;
    apply(&service, entries()).await;
    let poll = name_of(&service, "poll");
    let start = service.schedule(GROUP, &poll).expect("there")["StartDate"].as_i64();
    assert_eq!(start.expect("whole seconds") % 420, 0);
    service.change(GROUP, &poll, "StartDate", json!(420_000));
    assert!(is_planned_empty(&service, entries(), true).await);
    service.change(GROUP, &poll, "StartDate", json!(420_060));
    assert!(!is_planned_empty(&service, entries(), true).await);
}

#[tokio::test]
async fn another_target_is_seen_in_list_pages() {
    let entries = || vec![crontab("daily", "0 9 * * *")];
    let service = SchedulerService::start().await;
    apply(&service, entries()).await;
    let before = definitions(&service);
    let mut target = before[0]["Target"].clone();
    target["Arn"] = json!("arn:aws:sqs:us-east-1:123456789012:elsewhere");
    service.change(GROUP, &name_of(&service, "daily"), "Target", target);
    assert!(!is_planned_empty(&service, entries(), false).await);
    apply(&service, entries()).await;
    assert_eq!(definitions(&service), before);
}

#[tokio::test]
async fn the_group_of_another_app_is_left_alone() {
    let service = SchedulerService::start().await;
    apply(&service, vec![crontab("daily", "0 9 * * *")]).await;
    let before = definitions(&service);
    let words = ["stall", "schedules", "apply", "--json"].map(OsString::from);
    let other = app_of("stall", &service, vec![crontab("hourly", "0 * * * *")]);
    assert_ne!(other.run_with(words).await, ExitCode::SUCCESS);
    assert_eq!(definitions(&service), before);
}

/// Every command that changes something, in an environment whose settings name the group of
/// another one.
#[tokio::test]
async fn the_group_of_another_environment_is_left_alone() {
    let service = SchedulerService::start().await;
    apply(&service, vec![crontab("daily", "0 9 * * *")]).await;
    let before = definitions(&service);
    for (prefix, environment) in [("staging-", None), ("", Some("staging"))] {
        for words in [
            &["apply"][..],
            &["plan"],
            &["pause", "daily"],
            &["resume", "daily"],
            &["run-now", "daily"],
        ] {
            let app = app_of("shop", &service, vec![crontab("daily", "0 10 * * *")]);
            let app = app.settings(|settings| {
                settings.environment = environment.map(str::to_owned);
                settings.broker_transport_options.queue_name_prefix = prefix.to_owned();
            });
            let words = [&["shop", "schedules"], words].concat();
            let words: Vec<OsString> = words.into_iter().map(OsString::from).collect();
            assert_ne!(
                app.run_with(words.clone()).await,
                ExitCode::SUCCESS,
                "{words:?}"
            );
            assert_eq!(definitions(&service), before, "{words:?}");
        }
    }
}

#[tokio::test]
async fn environments_have_schedule_groups_of_their_own() {
    let service = SchedulerService::start().await;
    for prefix in ["prod-", "staging-", ""] {
        let app = app_of("shop", &service, vec![crontab("daily", "0 9 * * *")]);
        let app = app.settings(|settings| {
            settings.beat_schedule_group = None;
            settings.broker_transport_options.queue_name_prefix = prefix.to_owned();
        });
        let words = ["shop", "schedules", "apply", "--json"].map(OsString::from);
        assert_eq!(app.run_with(words).await, ExitCode::SUCCESS);
    }
    for prefix in ["prod-", "staging-", ""] {
        let group = format!("{prefix}shop");
        let names = service.names(&group);
        let [name] = &names[..] else {
            panic!("{group}: {names:?}")
        };
        let schedule = service.schedule(&group, name).expect("there");
        let arn = |name: &str| format!("arn:aws:sqs:us-east-1:123456789012:{prefix}{name}");
        assert_eq!(schedule["Target"]["Arn"], arn("celery"));
        assert_eq!(
            schedule["Target"]["RoleArn"],
            format!("arn:aws:iam::123456789012:role/{prefix}shop-scheduler")
        );
    }
}

#[tokio::test]
async fn a_group_that_is_not_this_apps_by_its_tag_is_left_alone() {
    let service = SchedulerService::start().await;
    let by_hand = json!({"ScheduleExpression": "rate(1 day)", "Target": {"Arn": "arn:aws:sqs:us-east-1:123456789012:q"}});
    service.insert(GROUP, "by-hand", &by_hand);
    for command in ["plan", "apply"] {
        let words = ["shop", "schedules", command].map(OsString::from);
        let app = app_of("shop", &service, vec![crontab("daily", "0 9 * * *")]);
        assert_ne!(app.run_with(words).await, ExitCode::SUCCESS, "{command}");
        assert_eq!(service.names(GROUP), ["by-hand"]);
    }
}

/// Entries before and after a deployment: unchanged, changed, changed in its parts, gone, new.
fn before() -> Vec<Entry> {
    vec![
        crontab("same", "0 1 * * *"),
        crontab("changed", "0 2 * * *"),
        every("parts", 40),
        crontab("gone", "0 3 * * *"),
        crontab("paused", "0 4 * * *"),
    ]
}

fn after() -> Vec<Entry> {
    vec![
        crontab("same", "0 1 * * *"),
        crontab("changed", "5 2 * * *"),
        every("parts", 300),
        crontab("paused", "5 4 * * *"),
        crontab("new", "0 5 * * *"),
    ]
}

/// Names with the digests taken off.
fn entries_of(service: &SchedulerService) -> BTreeSet<String> {
    let names = service.names(GROUP);
    names
        .iter()
        .map(|name| name.split(['-', '.']).next().unwrap_or(name).to_owned())
        .collect()
}

#[tokio::test]
async fn apply_that_was_interrupted_anywhere_loses_nothing_and_is_finished_by_the_next() {
    let scenes = (0..).map(|requests| async move {
        let service = SchedulerService::start().await;
        apply(&service, before()).await;
        let paused = run(&service, before(), &["pause", "paused"]).await;
        assert_eq!(paused, ExitCode::SUCCESS);
        service.stop_after(Some(requests));
        let ended = run(&service, after(), &["apply", "--json"]).await;
        let there = entries_of(&service);
        for entry in ["same", "changed", "parts", "paused"] {
            assert!(
                there.contains(entry),
                "{entry} is lost after {requests} requests"
            );
        }
        service.stop_after(None);
        apply(&service, after()).await;
        assert_eq!(
            entries_of(&service),
            ["same", "changed", "parts", "paused", "new"]
                .map(str::to_owned)
                .into()
        );
        assert_eq!(service.names(GROUP).len(), 5);
        let paused = service
            .schedule(GROUP, &name_of(&service, "paused"))
            .expect("there");
        assert_eq!(paused["State"], "DISABLED");
        assert!(is_planned_empty(&service, after(), true).await);
        assert_eq!(service.refusals(), Vec::<String>::new());
        ended == ExitCode::SUCCESS
    });
    let mut stops = 0;
    for scene in scenes {
        if scene.await {
            break;
        }
        stops += 1;
    }
    // a list page, the group twice and its tags, who we are, 4 schedules put and 6 deleted
    assert!(stops >= 12, "{stops}");
}

#[tokio::test]
async fn throttles_and_lost_answers_are_waited_out() {
    let service = SchedulerService::start().await;
    for operation in ["ListSchedules", "CreateScheduleGroup", "CreateSchedule"] {
        service.fail(operation, 429, "ThrottlingException", 2);
    }
    service.lose_answers("CreateScheduleGroup", 1);
    service.lose_answers("CreateSchedule", 2);
    apply(&service, before()).await;
    assert!(is_planned_empty(&service, before(), true).await);
    service.fail("DeleteSchedule", 429, "ThrottlingException", 2);
    service.lose_answers("DeleteSchedule", 2);
    apply(&service, after()).await;
    assert!(is_planned_empty(&service, after(), true).await);
    assert_eq!(service.names(GROUP).len(), 5);
}

#[tokio::test]
async fn of_an_entry_that_could_not_be_written_the_old_schedules_stay() {
    let service = SchedulerService::start().await;
    apply(&service, vec![every("parts", 40)]).await;
    let old = service.names(GROUP);
    service.fail("CreateSchedule", 400, "ValidationException", 1);
    let applied = run(&service, vec![every("parts", 300)], &["apply", "--json"]).await;
    assert_eq!(applied, ExitCode::FAILURE);
    assert_eq!(service.names(GROUP), old);
}

#[tokio::test]
async fn a_pause_lasts_until_resume() {
    let service = SchedulerService::start().await;
    let entries = |minute: u8| {
        vec![
            crontab("daily", &format!("{minute} 9 * * *")),
            crontab("daily 2", "0 9 * * *"),
        ]
    };
    apply(&service, entries(0)).await;
    let states = || {
        let names = service.names(GROUP);
        let state = |name: &String| service.schedule(GROUP, name).expect("there")["State"].clone();
        names.iter().map(state).collect::<Vec<_>>()
    };
    assert_eq!(
        run(&service, entries(0), &["pause", "daily"]).await,
        ExitCode::SUCCESS
    );
    assert_eq!(states(), ["DISABLED", "ENABLED"]);
    assert!(is_planned_empty(&service, entries(0), true).await);
    apply(&service, entries(1)).await;
    assert_eq!(states(), ["DISABLED", "ENABLED"]);
    assert_eq!(
        run(&service, entries(1), &["resume", "daily"]).await,
        ExitCode::SUCCESS
    );
    assert_eq!(states(), ["ENABLED", "ENABLED"]);
    assert!(is_planned_empty(&service, entries(1), true).await);
}

/// In an emergency another entry's mistake must not be in the way.
#[tokio::test]
async fn an_entry_is_paused_while_another_cannot_be_rendered() {
    let service = SchedulerService::start().await;
    apply(&service, vec![crontab("daily", "0 9 * * *")]).await;
    let entries = || {
        vec![
            crontab("daily", "0 9 * * *"),
            crontab("both days", "0 9 13 * fri"),
        ]
    };
    assert_eq!(
        run(&service, entries(), &["pause", "daily"]).await,
        ExitCode::SUCCESS
    );
    assert_eq!(
        run(&service, entries(), &["list", "--json"]).await,
        ExitCode::SUCCESS
    );
    assert_ne!(run(&service, entries(), &["plan"]).await, ExitCode::SUCCESS);
}

/// The only name that begins so.
fn name_of(service: &SchedulerService, entry: &str) -> String {
    let start = format!("{entry}-");
    let names = service.names(GROUP);
    let mut of_entry = names.into_iter().filter(|name| name.starts_with(&start));
    let name = of_entry.next().expect("the entry has a schedule");
    assert_eq!(of_entry.next(), None);
    name
}
