//! What an app's manifest says of its deployment.

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
    move |settings| settings.broker_transport_options.queue_name_prefix = prefix.to_owned()
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
