use std::sync::Arc;

use celeriac_aws::{AwsConfig, DynamoStore, SqsBroker};
use celeriac_core::{Ledger as _, QueueAdmin as _, QueueSpec};

use super::super::line::CalmLine;
use super::super::world::World;

/// Makes the queues and the table.
pub(crate) async fn prepare(world: &Arc<World>) {
    let line = Arc::new(CalmLine(Arc::clone(world)));
    let config = AwsConfig::default();
    let broker = SqsBroker::new(&config).over(line.clone());
    for queue in world.plan.queues() {
        let spec = QueueSpec {
            visibility: world.plan.visibility,
            retention: world.plan.retention,
            ..QueueSpec::new(queue)
        };
        broker.declare(&spec).await.expect("a queue can be made");
    }
    let store = DynamoStore::new(&config).over(line);
    store.declare().await.expect("a table can be made");
}
