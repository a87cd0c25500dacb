use celeriac_core::{Router, SendOptions, Settings, TaskDefinition, check_message_id};

/// Custom headers with these names would overwrite Celery's own.
const CELERY_HEADERS: [&str; 20] = [
    "lang",
    "task",
    "id",
    "shadow",
    "eta",
    "expires",
    "group",
    "group_index",
    "retries",
    "timelimit",
    "root_id",
    "parent_id",
    "argsrepr",
    "kwargsrepr",
    "origin",
    "ignore_result",
    "replaced_task_nesting",
    "stamped_headers",
    "stamps",
    "compression",
];

/// A call's options after all layers, checked.
pub(crate) struct CallOptions {
    /// Everything but the two below.
    pub(crate) options: SendOptions,
    /// The Celery queue.
    pub(crate) queue: String,
    /// `None` for a task this process does not know: the receiver's own setting applies.
    pub(crate) ignore_result: Option<bool>,
}

/// The task that is called.
pub(crate) struct TaskOf<'a> {
    /// Whose route it takes: that of the task inside `celery.map`.
    pub(crate) routed_as: &'a str,
    pub(crate) definition: Option<&'a TaskDefinition>,
    pub(crate) settings: &'a Settings,
}

impl CallOptions {
    /// Celery's order (SPEC 5): the call's over the signature's over the task's, all of them over
    /// the route's.
    pub(crate) fn resolve(
        task: &TaskOf<'_>,
        signature: SendOptions,
        call: SendOptions,
        router: &Router,
    ) -> Result<Self, String> {
        let own = task
            .definition
            .map(|definition| definition.options.send_options())
            .unwrap_or_default();
        let mut options = own.overlaid(signature).overlaid(call);
        if let Some(route) = router.lookup(task.routed_as) {
            let mut base = SendOptions::from_dict(&route.options)
                .map_err(|reason| format!("`task_routes`: {reason}"))?;
            base.queue = route.queue.clone().or(base.queue);
            options = base.overlaid(options);
        }
        check_message_ids(&options)?;
        let queue = options
            .queue
            .take()
            .unwrap_or_else(|| router.default_queue().to_owned());
        if queue.is_empty() {
            return Err("option `queue` is empty".to_owned());
        }
        let ignore_result = options.ignore_result.or_else(|| task.ignores_result());
        Ok(Self {
            options,
            queue,
            ignore_result,
        })
    }

    /// What a caller may not ask for, although Celery would send it.
    pub(crate) fn check(&self) -> Result<(), String> {
        check(&self.options)
    }

    /// Takes out custom headers that would overwrite Celery's own.
    pub(crate) fn drop_celery_headers(&mut self) {
        let headers = &mut self.options.headers;
        headers.retain(|name, _| !CELERY_HEADERS.contains(&name.as_str()));
    }
}

impl TaskOf<'_> {
    fn ignores_result(&self) -> Option<bool> {
        self.definition.map(|definition| {
            definition
                .options
                .ignore_result
                .unwrap_or(self.settings.task_ignore_result)
        })
    }
}

/// What SQS would refuse, and is better known before the task that sends it has run.
fn check_message_ids(options: &SendOptions) -> Result<(), String> {
    let ids = [
        ("message_group_id", &options.message_group_id),
        (
            "message_deduplication_id",
            &options.message_deduplication_id,
        ),
    ];
    for (option, id) in ids {
        match id {
            Some(id) if id.is_empty() => return Err(format!("option `{option}` is empty")),
            Some(id) => check_message_id(option, id)?,
            None => {}
        }
    }
    Ok(())
}

fn check(options: &SendOptions) -> Result<(), String> {
    if let Some(priority) = options.priority.filter(|priority| *priority > 9) {
        return Err(format!(
            "option `priority` is {priority}: it goes from 0 to 9"
        ));
    }
    if let Some(id) = &options.task_id {
        check_task_id(id)?;
    }
    match options
        .headers
        .keys()
        .find(|name| CELERY_HEADERS.contains(&name.as_str()))
    {
        Some(name) => Err(format!(
            "option `headers`: `{name}` is Celery's own header; use the option of that name"
        )),
        None => Ok(()),
    }
}

/// The id is part of a Python bytes literal in the result's key (SPEC 2.3), where other characters
/// would be escaped.
fn check_task_id(id: &str) -> Result<(), String> {
    if id.is_empty() {
        return Err("option `task_id` is empty".to_owned());
    }
    // DynamoDB: 2048 bytes a key, prefix included
    if id.len() > 512 {
        return Err(format!(
            "option `task_id` has {} characters: 512 at most",
            id.len()
        ));
    }
    match id
        .chars()
        .find(|c| !(' '..='~').contains(c) || matches!(c, '\'' | '"' | '\\'))
    {
        Some(bad) => Err(format!(
            "option `task_id` has the character {bad:?}: printable ASCII without quotes and backslash only"
        )),
        None => Ok(()),
    }
}
