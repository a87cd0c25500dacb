//! Chains, groups and chords, run to their ends. Every message is delivered twice, since a queue may
//! do so: what follows a task follows once.

use std::sync::Arc;
use std::time::Duration;

use celeriac_core::canvas::{Canvas, chord, group};
use celeriac_core::{
    Arguments, Context, Param, Params, Registry, SendOptions, TaskDefinition, TaskError, TaskKind,
    TaskOptions, TaskSignature,
};
use celeriac_producer::{ChordRepair, ChordRepaired};
use celeriac_protocol::{Dict, ExceptionInfo, State, Value, Workflow};
use celeriac_worker::{Outcome, Shutdown};

use crate::support::{App, QUEUE, Runs, Setup, exc_message, exc_type};

type Answer = Result<Value, TaskError>;

fn sum(values: &[Value]) -> i64 {
    let number = |value: &Value| match value {
        Value::List(values) => sum(values),
        value => value.as_i64().unwrap_or_default(),
    };
    values.iter().map(number).sum()
}

/// The tasks: what they do is their names.
fn app(bodies: &Runs) -> App {
    let (bodies, mut setup) = (bodies.clone(), Setup::default());
    let mut define = |name: &str, run: fn(Context, Vec<Value>) -> Answer| {
        let run = move |ctx: Context, args: Vec<Value>, _: Dict| async move { run(ctx, args) };
        add(&mut setup.registry, TaskDefinition::dynamic(name, run));
    };
    define("add", |_, args| Ok(Value::Int(sum(&args))));
    define("echo", |_, args| Ok(Value::List(args)));
    define("fail", |_, _| Err(TaskError::failure("ValueError", "boom")));
    define("ignore", |_, _| Err(TaskError::Ignore));
    define("reject", |_, _| Err(TaskError::reject("no")));
    define("again", |ctx, args| match ctx.retries() {
        0 => Err(ctx.retry().countdown(Duration::ZERO).into()),
        _ => Ok(Value::Int(sum(&args))),
    });
    define("double", |ctx, args| {
        Err(ctx.replace(call("add", &args).arg(sum(&args))))
    });
    define("spread", |ctx, args| {
        Err(ctx.replace(group(
            args.into_iter().map(|value| call("add", &[value]).arg(1)),
        )))
    });
    define("to_failing_group", |ctx, _| {
        Err(ctx.replace(group([call("fail", &[]), ints("add", &[1])])))
    });
    define("to_failing_chain", |ctx, _| {
        let chain = [ints("add", &[1]), call("fail", &[]), ints("add", &[1])];
        Err(ctx.replace(Workflow::chain(chain.map(workflow))))
    });
    define("to_failing_task", |ctx, _| {
        Err(ctx.replace(call("fail", &[])))
    });
    define("more", |ctx, args| {
        ctx.add_to_chord(call("add", &[Value::Int(100)]))?;
        Ok(Value::Int(sum(&args)))
    });
    let body = move |_: Context, args: Vec<Value>, _: Dict| {
        bodies.add();
        async move { Ok(Value::Int(sum(&args))) }
    };
    add(&mut setup.registry, TaskDefinition::dynamic("body", body));
    let mut quiet =
        TaskDefinition::dynamic(
            "quiet",
            |_, args, _| async move { Ok(Value::Int(sum(&args))) },
        );
    quiet.options = TaskOptions {
        ignore_result: Some(true),
        ..TaskOptions::default()
    };
    add(&mut setup.registry, quiet);
    setup.app()
}

fn add(registry: &mut Registry, definition: TaskDefinition) {
    registry.add(definition).expect("a name of its own");
}

fn call(name: &str, args: &[Value]) -> TaskSignature {
    let call = TaskSignature::new(name);
    args.iter().fold(call, |call, arg| call.arg(arg.clone()))
}

fn ints(name: &str, args: &[i64]) -> TaskSignature {
    let args: Vec<Value> = args.iter().map(|n| Value::Int(*n)).collect();
    call(name, &args)
}

