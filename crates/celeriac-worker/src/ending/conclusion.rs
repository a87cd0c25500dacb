//! A claimed task that has come to an end: the end is stored (`record.rs`), then what follows it is
//! sent (`follow.rs`), then its message may go.

use std::sync::Arc;
use std::time::Duration;

use celeriac_core::{CompletionKind, Context, Failure, StoreError, StoreErrorKind};
use celeriac_protocol::{Embed, ResultMeta, State, Value, Workflow};

use super::chord_part::ChordPart;
use super::conflict::conflict;
use super::consequence::{self, Consequence};
use super::follow::{self, DEAD_LETTER_REASON, dead_letter};
use super::record::{self, Recorded, Unclaimed};
use super::waiting::{later_steps, waiting};
use crate::call::Call;
use crate::engine::Engine;
use crate::executed::{Ending, Executed};
use crate::held::Held;
use crate::isolation::Place;
use crate::lease_keeper::LeaseGuard;
use crate::run::detached_runs::Rest;
use crate::{Outcome, Shutdown, log, meta};

/// A claimed task whose run has ended, on the way to its outcome.
pub(crate) struct Conclusion {
    pub(crate) engine: Arc<Engine>,
    pub(crate) call: Box<Call>,
    pub(crate) held: Held,
    /// `None` once it is detached: the code that still runs keeps the place.
    place: Option<Place>,
    pub(crate) embed: Box<Embed>,
    /// Result tuples of what it sent.
    pub(crate) children: Vec<Value>,
    /// What it adds to its chord.
    added: Vec<Workflow>,
    pub(crate) took: Duration,
    /// How far it came.
    pub(crate) checkpoint: Option<Value>,
    /// The queue that takes over what a Lambda function cannot end.
    pub(crate) spill: Option<String>,
    /// The run was ended from outside; its code still runs, and keeps the lease.
    pub(crate) detached: bool,
}

impl Conclusion {
    /// Of a task whose payload is not read yet.
    pub(crate) fn new(engine: Arc<Engine>, call: Box<Call>, held: Held, place: Place) -> Self {
        Self {
            engine,
            call,
            held,
            place: Some(place),
            embed: Box::default(),
            children: Vec::new(),
            added: Vec::new(),
            took: Duration::ZERO,
            checkpoint: None,
            spill: None,
            detached: false,
        }
    }

    /// With what the run leaves behind.
    pub(crate) fn after(mut self, context: &Context, took: Duration, shutdown: &Shutdown) -> Self {
        self.children = context.child_results();
        self.added = context.added();
        self.took = took;
        self.checkpoint = context.new_checkpoint();
        self.spill = shutdown
            .deadline
            .as_ref()
            .and_then(|deadline| deadline.spill.clone());
        self
    }

    /// Leaves lease and place to the run's code, which goes on until `rest` is over.
    pub(crate) fn detach(&mut self, rest: Rest) {
        self.detached = true;
        let lease = self.held.lease.as_mut().map(LeaseGuard::pass_on);
        let held = (lease, self.place.take());
        self.engine.detached.keep(self.call.id(), held, rest);
    }

    /// Stores SUCCESS, then sends what follows. What cannot be made a message fails the task
    /// instead, as in Celery.
    pub(super) async fn succeeded(mut self, value: Value) -> Executed {
        let following = match consequence::of_success(&self.engine, &self.call, &self.embed, &value)
        {
            Ok(following) => following,
            Err(error) => {
                let text =
                    format!("the task succeeded, and what follows it cannot be sent: {error}");
                let failure = meta::failure_text("kombu.exceptions", "OperationalError", text);
                return Box::pin(self.failed(failure, None)).await;
            }
        };
        if !self.added.is_empty() && !Box::pin(self.extend_chord()).await {
            return follow::owed(&self.engine, &self.call);
        }
        self.children
            .extend(following.iter().filter_map(|one| one.tuple.clone()));
        log::succeeded(self.took, &value);
        self.call.reply.returned(&value);
        if self.call.ignore_result {
            return Box::pin(self.succeeded_unseen(following)).await;
        }
        match self.record_success(value).await {
            Recorded::Stored => {
                let sent = follow::send(&self.engine, &self.call, following).await;
                if !(sent & self.arrive(false).await) {
                    return follow::owed(&self.engine, &self.call);
                }
                Executed::new(Outcome::Ack, Ending::Succeeded)
            }
            Recorded::Never(error) => Box::pin(self.failed(unstorable(&error), None)).await,
            other => Box::pin(self.not_ours(other)).await,
        }
    }

