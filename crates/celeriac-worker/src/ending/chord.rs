//! A chord whose members arrive: the last one, and any copy of it, sends the body, or fails it.

use std::time::Duration;

use celeriac_core::chords::{
    Arrived, ChordKey, Chords, Layout, Members, OnMemberFailure, REPAIR, Settle, Take, Taken,
};
use celeriac_core::{Failure, Record, StoreError, random};
use celeriac_protocol::{Dict, ExceptionInfo, Signature, State, Value};
use futures_util::future::BoxFuture;

use super::chord_part::ChordPart;
use super::consequence;
use super::follow;
use super::waiting::waiting;
use crate::call::Call;
use crate::engine::Engine;
use crate::log;
use crate::meta::chord_error;

/// Nobody else sends the body for so long.
const LEASE: Duration = Duration::from_secs(15);
/// Results that are read in one request.
const AT_ONCE: usize = 100;
/// Receives of a member's message after which Python, whose worker counted last, has had its time to
/// send the body.
const PATIENCE: u32 = 3;
/// Times that a body may be begun and not be sent; then it fails.
const MOST_TAKES: u32 = 5;

/// What a chord comes to.
enum Body {
    /// It runs with these results.
    Runs(Vec<Value>),
    Fails(Fails),
}

/// What it fails with.
struct Fails {
    error: Failure,
    /// What a member failed with, if one did: that of a body that is a group, as in Celery.
    member: Option<Failure>,
}

/// Marks a member that has ended; whether that, and what it causes, is certain now. Boxed: the body
/// that it may fail may be a member of another chord.
pub(super) fn arrive<'a>(
    engine: &'a Engine,
    call: &'a Call,
    part: &'a ChordPart,
    task_id: &'a str,
    failed: bool,
) -> BoxFuture<'a, bool> {
    Box::pin(async move {
        let Some(chords) = &engine.chords else {
            return true;
        };
        let arrived = if is_repair(call) && task_id == call.id() {
            Ok(Arrived::Complete)
        } else {
            if let Some(body) = &part.body {
                chords.keep_body(&part.key, body).await;
            }
            chords.arrive(part.of_task(task_id, failed)).await
        };
        match arrived {
            Ok(Arrived::Waiting | Arrived::Over) => true,
            Ok(Arrived::Joining) if call.delivery.receive_count < PATIENCE => false,
            Ok(Arrived::Complete | Arrived::Joining) => {
                Firing::of(engine, call, chords.store(), part)
                    .fire(task_id)
                    .await
            }
            Err(error) => {
                tracing::warn!("the end of `{task_id}` is not known to its chord yet: {error}");
                false
            }
        }
    })
}

/// A chord whose body is to be sent.
struct Firing<'a> {
    engine: &'a Engine,
    call: &'a Call,
    chords: &'a dyn Chords,
    part: &'a ChordPart,
    nonce: String,
}

impl<'a> Firing<'a> {
    fn of(engine: &'a Engine, call: &'a Call, chords: &'a dyn Chords, part: &'a ChordPart) -> Self {
        Self {
            engine,
            call,
            chords,
            part,
            nonce: random::uuid4().to_string(),
        }
    }

    fn key(&self) -> &ChordKey {
        &self.part.key
    }

    async fn fire(&self, task_id: &str) -> bool {
        match self.try_fire(task_id).await {
            Ok(certain) => certain,
            Err(error) => {
                let gid = &self.key().group_id;
                tracing::warn!("the body of chord `{gid}` is not sent yet: {error}");
                false
            }
        }
    }

    async fn try_fire(&self, task_id: &str) -> Result<bool, StoreError> {
        let (by, takes) = match self.take(task_id).await? {
            Taken::Over => return Ok(true),
            Taken::Held { .. } => return Ok(false), // its message comes back
            Taken::Yours { by, takes } => (by, takes),
        };
        let record = self
            .chords
            .load(std::slice::from_ref(self.key()))
            .await
            .pop();
        let Some(record) = record.transpose()?.flatten() else {
            return Ok(true); // Python has just sent it
        };
        let stored = Some(record.body).filter(|body| !body.is_null());
        let mut body = match (stored, &self.part.body) {
            (Some(body), _) => Signature::from_message(body),
            (None, Some(body)) => (**body).clone(),
            (None, None) => {
                tracing::error!("chord `{}` has no body", self.key().group_id);
                return Ok(true);
            }
        };
        let on_failure = OnMemberFailure::take_from_body(&mut body.options);
        if takes > 1 && self.stands(&body).await {
            return self.settle(false).await;
        }
        let outcome = if takes > MOST_TAKES {
            let text = format!("the body was begun {MOST_TAKES} times, and never sent");
            Body::Fails(Fails::of(text))
        } else {
            self.results(&record.members, on_failure).await?
        };
        let failure = match outcome {
            Body::Fails(Fails {
                member: Some(member),
                ..
            }) if is_group(&body) => member,
            Body::Fails(Fails { error, .. }) => error,
            Body::Runs(results) => match self.send(&body, &by, results).await {
                Ok(sent) => return Ok(sent && self.settle(false).await?),
                Err(failure) => failure,
            },
        };
        log::chord_failed(&self.key().group_id, &failure);
        let told = follow::fail_body(
            self.engine,
            self.call,
            (&self.key().group_id, &by),
            &body,
            &failure,
        )
        .await;
        Ok(told && self.settle(true).await?)
    }