fn workflow(canvas: impl Canvas) -> Workflow {
    canvas.into_workflow().expect("it can be written")
}

/// Runs all there is, each message twice, the second time when all others have run.
async fn drain(app: &App) {
    let shutdown = Shutdown::new();
    for _ in 0..50 {
        let mut copies = Vec::new();
        while let Some(delivery) = app.receive(QUEUE).await {
            let (receipt, copy) = (delivery.receipt.clone(), delivery.clone());
            match app.executor.execute(delivery, &shutdown).await {
                Outcome::Ack | Outcome::DeadLetter(_) => {
                    let acked = app.broker.ack(QUEUE, vec![receipt]).await;
                    for acked in acked {
                        acked.expect("deleted");
                    }
                    copies.push(copy);
                }
                other => panic!("{other:?}"),
            }
        }
        if copies.is_empty() {
            return;
        }
        for copy in copies {
            app.executor.execute(copy, &shutdown).await;
        }
    }
    panic!("it does not come to an end");
}

/// The value of a canvas that was sent and run.
async fn value(app: &App, canvas: Workflow) -> Value {
    let result = app.client.send(canvas).await.expect("sent");
    drain(app).await;
    let value = result.get(Duration::ZERO).await;
    value.unwrap_or_else(|error| panic!("{error}"))
}

/// What a canvas failed with.
async fn failure(app: &App, canvas: Workflow) -> ExceptionInfo {
    let result = app.client.send(canvas).await.expect("sent");
    drain(app).await;
    let meta = result.meta().await.expect("a result");
    assert_eq!(meta.status, State::Failure, "{meta:?}");
    ExceptionInfo::from_value(&meta.result).expect("an exception")
}

/// Canvases, and what they come to.
fn table() -> Vec<(&'static str, Workflow, Value)> {
    let add = |n: i64| workflow(ints("add", &[n]));
    let sums = || Workflow::group([add(1), add(2)]);
    let three = || workflow(ints("add", &[1, 2]));
    let mut table = of_running(&add);
    table.extend([
        (
            "a chain",
            Workflow::chain([three(), add(4), add(5)]),
            Value::Int(12),
        ),
        (
            "a group behind a task",
            Workflow::chain([three(), sums(), add(0)]),
            Value::Int(9),
        ),
        (
            "a chord",
            Workflow::chord([three(), add(4)], workflow(call("body", &[]))),
            Value::Int(7),
        ),
        (
            "a chord of one",
            Workflow::chord([three()], add(0)),
            Value::Int(3),
        ),
        (
            "an empty header",
            Workflow::chord([], add(8)),
            Value::Int(8),
        ),
        (
            "chords in a chain",
            Workflow::chain([sums(), add(0), sums(), add(0), sums(), add(1)]),
            Value::Int(22),
        ),
        (
            "a chain in a header",
            Workflow::chord([Workflow::chain([three(), add(1)]), add(1)], add(0)),
            Value::Int(5),
        ),
        (
            "a chord in a header",
            Workflow::chord(
                [Workflow::chord([three(), three()], add(0)), add(1)],
                add(0),
            ),
            Value::Int(7),
        ),
        (
            "a group at the end of a header's chain",
            Workflow::chord(
                [Workflow::chain([three(), sums()]), add(1)],
                workflow(call("echo", &[])),
            ),
            Value::List(vec![Value::List(vec![
                Value::List(vec![Value::Int(4), Value::Int(5)]),
                Value::Int(1),
            ])]),
        ),
        (
            "a chord as a body",
            Workflow::chord([three(), add(1)], Workflow::chord([add(1), add(2)], add(0))),
            Value::Int(11),
        ),
        (
            "a chain as a body",
            Workflow::chord([three(), add(1)], Workflow::chain([add(1), add(2)])),
            Value::Int(7),
        ),
        (
            "steps that ignore what is before them",
            Workflow::chain([three(), workflow(ints("add", &[7]).immutable()), add(1)]),
            Value::Int(8),
        ),
    ]);
    table
}