    /// A success whose value is not stored: what follows can be drawn now only, so it goes first.
    async fn succeeded_unseen(self, following: Vec<Consequence>) -> Executed {
        if !follow::send(&self.engine, &self.call, following).await {
            return follow::owed(&self.engine, &self.call);
        }
        match self.record_success(Value::Null).await {
            Recorded::Stored | Recorded::Never(_) if !self.arrive(false).await => {
                follow::owed(&self.engine, &self.call)
            }
            Recorded::Stored | Recorded::Never(_) => Executed::new(Outcome::Ack, Ending::Succeeded),
            other => Box::pin(self.not_ours(other)).await,
        }
    }

    /// A FAILURE that no retry will mend; to the dead-letter queue too, if the task asks for that.
    pub(crate) async fn gave_up(self, failure: Failure) -> Executed {
        let reason = self.call.options().dead_letter.then_some("gave-up");
        self.failed(failure, reason).await
    }

    /// Stores FAILURE, then sends the error callbacks and ends the steps that will not come. With a
    /// reason, the message goes to the dead-letter queue.
    pub(crate) async fn failed(self, failure: Failure, reason: Option<&str>) -> Executed {
        log::failed(&failure);
        self.call.reply.raised(&failure);
        let mut end = meta::with_failure(self.end(State::Failure, Value::Null), &failure);
        with_reason(&mut end, reason);
        let ids = |step| waiting(step).into_iter().map(|one| one.id).collect();
        end.extra.extend(later_steps(
            self.embed.chain.iter().flatten().rev().map(ids),
        ));
        let recorded = match self.record(CompletionKind::Final(end.clone())).await {
            Recorded::Never(error) => {
                end = self.bare(&error);
                with_reason(&mut end, reason);
                self.record(CompletionKind::Final(end.clone())).await
            }
            recorded => recorded,
        };
        match recorded {
            Recorded::Stored => {}
            other => return Box::pin(self.not_ours(other)).await,
        }
        let (engine, call, embed) = (&self.engine, &self.call, &self.embed);
        if !follow::after_failure(engine, call, embed, &end, false).await {
            return follow::owed(engine, call);
        }
        let outcome = match reason {
            Some(reason) => dead_letter(self.call.delivery, reason, &failure),
            None => Outcome::Ack,
        };
        Executed::new(outcome, Ending::Failed)
    }

    /// Shows FAILURE, which the next claim of the task passes: its payload cannot be read, and that
    /// says nothing of the task. Nobody knows what would have followed. The message goes to the
    /// dead-letter queue.
    pub(crate) async fn unread(self, reason: String) -> Executed {
        let failure = meta::failure_text("celeriac", "DecodeError", reason);
        log::failed(&failure);
        self.call.reply.raised(&failure);
        let end = meta::with_failure(self.end(State::Failure, Value::Null), &failure);
        match self.record(CompletionKind::Unread(end)).await {
            Recorded::Stored | Recorded::Never(_) if !self.arrive(true).await => {
                follow::owed(&self.engine, &self.call)
            }
            Recorded::Stored | Recorded::Never(_) => {
                let outcome = dead_letter(self.call.delivery, "unreadable", &failure);
                Executed::new(outcome, Ending::Failed)
            }
            other => Box::pin(self.not_ours(other)).await,
        }
    }

    /// What is done where this end is not the one that stands.
    pub(crate) async fn not_ours(self, recorded: Recorded) -> Executed {
        match recorded {
            Recorded::Stands(end) => {
                Box::pin(follow::already_ended(
                    &self.engine,
                    *self.call,
                    &self.embed,
                    &end,
                ))
                .await
            }
            Recorded::Later(wait) => Executed::not_run(Outcome::Defer(wait)),
            Recorded::Conflict(other) => conflict(self.call.delivery, &other),
            Recorded::Superseded => Executed::not_run(Outcome::Leave),
            Recorded::Stored | Recorded::Never(_) => Executed::not_run(Outcome::Ack),
        }
    }

    /// Whether it is a member of a chord.
    pub(crate) fn is_in_chord(&self) -> bool {
        ChordPart::is_of_message(&self.call.envelope.headers, &self.embed)
    }