    async fn take(&self, task_id: &str) -> Result<Taken, StoreError> {
        let take = Take {
            key: self.key().clone(),
            nonce: self.nonce.clone(),
            by: task_id.to_owned(),
            lease: LEASE,
        };
        self.chords.take(take).await
    }

    /// Whether an earlier taker has sent it.
    async fn stands(&self, body: &Signature) -> bool {
        let tasks = waiting(body);
        match (&self.engine.ledger, tasks.first()) {
            (Some(ledger), Some(first)) => {
                ledger.stand(std::iter::once(first)).await.pop() == Some(true)
            }
            _ => false,
        }
    }

    /// The results of all members, in order and nested; or the first failure among them.
    async fn results(
        &self,
        members: &Members,
        on_failure: OnMemberFailure,
    ) -> Result<Body, StoreError> {
        let Some(ledger) = &self.engine.ledger else {
            return Ok(Body::Fails(Fails::of(
                "there is no result store".to_owned(),
            )));
        };
        let mut results = Vec::with_capacity(members.len());
        let (mut memory, most) = (0, self.engine.limits.max_memory);
        for ids in members.ids.chunks(AT_ONCE) {
            for (id, record) in ids.iter().zip(ledger.records(ids).await) {
                let value = match collected(self.result(id, record?), on_failure) {
                    Ok(value) => value,
                    Err(fails) => return Ok(Body::Fails(*fails)),
                };
                memory += value.memory();
                if memory > most {
                    return Ok(Body::Fails(Fails::of(format!(
                        "the results of its {} members take more than the {most} bytes of \
                         `worker_message_memory`: let them store what is large elsewhere, and return \
                         where it is",
                        members.len()
                    ))));
                }
                results.push(value);
            }
            if members.len() > AT_ONCE
                && matches!(self.take("").await?, Taken::Over | Taken::Held { .. })
            {
                let key = &self.key().group_id;
                return Err(StoreError::new("renew chord", key, lost()));
            }
        }
        Ok(Body::Runs(members.nest(results, &Value::List)))
    }

    fn result(&self, id: &str, record: Option<Record>) -> Result<Value, Box<Fails>> {
        let fails = |text: String| Err(Box::new(Fails::of(text)));
        let Some(record) = record else {
            return match self.key().layout {
                // a Python worker stores nothing where results are ignored
                Layout::Celery if !is_repair(self.call) => Ok(Value::Null),
                _ => fails(format!("the result of {id} is gone")),
            };
        };
        match record.meta.status {
            State::Success => Ok(record.meta.result),
            State::Failure | State::Revoked => {
                let Ok(exception) = ExceptionInfo::from_value(&record.meta.result) else {
                    return fails(format!("Dependency {id} is {}", record.meta.status));
                };
                let text = format!("Dependency {id} raised {}", exception.repr());
                Err(Box::new(Fails {
                    error: chord_error(text),
                    member: Some(Failure {
                        exception,
                        traceback: record.meta.traceback,
                    }),
                }))
            }
            state => fails(format!("Dependency {id} has no result: it is {state}")),
        }
    }

    /// Whether it is sent; or why it never can be.
    async fn send(&self, body: &Signature, by: &str, results: Vec<Value>) -> Result<bool, Failure> {
        let of = (self.key().group_id.as_str(), by);
        let made = consequence::of_body(self.engine, self.call, body, of, results);
        let made = made.map_err(|error| chord_error(format!("Callback error: {error}")))?;
        Ok(follow::send(self.engine, self.call, vec![made]).await)
    }

    async fn settle(&self, failed: bool) -> Result<bool, StoreError> {
        let settle = Settle {
            key: self.key().clone(),
            nonce: self.nonce.clone(),
            failed,
        };
        self.chords.settle(settle).await?; // where it is not ours any more, another's answer stands
        Ok(true)
    }
}

impl Fails {
    fn of(text: String) -> Self {
        Self {
            error: chord_error(text),
            member: None,
        }
    }

    /// As the result store keeps it.
    fn exception(self) -> Value {
        self.member.unwrap_or(self.error).exception.to_value()
    }
}

/// An entry of the list that the body gets.
fn collected(result: Result<Value, Box<Fails>>, how: OnMemberFailure) -> Result<Value, Box<Fails>> {
    let tagged = |tag: &str, value| Value::Dict(Dict::from_iter([(tag.to_owned(), value)]));
    match (how, result) {
        (OnMemberFailure::Fail, result) => result,
        (OnMemberFailure::Collect, Ok(value)) => Ok(value),
        (OnMemberFailure::CollectResults, Ok(value)) => Ok(tagged("Ok", value)),
        (OnMemberFailure::Collect, Err(fails)) => Ok(fails.exception()),
        (OnMemberFailure::CollectResults, Err(fails)) => Ok(tagged("Err", fails.exception())),
    }
}

fn is_group(body: &Signature) -> bool {
    let kind = match body.raw.as_deref() {
        Some(raw) => raw.get("subtask_type").and_then(Value::as_str),
        None => body.subtask_type.as_deref(),
    };
    kind == Some("group")
}

/// Whoever sent it has seen that all members have ended, or are to count as failed.
fn is_repair(call: &Call) -> bool {
    call.envelope.headers.task == REPAIR
}

fn lost() -> celeriac_core::StoreErrorKind {
    celeriac_core::StoreErrorKind::Unavailable("another worker has taken it over".to_owned())
}
