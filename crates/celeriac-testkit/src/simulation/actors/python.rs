use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use celeriac_protocol::{ResultCodec, ResultMeta, State, Value, task_key};
use serde_json::json;

use super::super::checker::Tracked;
use super::super::world::{PYTHON, World};

/// `AsyncResult.forget()`: the item is deleted.
pub(super) async fn forget(world: &Arc<World>, id: &str) {
    let body = json!({"TableName": "celery", "Key": {"id": {"S": task_key("", id)}}});
    world
        .ask(PYTHON, "DynamoDB_20120810.DeleteItem", &body)
        .await;
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
        "result": {"B": BASE64.encode(result)},
        "timestamp": {"N": timestamp},
    });
    let body = json!({"TableName": "celery", "Item": item});
    world.ask(PYTHON, "DynamoDB_20120810.PutItem", &body).await;
}
