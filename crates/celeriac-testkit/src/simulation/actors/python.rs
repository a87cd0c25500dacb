use std::sync::Arc;
use std::time::Duration;

use base64_simd::STANDARD as BASE64;
use celeriac_protocol::{ResultCodec, ResultMeta, State, Value, task_key};
use serde_json::json;
use tokio::time::sleep;

use super::super::checker::Tracked;
use super::super::world::{PYTHON, World};

/// Between two looks at a result.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Looks until a client gives up looking.
const MOST_LOOKS: u32 = 4_000;

/// `AsyncResult.forget()`: the item is deleted.
pub(super) async fn forget(world: &Arc<World>, id: &str) {
    let body = json!({"TableName": "celery", "Key": {"id": {"S": task_key("", id)}}});
    world
        .ask(PYTHON, "DynamoDB_20120810.DeleteItem", &body)
        .await;
}

/// A client that waits for a result sees RETRY, gives up, and forgets it a little later.
pub(super) async fn forget_retry(world: &Arc<World>, id: &str, later: Duration) {
    for _ in 0..MOST_LOOKS {
        let item = world
            .checker()
            .tasks
            .get(id)
            .and_then(|task| task.item.clone());
        if item.is_some_and(|item| item.state == State::Retry) {
            sleep(later).await;
            return forget(world, id).await;
        }
        sleep(LOOK_EVERY).await;
    }
}

/// A worker that got a copy shows STARTED, over whatever stands there and is not final.
pub(super) async fn start(world: &Arc<World>, id: &str) {
    let is_final = world.checker().tasks.get(id).is_some_and(Tracked::is_final);
    if is_final {
        return;
    }
    let meta = ResultMeta::new(id, State::Started, Value::Null);
    let result = ResultCodec::default().encode(&meta).expect("it is plain");
    let timestamp = format!("{:.6}", world.now().as_secs_f64());
    let item = json!({
        "id": {"S": task_key("", id)},
        "result": {"B": BASE64.encode_to_string(result)},
        "timestamp": {"N": timestamp},
    });
    let body = json!({"TableName": "celery", "Item": item});
    world.ask(PYTHON, "DynamoDB_20120810.PutItem", &body).await;
}
