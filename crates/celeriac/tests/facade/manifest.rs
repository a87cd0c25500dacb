//! What an app's manifest says of its deployment.

use celeriac::beat::Entry;
use celeriac::beat::jiff::{self, Timestamp};
use celeriac::manifest::Manifest;
use celeriac::prelude::*;
use celeriac::{Error, Settings};

#[task(name = "shop.report", queue = "reports")]
async fn report(kind: String) -> TaskResult<String> {
    Ok(kind)
}

/// Of an app of this name, with these settings in its code.
async fn manifest_of(name: &str, change: impl FnOnce(&mut Settings)) -> Result<Manifest, Error> {
    let app = App::new(name).task(report).isolated().settings(|settings| {
        settings.broker_url = Some("sqs://".to_owned());
        change(settings);
    });
    Manifest::of(&app.build().await?)
}

/// What was refused, in words.
async fn refusal(name: &str, change: impl FnOnce(&mut Settings)) -> String {
    let error = manifest_of(name, change).await.expect_err("refused");
    error.to_string()
}

fn prefixed(prefix: &str) -> impl FnOnce(&mut Settings) {
    move |settings| {
        prefix.clone_into(&mut settings.broker_transport_options.queue_name_prefix);
    }
}

#[tokio::test]
async fn a_deployment_is_named_by_its_environment() {
    let name = async |change: fn(&mut Settings)| {
        let manifest = manifest_of("shop", change).await.expect("a manifest");
        assert_eq!(manifest.app, "shop");
        assert_eq!(manifest.schedule_group, manifest.deployment);
        manifest.deployment
    };
    assert_eq!(name(|_| {}).await, "shop");
    assert_eq!(
        name(|settings| prefixed("staging-")(settings)).await,
        "staging-shop"
    );
    assert_eq!(
        name(|settings| {
            prefixed("stg_")(settings);
            settings.environment = Some("staging".to_owned());
        })
        .await,
        "staging-shop"
    );
}

