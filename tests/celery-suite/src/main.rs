//! The worker of the conformance lane: the tasks that Celery's own integration suite
//! (`t/integration/tasks.py` of its source distribution) asks of a worker, on the public API alone.

#![expect(clippy::disallowed_names, reason = "parameters of Celery's own tasks")]

mod number;
mod redis;
mod tasks;

use celeriac::prelude::*;
use celeriac::protocol::{Signature, Workflow};

use self::tasks::{
    add, add_chord_to_chord, add_ignore_result, add_not_typed, add_pydantic,
    add_pydantic_string_annotations, add_replaced, add_replaced_with_chain, add_to_all,
    add_to_all_to_chord, add_with_result, auto_retry_class_task, build_chain_inside_task,
    chain_add, chord_add, collect_ids, counters::Attempts, delayed_sum,
    delayed_sum_with_soft_guard, errback_new_style, errback_new_style_with_args, errback_old_style,
    errback_old_style_with_args, fail, fail_replaced, fail_unpickleable, identity, ids, mul,
    print_unicode, raise_error, rebuild_signature, record_replaced_task_nesting, redis_count,
    redis_echo, redis_echo_group_id, reject_then_succeed, reject_without_requeue,
    replace_with_chain, replace_with_chain_which_contains_a_group, replace_with_chain_which_raises,
    replace_with_empty_chain, replace_with_stamped_task, replaced_with_me, retry, retry_once,
    retry_once_headers, retry_once_ignore_result, retry_once_priority, retry_once_with_result,
    retry_unpickleable, retry_with_args_after_kwargs, retry_with_kwargs_after_args,
    return_exception, return_priority, return_properties, return_request_eta,
    return_request_time_limits, second_order_replace1, second_order_replace2, sleeping,
    sum_and_record, task_with_declared_time_limits, tsum, write_to_file_and_return_int, xsum,
};

/// Names of tasks that return a signature, and what they return.
fn nested() -> Vec<(&'static str, Workflow)> {
    let add = || Workflow::Task(Signature::new("t.integration.tasks.add"));
    let chain = || chain_of(vec![add()]);
    let group = || Workflow::group([add()]);
    let chord = || Workflow::chord([add()], add());
    vec![
        ("chain_chain", chain_of(vec![chain()])),
        ("chain_group", chain_of(vec![group()])),
        ("chain_chord", chain_of(vec![chord()])),
        ("group_chain", Workflow::group([chain()])),
        ("group_group", group()),
        ("group_chord", Workflow::group([chord()])),
        ("chord_chain", Workflow::chord([chain()], add())),
        ("chord_group", Workflow::chord([group()], add())),
        ("chord_chord", Workflow::chord([chord()], add())),
    ]
}

/// A chain with these as they are, not joined by Celery's rules.
fn chain_of(tasks: Vec<Workflow>) -> Workflow {
    let mut chain = Workflow::chain([]);
    if let Workflow::Chain(chain) = &mut chain {
        chain.tasks = tasks;
    }
    chain
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut app = App::new("celery-suite")
        .state(redis::Redis::of_environment())
        .state(Attempts::default());
    for (name, workflow) in nested() {
        let value = workflow.into_value();
        let name = format!("t.integration.tasks.return_nested_signature_{name}");
        app = app.definition(celeriac::TaskDefinition::dynamic(name, move |_, _, _| {
            let value = value.clone();
            async move { Ok(value) }
        }));
    }
    app.task(add)
        .task(add_chord_to_chord)
        .task(add_ignore_result)
        .task(add_not_typed)
        .task(add_pydantic)
        .task(add_pydantic_string_annotations)
        .task(add_replaced)
        .task(add_replaced_with_chain)
        .task(add_to_all)
        .task(add_to_all_to_chord)
        .task(add_with_result)
        .task(auto_retry_class_task)
        .task(build_chain_inside_task)
        .task(chain_add)
        .task(chord_add)
        .task(collect_ids)
        .task(delayed_sum)
        .task(delayed_sum_with_soft_guard)
        .task(errback_new_style)
        .task(errback_new_style_with_args)
        .task(errback_old_style)
        .task(errback_old_style_with_args)
        .task(fail)
        .task(fail_replaced)
        .task(fail_unpickleable)
        .task(identity)
        .task(ids)
        .task(mul)
        .task(print_unicode)
        .task(raise_error)
        .task(rebuild_signature)
        .task(record_replaced_task_nesting)
        .task(redis_count)
        .task(redis_echo)
        .task(redis_echo_group_id)
        .task(reject_then_succeed)
        .task(reject_without_requeue)
        .task(replace_with_chain)
        .task(replace_with_chain_which_contains_a_group)
        .task(replace_with_chain_which_raises)
        .task(replace_with_empty_chain)
        .task(replace_with_stamped_task)
        .task(replaced_with_me)
        .task(retry)
        .task(retry_once)
        .task(retry_once_headers)
        .task(retry_once_ignore_result)
        .task(retry_once_priority)
        .task(retry_once_with_result)
        .task(retry_unpickleable)
        .task(retry_with_args_after_kwargs)
        .task(retry_with_kwargs_after_args)
        .task(return_exception)
        .task(return_priority)
        .task(return_properties)
        .task(return_request_eta)
        .task(return_request_time_limits)
        .task(second_order_replace1)
        .task(second_order_replace2)
        .task(sleeping)
        .task(sum_and_record)
        .task(task_with_declared_time_limits)
        .task(tsum)
        .task(write_to_file_and_return_int)
        .task(xsum)
        .run()
        .await
}