/// Of tasks that do more than return.
fn of_running(add: &dyn Fn(i64) -> Workflow) -> Vec<(&'static str, Workflow, Value)> {
    vec![
        (
            "retried members",
            Workflow::chord([workflow(ints("again", &[1])), add(1)], add(0)),
            Value::Int(2),
        ),
        (
            "a task that is replaced",
            Workflow::chain([workflow(ints("double", &[4])), add(1)]),
            Value::Int(9),
        ),
        (
            "a member that is replaced by a group",
            Workflow::chord([workflow(ints("spread", &[1, 2])), add(1)], add(0)),
            Value::Int(6),
        ),
        (
            "a chord that a member extends",
            Workflow::chord([workflow(ints("more", &[1])), add(1)], add(0)),
            Value::Int(102),
        ),
        (
            "members that store no result",
            Workflow::chord([workflow(ints("quiet", &[1])), add(1)], add(0)),
            Value::Int(1),
        ),
    ]
}

#[tokio::test]
async fn canvases_come_to_their_results() {
    for (what, canvas, expected) in table() {
        let app = app(&Runs::default());
        assert_eq!(value(&app, canvas).await, expected, "{what}");
    }
}

#[tokio::test]
async fn the_body_of_a_large_chord_runs_once() {
    let bodies = Runs::default();
    let app = app(&bodies);
    let canvas = chord((0..300).map(|n| ints("add", &[n])), call("body", &[]));
    let sum = value(&app, workflow(canvas)).await;
    assert_eq!((sum, bodies.count()), (Value::Int(299 * 150), 1));
}

/// Whatever a member fails with, its chord hears of it once: the body ends, all that comes after it,
/// and its errbacks are sent (Celery's issues 9674, 8786: a body that hangs).
#[tokio::test]
async fn a_member_that_does_not_end_well_fails_the_body() {
    let expired = ints("add", &[1]).expires(Duration::ZERO);
    let table: Vec<(&str, Workflow, &str)> = vec![
        (
            "it fails",
            workflow(call("fail", &[])),
            "raised ValueError('boom')",
        ),
        (
            "it is rejected",
            workflow(call("reject", &[])),
            "raised Reject('no', False)",
        ),
        (
            "it ignores itself",
            workflow(call("ignore", &[])),
            "has no result: it is PENDING",
        ),
        (
            "it is unknown",
            workflow(call("nowhere", &[])),
            "raised NotRegistered('nowhere')",
        ),
        (
            "it is expired",
            workflow(expired),
            "raised TaskRevokedError('expired')",
        ),
        (
            "its first step fails",
            Workflow::chain([workflow(call("fail", &[])), workflow(ints("add", &[1]))]),
            "raised ValueError('boom')",
        ),
        (
            "the header of its own chord fails",
            Workflow::chord([workflow(call("fail", &[]))], workflow(ints("add", &[1]))),
            "raised ChordError('Dependency",
        ),
        (
            "it is replaced by what fails",
            workflow(ints("spread", &[])).then(workflow(call("fail", &[]))),
            "raised ValueError('boom')",
        ),
    ];
    for (what, member, text) in table {
        let bodies = Runs::default();
        let app = app(&bodies);
        let body = call("body", &[]).link_error(call("echo", &[]).task_id("errback"));
        let after = workflow(call("add", &[]).task_id("after"));
        let canvas = Workflow::chord([workflow(ints("add", &[1])), member], workflow(body));
        let canvas = canvas.then(after);
        let failed = failure(&app, canvas).await;
        assert_eq!(failed.exc_type, "ChordError", "{what}");
        assert!(
            failed.message().contains(text),
            "{what}: {}",
            failed.message()
        );
        assert_eq!(bodies.count(), 0, "{what}");
        let after = app
            .client
            .result::<Value>("after")
            .meta()
            .await
            .expect("a result");
        assert_eq!(exc_type(&after), "ChordError", "{what}");
        assert_eq!(exc_message(&after), failed.message(), "{what}");
        let errback = app.client.result::<Value>("errback").state().await;
        assert_eq!(errback.expect("a state"), State::Success, "{what}");
    }
}

