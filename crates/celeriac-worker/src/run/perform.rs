use std::sync::{Arc, Mutex};
use std::time::Duration;

use celeriac_core::{Arguments, Context, ContextParts, ProgressSink, TaskKind};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{LedgerProgress, Run, TimeLimits};
use crate::call::Call;
use crate::ending::Conclusion;
use crate::engine::Engine;
use crate::executed::Executed;
use crate::held::Held;
use crate::{Deadline, Shutdown};

/// Runs an admitted task and concludes.
pub(crate) async fn perform<S>(
    mut conclusion: Conclusion,
    arguments: Arguments,
    shutdown: &Shutdown,
    slot: S,
) -> Executed {
    let engine = Arc::clone(&conclusion.engine);
    if !conclusion.call.acks_late {
        Box::pin(acknowledge_early(&engine, &mut conclusion.call)).await;
    }
    let limits = TimeLimits::of(&engine, &conclusion.call);
    let (soft, lost) = (CancellationToken::new(), conclusion.held.lost());
    let context = context(
        &engine,
        &conclusion.call,
        &conclusion.held,
        Around {
            limits,
            ends_in: ends(&limits, shutdown),
            in_chord: conclusion.is_in_chord(),
        },
        soft.clone(),
    );
    let kind: TaskKind = conclusion.call.definition.kind.clone();
    let started = Instant::now();
    let run = Run {
        kind,
        context: context.clone(),
        arguments,
        limits,
        soft,
        lost,
    };
    let (end, rest) = run.end(&engine.blocking, shutdown).await;
    drop(slot);
    let mut conclusion = conclusion.after(&context, started.elapsed(), shutdown);
    if let Some(rest) = rest {
        conclusion.detach(rest);
    }
    conclusion.of_run(end).await
}

/// How long until the run is ended from outside, if ever.
fn ends(limits: &TimeLimits, shutdown: &Shutdown) -> Option<Duration> {
    let left = shutdown.deadline.as_ref().map(Deadline::remaining);
    limits.hard.into_iter().chain(left).min()
}

async fn acknowledge_early(engine: &Engine, call: &mut Call) {
    match engine
        .requests
        .ack_early(&call.delivery.queue, call.delivery.receipt.clone())
        .await
    {
        Ok(()) => call.acked = true,
        Err(error) => {
            tracing::warn!(
                "could not acknowledge the message before the run; it is acknowledged after it: {error}"
            );
        }
    }
}

/// What a task is told of its surroundings.
#[derive(Clone, Copy)]
struct Around {
    limits: TimeLimits,
    ends_in: Option<Duration>,
    in_chord: bool,
}

fn context(
    engine: &Arc<Engine>,
    call: &Call,
    held: &Held,
    around: Around,
    soft_limit: CancellationToken,
) -> Context {
    let Around {
        limits,
        ends_in,
        in_chord,
    } = around;
    let shows_progress = !call.ignore_result;
    let progress = shows_progress
        .then(|| LedgerProgress::shared(engine, call, held))
        .flatten();
    Context::new(ContextParts {
        envelope: Arc::clone(&call.envelope),
        queue: call.delivery.queue.clone(),
        attempt: held.attempt,
        state: Arc::clone(&engine.parts.state),
        progress: progress.map(|progress| progress as Arc<dyn ProgressSink>),
        sender: Arc::clone(&engine.sender),
        deadline: ends_in.map(|left| engine.now().after(left)),
        soft_limit,
        clock: Arc::clone(&engine.parts.clock),
        children: Mutex::default(),
        checkpoint: Mutex::default(),
        added: Mutex::default(),
        in_chord,
        time_limits: (limits.hard, limits.soft),
    })
}