    /// Marks it in its chord; whether that, and what it causes, is certain.
    pub(crate) async fn arrive(&self, failed: bool) -> bool {
        follow::arrive(&self.engine, &self.call, &self.embed, failed).await
    }

    /// Sends what it adds to its chord, each counted before it is sent, and all before the task itself
    /// is; whether that is certain.
    async fn extend_chord(&mut self) -> bool {
        let part = ChordPart::of_message(&self.call.envelope.headers, &self.embed);
        let (Some(part), Some(chords)) = (part, &self.engine.chords) else {
            return true;
        };
        let added = std::mem::take(&mut self.added);
        let mut all = Vec::new();
        for (workflow, index) in added.into_iter().zip(0..) {
            let made = consequence::of_added(&self.engine, &self.call, workflow, &part, index);
            let (id, made) = match made {
                Ok(made) => made,
                Err(error) => {
                    tracing::error!("what this task adds to its chord cannot be sent: {error}");
                    continue;
                }
            };
            match chords.store().extend(&part.key, &id).await {
                Ok(Some(_)) => all.push(made),
                Ok(None) => tracing::warn!("the chord is over: nothing is added to it"),
                Err(error) => {
                    tracing::warn!("the chord is not extended yet: {error}");
                    return false;
                }
            }
        }
        self.children
            .extend(all.iter().filter_map(|one: &Consequence| one.tuple.clone()));
        follow::send(&self.engine, &self.call, all).await
    }

    /// What readers are to see.
    fn end(&self, state: State, value: Value) -> ResultMeta {
        let mut end = meta::of_call(&self.engine, &self.call, state, value);
        end.children = meta::children(&self.children);
        end
    }

    /// Stores SUCCESS under the claim, if there is one.
    async fn record_success(&self, value: Value) -> Recorded {
        if self.held.lease.is_none() {
            return Recorded::Stored;
        }
        let end = self.end(State::Success, value);
        self.complete(CompletionKind::Final(end)).await
    }

    /// Stores FAILURE under the claim; without one (`ignore_result`), if failures are to be shown
    /// all the same, claims late.
    async fn record(&self, end: CompletionKind) -> Recorded {
        if self.held.lease.is_some() || !self.call.shows_errors() {
            return self.complete(end).await;
        }
        match Unclaimed::of(&self.engine, &self.call, true, end)
            .store(&self.engine)
            .await
        {
            Recorded::Stands(_) | Recorded::Superseded => Recorded::Stored,
            recorded => recorded,
        }
    }

    /// A failure that fits any store: no arguments, no traceback, no children.
    fn bare(&self, error: &StoreError) -> ResultMeta {
        let headers = &self.call.envelope.headers;
        let status = meta::of_headers(&self.engine, headers, State::Failure, Value::Null);
        meta::with_failure(status, &unstorable(error))
    }

    /// Ends the claim, if there is one, without an end of the task. The lease of code that goes on
    /// stays: nobody else may start the task beside it.
    pub(crate) async fn release(&self) -> Recorded {
        let lease = self.engine.lease;
        self.complete(if self.detached {
            CompletionKind::Detached { lease }
        } else {
            CompletionKind::Released
        })
        .await
    }

    /// What becomes of the message of a run that was given up.
    pub(crate) fn comes_back(&self) -> Outcome {
        if self.detached {
            Outcome::Defer(self.engine.lease)
        } else {
            Outcome::Release
        }
    }

    pub(crate) fn complete(
        &self,
        kind: CompletionKind,
    ) -> impl Future<Output = Recorded> + Send + '_ {
        record::complete(&self.engine, &self.call, &self.held, Box::new(kind))
    }
}

/// Keeps the reason beside the end, for whoever meets it before the message was moved.
pub(crate) fn with_reason(end: &mut ResultMeta, reason: Option<&str>) {
    if let Some(reason) = reason {
        end.extra
            .insert(DEAD_LETTER_REASON.to_owned(), Value::Str(reason.to_owned()));
    }
}

/// A result that no store takes: what readers see instead.
fn unstorable(error: &StoreError) -> Failure {
    match &error.kind {
        StoreErrorKind::TooLarge { .. } => {
            meta::failure_text("celeriac", "ResultTooLarge", error.kind.to_string())
        }
        kind => meta::failure_text("kombu.exceptions", "EncodeError", kind.to_string()),
    }
}
