//! What an app answers before any task runs.

use celeriac::prelude::*;
use celeriac::{Error, Settings, UnknownTask};

#[task(name = "tasks.add")]
async fn add(x: i64, y: i64) -> TaskResult<i64> {
    Ok(x + y)
}

/// The same name, by mistake.
#[task(name = "tasks.add")]
async fn plus(x: i64, y: i64) -> TaskResult<i64> {
    Ok(x + y)
}

#[task(queue = "reports")]
async fn report() -> TaskResult {
    Ok(())
}

fn in_memory(settings: &mut Settings) {
    settings.broker_url = Some("sqlite::memory:".to_owned());
}

#[tokio::test]
async fn a_name_registered_twice_ends_the_program_before_it_does_anything() {
    let app = || {
        App::new("shop")
            .task(add)
            .task(plus)
            .settings(in_memory)
            .isolated()
    };
    let error = app().build().await.expect_err("registered twice");
    assert_eq!(
        error.to_string(),
        "task `tasks.add` is registered twice: give one of them another `name`"
    );
    for command in ["worker", "tasks"] {
        assert_eq!(
            app().run_with(["shop", command]).await,
            ExitCode::from(2),
            "{command}"
        );
    }
}

/// Names that are only known when the program runs.
#[tokio::test]
async fn a_definition_by_hand_is_a_task_like_any_other() {
    let definition = |name: &str| celeriac::TaskDefinition {
        name: name.to_owned(),
        ..celeriac::TaskDefinition::of::<add>()
    };
    let app = App::new("shop").definition(definition("tenant-7.add"));
    let app = celeriac::testing::InMemory::start(app)
        .await
        .expect("it starts");
    let client = app.client();
    let options = celeriac::SendOptions::default();
    let result = client.send_task("tenant-7.add", args![1, 2], kwargs! {}, options);
    let result = result.await.expect("sent");
    assert_eq!(result.get(secs(10)).await.expect("a sum"), 3.into());
    let twice = App::new("shop")
        .definition(definition("a"))
        .definition(definition("a"));
    let error = twice
        .isolated()
        .build()
        .await
        .expect_err("registered twice");
    assert!(
        error.to_string().contains("`a` is registered twice"),
        "{error}"
    );
}

#[tokio::test]
async fn an_app_that_only_sends_does_so_from_its_client() {
    let client = App::new("shop")
        .task(add)
        .settings(in_memory)
        .isolated()
        .client()
        .await
        .expect("a client");
    let result = client.send(add::s(1, 2)).await.expect("sent");
    assert!(!result.ready().await.expect("a state"));
    client.close().await;
}

#[tokio::test]
async fn a_worker_works_on_the_queues_of_its_own_tasks() {
    let app = App::new("shop")
        .task(add)
        .task(report)
        .route("elsewhere.*", "python")
        .settings(in_memory)
        .isolated();
    let connection = app.build().await.expect("a connection");
    assert_eq!(connection.own_queues(), ["celery", "reports"]);
    assert_eq!(connection.known_queues(), ["celery", "python", "reports"]);

    let forwarding = App::new("shop").settings(|settings| {
        in_memory(settings);
        settings.unknown_task = UnknownTask::Forward("legacy".to_owned());
    });
    let connection = forwarding.isolated().build().await.expect("a connection");
    assert_eq!(connection.known_queues(), ["celery", "legacy"]);
}

#[tokio::test]
async fn a_route_that_cannot_be_is_named() {
    let app = App::new("shop")
        .task(add)
        .route("re:(", "x")
        .settings(in_memory)
        .isolated();
    let error = app.build().await.expect_err("no regular expression");
    assert!(
        matches!(error, Error::Router(_)) && error.to_string().contains("re:("),
        "{error}"
    );
}

#[cfg(not(feature = "aws"))]
#[tokio::test]
async fn a_missing_feature_is_named() {
    let app = App::new("shop").task(add).isolated();
    let error = app
        .settings(|settings| settings.broker_url = Some("sqs://".to_owned()))
        .build()
        .await
        .expect_err("no feature");
    assert!(
        matches!(
            error,
            Error::MissingFeature {
                setting: "broker_url",
                feature: "aws",
                ..
            }
        ),
        "{error}"
    );
    let report = celeriac::commands::CommandError::from(error).report(false);
    assert!(
        report.contains("hint: cargo add celeriac --features aws"),
        "{report}"
    );
}
