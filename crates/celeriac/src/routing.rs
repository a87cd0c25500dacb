use celeriac_core::{RouteTarget, Router, SendOptions, TaskDefinition};

/// The queue that a task goes to when the call names none. Celery's order (SPEC 5): the task's own
/// option, over the route, over the default.
pub(crate) fn queue_of(router: &Router, task: &TaskDefinition) -> String {
    let own = task.options.queue.clone();
    let queue = own.or_else(|| router.lookup(&task.name).and_then(queue_of_route));
    queue.unwrap_or_else(|| router.default_queue().to_owned())
}

/// The queue that a route names, as its target or among its options.
pub(crate) fn queue_of_route(target: &RouteTarget) -> Option<String> {
    let option = || {
        SendOptions::from_dict(&target.options)
            .ok()
            .and_then(|options| options.queue)
    };
    target.queue.clone().or_else(option)
}