/// A task that becomes what fails has failed, and all that comes after it.
#[tokio::test]
async fn a_task_that_is_replaced_by_what_fails_has_failed() {
    for name in ["to_failing_group", "to_failing_chain", "to_failing_task"] {
        let app = app(&Runs::default());
        let replaced = workflow(call(name, &[]).task_id("replaced"));
        let canvas = replaced.then(workflow(call("add", &[]).task_id("after")));
        failure(&app, canvas).await;
        for id in ["replaced", "after"] {
            let state = app.client.result::<Value>(id).state().await;
            assert_eq!(state.expect("a state"), State::Failure, "{name}: {id}");
        }
    }
}

/// A failed chain: later steps, in groups and chords too, end with the same exception.
#[tokio::test]
async fn what_comes_after_a_failure_ends_with_it() {
    let app = app(&Runs::default());
    let named = |name: &str| workflow(ints("add", &[1]).task_id(name));
    let group = Workflow::group([named("in-group-1"), named("in-group-2")]);
    let canvas = Workflow::chain([
        workflow(call("fail", &[])),
        named("next"),
        Workflow::group([named("header-1"), named("header-2")]),
        named("body"),
        group,
    ]);
    app.client.send(canvas).await.expect("sent");
    drain(&app).await;
    for id in ["next", "body", "in-group-1", "in-group-2"] {
        let meta = app
            .client
            .result::<Value>(id)
            .meta()
            .await
            .expect("a result");
        assert_eq!(
            (meta.status.clone(), exc_type(&meta)),
            (State::Failure, "ValueError".to_owned()),
            "{id}"
        );
    }
}

/// The built-in tasks that a Python canvas may send.
#[tokio::test]
async fn the_built_in_tasks_are_there() {
    let list = |values: &[i64]| Value::List(values.iter().map(|n| Value::Int(*n)).collect());
    let pairs = Value::List(vec![list(&[1, 2]), list(&[3, 4]), list(&[5, 6])]);
    let task = workflow(call("add", &[])).into_value();
    for (name, items, expected) in [
        ("celery.map", list(&[1, 2, 3]), list(&[1, 2, 3])),
        ("celery.starmap", pairs.clone(), list(&[3, 7, 11])),
    ] {
        let app = app(&Runs::default());
        let map = TaskSignature::<Value>::new(name)
            .kwarg("task", &task)
            .kwarg("it", &items);
        assert_eq!(value(&app, workflow(map)).await, expected, "{name}");
    }
    let app = app(&Runs::default());
    let kwargs = Dict::from([
        ("task".to_owned(), task),
        ("it".to_owned(), pairs),
        ("n".to_owned(), Value::Int(2)),
    ]);
    let sent = app
        .client
        .send_task("celery.chunks", Vec::new(), kwargs, SendOptions::default());
    let result = sent.await.expect("sent");
    drain(&app).await;
    let children = result.children().await.expect("children");
    let chunks = app.client.results::<Vec<i64>>(&children);
    let chunks = chunks
        .join(Duration::from_millis(1))
        .await
        .expect("results");
    assert_eq!(chunks, [vec![3, 7], vec![11]]);
}

