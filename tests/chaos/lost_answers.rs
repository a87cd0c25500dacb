use std::time::Duration;

use celeriac::TaskSignature;
use celeriac_testkit::fault_proxy::{Fault, FaultProxy, Rule};

use crate::scene::{Scene, all_succeeded};

const TASKS: usize = 5000;
/// Of messages on the queue at a time: with a deep backlog the emulator is what is measured.
const WAVE: usize = 500;

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_tasks_survive_every_tenth_answer_being_lost() {
    let scene = Scene::new().await;
    let effects = scene.effects();
    let rules = vec![
        Rule::every(10, Fault::DropResponse),
        Rule::every(
            15,
            Fault::WithholdStatement {
                code: "ThrottlingError".to_owned(),
            },
        ),
    ];
    let proxy = FaultProxy::start(&scene.endpoint, rules).await;
    let worker = scene
        .worker_through(
            &proxy.url(),
            Duration::from_secs(5),
            &[("WORKER_CONCURRENCY", "100")],
        )
        .await;
    for wave in 0..TASKS / WAVE {
        let numbers = wave * WAVE..(wave + 1) * WAVE;
        let call = |n| {
            TaskSignature::new("w.effects")
                .arg(effects.path())
                .arg(format!("done-{n}"))
        };
        let sent = scene.send_all(numbers.map(call).collect()).await;
        all_succeeded(&scene.ended(&sent, Duration::from_mins(1)).await);
    }
    scene.is_empty(Duration::from_mins(1)).await;
    worker.stop().await;

    let counts = effects.counts();
    assert_eq!(counts.len(), TASKS, "tasks are lost");
    let doubled = counts.values().filter(|runs| **runs > 1).count();
    assert_eq!(doubled, 0, "tasks ran twice");
    let requests = proxy.requests();
    assert!(
        requests.values().sum::<u64>() > 100,
        "the proxy was not used: {requests:?}"
    );
}
