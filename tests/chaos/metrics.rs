//! What workers and functions tell CloudWatch, through their logs.

use std::time::{Duration, Instant};

use celeriac::TaskSignature;
use celeriac_testkit::lambda_service::LambdaService;
use serde_json::{Value, json};

use crate::scene::Scene;

/// The lines in the embedded metric format.
fn lines(log: &str) -> Vec<Value> {
    log.lines()
        .filter(|line| line.contains("\"_aws\""))
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_tells_of_each_invocation() {
    let scene = Scene::sqlite().await;
    let service = LambdaService::start().await;
    let function = scene.function(&service, &scene.place, &[("CELERIAC_METRICS", "emf")]);
    let event = json!({"task": "w.add", "args": [2, 3]}).to_string();
    service.invoke(event, Duration::from_mins(1)).await;
    let told = lines(&function.log());
    assert_eq!(told.len(), 1, "{}", function.log());
    assert_eq!(
        (&told[0]["Succeeded"], &told[0]["Failed"], &told[0]["app"]),
        (&json!(1.0), &json!(0.0), &json!("interop"))
    );
    assert_eq!(
        told[0]["_aws"]["CloudWatchMetrics"][0]["Namespace"],
        json!("celeriac")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_tells_of_its_backlog_at_once_and_then_every_minute() {
    let scene = Scene::ministack().await;
    let calls = (0..12).map(|_| TaskSignature::new("w.sleep").arg(30.0));
    scene.send_all(calls.collect()).await;
    let settings = [
        ("METRICS", "emf"),
        ("WORKER_CONCURRENCY", "2"),
        ("WORKER_PREFETCH_MULTIPLIER", "1"),
    ];
    let worker = scene.worker(Duration::from_mins(1), &settings).await;
    let deadline = Instant::now() + Duration::from_secs(20);
    let told = loop {
        let told = lines(&worker.log());
        if let Some(first) = told.into_iter().next() {
            break first;
        }
        assert!(Instant::now() < deadline, "{}", worker.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let number = |name: &str| {
        told[name]
            .as_f64()
            .unwrap_or_else(|| panic!("{name}: {told}"))
    };
    assert!((2.0..=12.0).contains(&number("Backlog")), "{told}");
    // nothing has ended yet, so a run is taken for a second, and two run at once
    let seconds = number("Backlog") / 2.0;
    assert!((number("BacklogSeconds") - seconds).abs() < 0.01, "{told}");
    assert_eq!(told["Workers"], json!(1.0));
    assert_eq!(told["queues"], json!(scene.queue));
    worker.kill().await;
}