/// `(request, exc, traceback)`: from a Rust worker at once, from Python's the id alone comes first.
#[tokio::test]
async fn a_new_style_errback_gets_the_exception() {
    static PARAMS: Params = Params {
        function: "alarm",
        list: &[
            Param {
                name: "request",
                required: true,
            },
            Param {
                name: "exc",
                required: true,
            },
            Param {
                name: "traceback",
                required: true,
            },
            Param {
                name: "label",
                required: true,
            },
        ],
        ..Params::NONE
    };
    let alarm = TaskKind::Async(Arc::new(|_, arguments: Arguments| {
        Box::pin(async move { Ok(Value::Dict(arguments.into_dict())) })
    }));
    let app = Setup::default()
        .task("fail", TaskOptions::default(), |_, _| async {
            Err(TaskError::failure("ValueError", "boom"))
        })
        .define("alarm", &PARAMS, TaskOptions::default(), alarm)
        .app();
    let errback = TaskSignature::<Value>::new("alarm")
        .arg("label")
        .task_id("ours");
    let failing = TaskSignature::<Value>::new("fail")
        .task_id("failed")
        .link_error(errback);
    app.client.send(workflow(failing)).await.expect("sent");
    drain(&app).await;
    let of_python = vec![
        Value::Str("failed".to_owned()),
        Value::Str("label".to_owned()),
    ];
    app.send_with(
        "alarm",
        of_python,
        SendOptions {
            task_id: Some("pythons".to_owned()),
            ..SendOptions::default()
        },
    )
    .await;
    drain(&app).await;
    for id in ["ours", "pythons"] {
        let got = app.client.result::<Value>(id).get(Duration::ZERO).await;
        let got = got.unwrap_or_else(|error| panic!("{id}: {error}"));
        let part = |name: &str| got.get(name).cloned().unwrap_or_default();
        assert_eq!(
            part("request").get("id"),
            Some(&Value::Str("failed".to_owned())),
            "{id}"
        );
        let raised = ExceptionInfo::from_value(&part("exc")).expect("an exception");
        assert_eq!(raised.repr(), "ValueError('boom')", "{id}");
        assert_eq!(part("label"), Value::Str("label".to_owned()), "{id}");
    }
}

/// A member whose end its chord never heard of: its worker died, and its message is gone.
#[tokio::test]
async fn a_chord_is_repaired() {
    for (ends, told) in [(true, State::Success), (false, State::Failure)] {
        let bodies = Runs::default();
        let app = app(&bodies);
        let canvas = chord((0..3).map(|n| ints("add", &[n])), call("body", &[]));
        let result = app.client.send(workflow(canvas)).await.expect("sent");
        let header = result.parent().expect("a header");
        let (gid, lost) = (header.id(), header.tree().expect("a tree").ids().remove(0));
        let first = app.receive(QUEUE).await.expect("the first member");
        let acked = app.broker.ack(QUEUE, vec![first.receipt]).await;
        for acked in acked {
            acked.expect("lost");
        }
        drain(&app).await;

        let (open, _) = app.client.open_chords(None).await.expect("a list");
        let [one] = open.as_slice() else {
            panic!("{open:?}");
        };
        assert_eq!((one.group_id.as_str(), &*one.body), (gid, "body"));
        assert_eq!((one.arrived, one.members), (2, 3));
        let mut how = ChordRepair::default();
        let repaired = app.client.repair_chord(gid, &how).await;
        assert_eq!(
            repaired.expect("looked at"),
            ChordRepaired::Awaited(vec![lost.clone()])
        );

        if ends {
            let alone = ints("add", &[0]).task_id(lost);
            app.client.send(alone).await.expect("sent");
            drain(&app).await;
            assert_eq!(bodies.count(), 0, "its chord does not know of it");
        } else {
            how.fail_missing = true;
        }
        let repaired = app.client.repair_chord(gid, &how).await;
        assert_eq!(repaired.expect("sent"), ChordRepaired::Told);
        drain(&app).await;
        assert_eq!(result.state().await.expect("a state"), told);
        assert_eq!(bodies.count(), i64::from(ends) as usize);
        let again = app.client.repair_chord(gid, &how).await;
        assert_eq!(again.expect("looked at"), ChordRepaired::Over);
        let nobody = app.client.repair_chord("nobody", &how).await;
        assert_eq!(nobody.expect("looked at"), ChordRepaired::Unknown);
    }
}