#[tokio::test]
async fn a_name_that_aws_does_not_take_is_refused() {
    for (app, prefix) in [
        ("shop*", ""),
        ("shop?", ""),
        ("team/shop", ""),
        ("my.shop", ""),
        ("\u{e4}pfel", ""),
        ("", ""),
        (&"s".repeat(48), ""),
        ("shop", &"p".repeat(44)),
    ] {
        let said = refusal(app, prefixed(prefix)).await;
        assert!(
            said.contains(&format!("`{prefix}{app}`")) && said.contains("1 to 47 letters"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn regions_and_options_of_urls_are_kept() {
    let manifest = manifest_of("shop", |settings| {
        settings.broker_url = Some("sqs://sqs.eu-central-1.amazonaws.com".to_owned());
        settings.result_backend =
            Some("dynamodb://eu-west-1/results?read=5&ttl_seconds=604800".to_owned());
    });
    let manifest = manifest.await.expect("a manifest");
    let environment = &manifest.environment;
    assert_eq!(environment["CELERIAC_BROKER_URL"], "sqs://");
    assert_eq!(
        environment["CELERIAC_BROKER_TRANSPORT_OPTIONS__REGION"],
        "eu-central-1"
    );
    assert_eq!(
        environment["CELERIAC_RESULT_BACKEND"],
        "dynamodb://eu-west-1/results?ttl_seconds=604800"
    );
    assert_eq!(manifest.region.as_deref(), Some("eu-central-1"));
    let table = manifest.table.as_ref().expect("a table");
    assert_eq!(table.region.as_deref(), Some("eu-west-1"));
    assert_eq!(
        manifest.queues[0].arn,
        "arn:${partition}:sqs:eu-central-1:${account}:celery"
    );
    let rights = serde_json::to_string(&manifest.roles["worker"]).expect("JSON");
    assert!(rights.contains("arn:${partition}:dynamodb:eu-west-1:${account}:table/results"));
    assert_eq!(manifest.notes, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_this_machines_or_secret_stays_here_and_is_told() {
    let manifest = manifest_of("shop", |settings| {
        settings.broker_url = Some("sqs://key:hunter2@localhost:4566".to_owned());
        settings.result_backend =
            Some("dynamodb://key:hunter2@localhost:4566/results?ttl_seconds=864000".to_owned());
        let options = &mut settings.broker_transport_options;
        options.region = Some("us-east-1".to_owned());
        options.create_missing_queues = true;
        options.predefined_queues = [(
            "reports".to_owned(),
            "http://key:hunter2@localhost:4566/000000000000/reports".to_owned(),
        )]
        .into();
    });
    let manifest = manifest.await.expect("a manifest");
    let environment = &manifest.environment;
    assert_eq!(
        environment["CELERIAC_RESULT_BACKEND"],
        "dynamodb://${region}/results?ttl_seconds=864000"
    );
    assert_eq!(
        environment["CELERIAC_BROKER_TRANSPORT_OPTIONS__CREATE_MISSING_QUEUES"],
        "false"
    );
    assert_eq!(manifest.region, None);
    let (text, notes) = (
        serde_json::to_string(&manifest).expect("JSON"),
        manifest.notes.join("\n"),
    );
    for secret in ["hunter2", "localhost"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(!notes.contains("hunter2"), "{notes}");
    for told in ["broker", "predefined_queues", "create_missing_queues"] {
        assert!(notes.contains(told), "{notes}");
    }
}

#[tokio::test]
async fn an_access_key_for_aws_is_left_out_and_told() {
    let manifest = manifest_of("shop", |settings| {
        settings.broker_url = Some("sqs://key:hunter2@sqs.eu-west-1.amazonaws.com".to_owned());
        settings.result_backend = Some("dynamodb://key:hunter2@eu-west-1/results".to_owned());
    });
    let manifest = manifest.await.expect("a manifest");
    assert!(
        !serde_json::to_string(&manifest)
            .expect("JSON")
            .contains("hunter2")
    );
    let said = |setting: &str| {
        let key = format!("the access key in `{setting}` is left out");
        manifest.notes.iter().any(|note| note.contains(&key))
    };
    assert!(
        said("broker_url") && said("result_backend"),
        "{:?}",
        manifest.notes
    );
}

#[tokio::test]
async fn predefined_queues_are_the_queues_of_their_urls() {
    let url = "https://sqs.us-east-1.amazonaws.com/123456789012/legacy-tasks";
    let manifest = manifest_of("shop", |settings| {
        settings.broker_transport_options.predefined_queues =
            [("reports".to_owned(), url.to_owned())].into();
    });
    let manifest = manifest.await.expect("a manifest");
    let queue = &manifest.queues[1];
    assert_eq!(
        (queue.name.as_str(), queue.url.as_deref()),
        ("reports", Some(url))
    );
    assert_eq!(queue.queue_name, "legacy-tasks");
    assert_eq!(queue.dead_letter_queue.as_deref(), Some("legacy-tasks-dlq"));
    let arn = "arn:${partition}:sqs:us-east-1:123456789012:legacy-tasks";
    assert_eq!(queue.arn, arn);
    for role in ["producer", "worker", "lambda", "operator"] {
        let rights = serde_json::to_string(&manifest.roles[role]).expect("JSON");
        assert!(rights.contains(arn), "{role}: {rights}");
    }
    let notes = manifest.notes.join("\n");
    assert!(
        notes.contains("queue `celery` is not in `predefined_queues`"),
        "{notes}"
    );
    assert!(notes.contains("`legacy-tasks-dlq`"), "{notes}");
}

#[tokio::test]
async fn what_cannot_be_deployed_is_named_all_at_once() {
    let said = refusal("shop", |settings| {
        settings.timezone = "UTC".to_owned();
        settings.beat_scheduler_role = Some("team/*".to_owned());
        settings.broker_transport_options.region = Some("eu-*".to_owned());
        settings.task_routes = [("a", "t\u{e4}glich".to_owned()), ("e", "q".repeat(78))]
            .map(|(task, queue)| (task.to_owned(), celeriac::RouteTarget::queue(queue)))
            .into();
        let url = "https://sqs.us-east-1.amazonaws.com/*/x";
        settings.broker_transport_options.predefined_queues =
            [("x".to_owned(), url.to_owned())].into();
    })
    .await;
    for part in [
        "`team/*`",
        "`eu-*` is no region",
        "queue `t\u{e4}glich`",
        "the dead-letter queue of `qqq",
        "does not say the queue's region, account and name",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[tokio::test]
async fn queues_that_are_one_in_sqs_are_told() {
    let manifest = manifest_of("shop", |settings| {
        settings.task_routes = [
            ("a", "mail.high"),
            ("b", "mail-high"),
            ("c", "mail"),
            ("d", "mail-dlq"),
        ]
        .map(|(task, queue)| (task.to_owned(), celeriac::RouteTarget::queue(queue)))
        .into();
    });
    let notes = manifest.await.expect("a manifest").notes.join("\n");
    for part in [
        "queue `mail-high` and queue `mail.high` are one in SQS, `mail-high`",
        "queue `mail-dlq` and the dead-letter queue of `mail` are one in SQS, `mail-dlq`",
    ] {
        assert!(notes.contains(part), "{part}: {notes}");
    }
}

/// Wherever a zone without a name comes from.
#[tokio::test]
async fn the_machines_own_time_zone_is_refused() {
    for zone in ["localtime", "Localtime"] {
        let app = App::new("shop").isolated().settings(|settings| {
            settings.broker_url = Some("sqs://".to_owned());
            settings.timezone = zone.to_owned();
        });
        // where there is no such zone at all, the app itself is refused
        let Ok(connection) = app.build().await else {
            continue;
        };
        let error = Manifest::of(&connection).expect_err("refused").to_string();
        assert!(error.contains("`Europe/Berlin`"), "{error}");
    }
}

/// As `schedules next` and `schedules apply` have them: the multiples of the interval since the Unix
/// epoch, whenever it is deployed.
#[tokio::test]
async fn intervals_are_on_the_grid() {
    let intervals = [
        60, 300, 420, 3600, 5400, 7200, 86_400, 93_600, 172_800, 604_800,
    ];
    let app = App::new("shop")
        .task(report)
        .isolated()
        .settings(|settings| {
            settings.broker_url = Some("sqs://".to_owned());
        });
    let app = intervals.into_iter().fold(app, |app, seconds| {
        let call = report::s("often".to_owned());
        app.beat(format!("{seconds}"), secs(seconds), call)
    });
    let later = "2098-01-01T00:00:00Z".parse::<Timestamp>().expect("a time");
    let app = app
        .beat_entry(Entry::new("later", secs(93_600), report::s("often".to_owned())).start(later));
    let manifest = Manifest::of(&app.build().await.expect("a connection")).expect("a manifest");
    let now = Timestamp::now();
    for schedule in &manifest.schedules {
        let expression = &schedule.schedule_expression;
        let entry = schedule.name.split('-').next().expect("the entry's name");
        match (expression.starts_with("rate("), schedule.start_date) {
            (true, Some(start)) => {
                let period: i64 = entry.parse().unwrap_or(93_600);
                assert_eq!(start.as_second() % period, 0, "{entry}");
                let earliest = if entry == "later" { later } else { now };
                let wait = (start - earliest)
                    .total(jiff::Unit::Second)
                    .expect("seconds") as i64;
                assert!(wait >= 0 && wait <= period + 16 * 60, "{entry}: {wait}");
            }
            (false, None) => assert_eq!(schedule.schedule_expression_timezone, None),
            (_, start) => panic!("{entry}: {expression} from {start:?}"),
        }
    }
    let expression = |entry: &str| {
        let found = manifest
            .schedules
            .iter()
            .find(|one| one.name.starts_with(entry));
        found.expect("there").schedule_expression.clone()
    };
    assert_eq!(expression("86400-"), "cron(0 0 * * ? *)");
    assert_eq!(expression("604800-"), "cron(0 0 ? * 5 *)");
    assert_eq!(expression("93600-"), "rate(1560 minutes)");
}

#[tokio::test]
async fn an_interval_that_a_manifest_cannot_say_is_refused_by_name() {
    let app = App::new("shop")
        .task(report)
        .isolated()
        .settings(|settings| {
            settings.broker_url = Some("sqs://".to_owned());
        });
    let app = app
        .beat("seven", secs(7), report::s("often".to_owned()))
        .beat("eleven", secs(11), report::s("often".to_owned()));
    let error = Manifest::of(&app.build().await.expect("a connection")).expect_err("refused");
    let said = error.to_string();
    assert!(
        said.contains("`seven`") && said.contains("`eleven`"),
        "{said}"
    );
    assert!(said.contains("`schedules apply`"), "{said}");
}

/// The condition of one statement.
fn condition(manifest: &Manifest, role: &str, sid: &str) -> serde_json::Value {
    let statements = &manifest.roles[role].statements;
    let statement = statements.iter().find(|statement| statement.sid == sid);
    serde_json::json!(statement.expect("a statement").condition)
}

#[tokio::test]
async fn rights_on_items_are_for_the_keys_of_the_app() {
    let keys = |keys: &[&str]| serde_json::json!({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": keys}});
    let plain = manifest_of("shop", |_| {}).await.expect("a manifest");
    let results = keys(&["b?celery-*", "celery-*"]);
    for (role, sid) in [
        ("producer", "ReadResults"),
        ("reader", "ReadResults"),
        ("forgetter", "ForgetResults"),
    ] {
        assert_eq!(condition(&plain, role, sid), results, "{role}");
    }
    assert_eq!(
        condition(&plain, "worker", "KeepResults"),
        serde_json::json!({})
    );
    let prefixed = manifest_of("shop", |settings| {
        settings.result_backend_transport_options.global_keyprefix = "one".to_owned();
    });
    let prefixed = prefixed.await.expect("a manifest");
    for role in ["worker", "lambda"] {
        // not `one_*`, which would cover those of the prefix `one_two` too
        let expected = keys(&[
            "b?one_celery-*",
            "one_celery-*",
            "b?one_chord-unlock-*",
            "one_chord-unlock-*",
            "b?one_celeriac-*",
            "one_celeriac-*",
        ]);
        assert_eq!(
            condition(&prefixed, role, "KeepResults"),
            expected,
            "{role}"
        );
    }
    let expected = keys(&["b?one_celery-*", "one_celery-*"]);
    assert_eq!(condition(&prefixed, "producer", "ReadResults"), expected);
}

#[tokio::test]
async fn wildcards_do_not_come_into_policies() {
    for prefix in ["*", "a?", "${aws:username}", "a'b", "t\u{e4}g"] {
        let said = refusal("shop", |settings| {
            prefix.clone_into(&mut settings.result_backend_transport_options.global_keyprefix);
        });
        let said = said.await;
        assert!(
            said.contains(&format!("`global_keyprefix` is `{prefix}`")),
            "{said}"
        );
    }
    for role in ["shop*", "team/shop", "arn:aws:iam::123456789012:role/*", ""] {
        let said = refusal("shop", |settings| {
            settings.beat_scheduler_role = Some(role.to_owned());
        });
        let said = said.await;
        assert!(
            said.contains(&format!("`beat_scheduler_role` is `{role}`")),
            "{said}"
        );
    }
    for group in ["shop/*", "sh?p", "a b"] {
        let said = refusal("shop", |settings| {
            settings.beat_schedule_group = Some(group.to_owned());
        });
        let said = said.await;
        assert!(said.contains("`beat_schedule_group`"), "{said}");
    }
}

#[tokio::test]
async fn the_schedules_role_is_passed_to_their_service_alone() {
    let app = App::new("shop")
        .task(report)
        .isolated()
        .settings(|settings| {
            settings.broker_url = Some("sqs://".to_owned());
        });
    let app = app.beat("daily", "0 9 * * *", report::s("daily".to_owned()));
    let manifest = Manifest::of(&app.build().await.expect("a connection")).expect("a manifest");
    assert_eq!(
        condition(&manifest, "operator", "PassScheduleRole"),
        serde_json::json!({"StringEquals": {"iam:PassedToService": ["scheduler.amazonaws.com"]}})
    );
}

/// Of the settings and of the code, in the manifest and in a plan.
#[tokio::test]
async fn all_bad_entries_are_named_at_once() {
    let app = || {
        App::new("shop")
            .task(report)
            .isolated()
            .settings(|settings| {
                settings.broker_url = Some("sqs://".to_owned());
            })
    };
    let call = || report::s("daily".to_owned());
    let bad = app()
        .beat("both days", "0 9 13 * fri", call())
        .beat("fine", "0 9 * * *", call())
        .beat(
            "half seconds",
            std::time::Duration::from_millis(1500),
            call(),
        );
    let connection = bad.build().await.expect("a connection");
    let said = Manifest::of(&connection).expect_err("refused").to_string();
    assert!(
        said.contains("`both days`") && said.contains("`half seconds`"),
        "{said}"
    );
    assert!(!said.contains("`fine`"), "{said}");
    let entry = |text: &str| celeriac::Value::Str(text.to_owned());
    let unread = app().settings(|settings| {
        settings.broker_url = Some("sqs://".to_owned());
        settings.beat_schedule = [("one", entry("1")), ("two", entry("2"))]
            .map(|(name, value)| (name.to_owned(), value))
            .into_iter()
            .collect();
    });
    let said = unread.build().await.expect_err("refused").to_string();
    assert!(said.contains("`one`") && said.contains("`two`"), "{said}");
}
