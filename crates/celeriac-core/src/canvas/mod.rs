//! Tasks put together: chains, groups and chords, typed where types can say it.

mod collected;
mod mapped;

use std::fmt;
use std::marker::PhantomData;
use std::ops::BitOr;

use celeriac_protocol::{Dict, Signature, Value, Workflow};

use crate::{SendError, TaskSignature};

pub use collected::{Collected, MemberError};
pub use mapped::{Bare, Maps, chunks, map, mapped_task, starmap, then_each};

/// The key of a stored failure under which stand the ids of the steps that will not come: a list of
/// them for each step. Python's readers pass over it.
pub const LATER_STEPS: &str = "celeriac_later";

/// What can be sent: a task, or tasks put together.
pub trait Canvas: Sized {
    /// The type of its result.
    type Output;

    /// Celery's form of it.
    ///
    /// # Errors
    /// An argument that cannot be written, or that the task does not have.
    fn into_workflow(self) -> Result<Workflow, SendError>;
}

/// What may follow a step whose result is a `Prev`: each `#[task]` has `x::step(..)`, which leaves
/// out the first argument, and `x::si(..)`, which drops the result; a task by name takes any.
pub trait Follows<Prev>: Canvas {}

/// What a step makes of the result before it.
#[diagnostic::on_unimplemented(
    message = "this step cannot take `{Prev}`, the result before it",
    label = "cannot follow a step that gives `{Prev}`",
    note = "`x::s(..)` has all of its arguments: it can only be first",
    note = "`x::step(..)` leaves out the first argument, which is then the result before it, of exactly its type",
    note = "`x::si(..)` ignores the result before it; `TaskSignature::new(\"name\")` takes any"
)]
pub trait Receives<Prev> {}

/// All arguments are there: such a step can only be first.
#[derive(Debug)]
pub struct Full;

/// The first argument is left out, and is a `T`.
#[derive(Debug)]
pub struct Takes<T>(PhantomData<fn(T)>);

/// The result before it is dropped.
#[derive(Debug)]
pub struct Ignores;

/// A task by its name: nobody knows what it takes.
#[derive(Debug)]
pub struct Open;

impl<T> Receives<T> for Takes<T> {}
impl<Prev> Receives<Prev> for Ignores {}
impl<Prev> Receives<Prev> for Open {}

impl Canvas for Workflow {
    type Output = Value;

    fn into_workflow(self) -> Result<Workflow, SendError> {
        Ok(self)
    }
}

impl<Prev> Follows<Prev> for Workflow {}

impl Canvas for Signature {
    type Output = Value;

    fn into_workflow(self) -> Result<Workflow, SendError> {
        let task = self.task.clone();
        Workflow::read(self).map_err(|error| SendError::Invalid {
            task,
            reason: error.to_string(),
        })
    }
}

impl<Prev> Follows<Prev> for Signature {}

impl<T, In> Canvas for TaskSignature<T, In> {
    type Output = T;

    fn into_workflow(self) -> Result<Workflow, SendError> {
        let (mut signature, options) = self.into_parts()?;
        signature.options = options.to_dict();
        Ok(Workflow::Task(signature))
    }
}

impl<T, In: Receives<Prev>, Prev> Follows<Prev> for TaskSignature<T, In> {}

/// Defines a canvas: its parts, its result, and what may follow it.
macro_rules! canvases {
    ($($(#[$meta:meta])* $Name:ident<$T:ident> gives $Output:ty;)+) => {
        $(
            $(#[$meta])*
            #[must_use = "a canvas does nothing until it is sent"]
            pub struct $Name<$T = Value, In = Full> {
                workflow: Result<Workflow, SendError>,
                types: PhantomData<fn(In) -> $T>,
            }

            impl<$T, In> $Name<$T, In> {
                fn of(workflow: Result<Workflow, SendError>) -> Self {
                    Self {
                        workflow,
                        types: PhantomData,
                    }
                }

                /// Adds what runs with its result.
                pub fn link(self, callback: impl Canvas) -> Self {
                    self.with(callback, |workflow, callback| workflow.link(callback))
                }

                /// Adds what runs where it fails: with the id of the failed task, or, a Rust task
                /// that begins with `request`, `exc` and `traceback`, with those.
                pub fn link_error(self, errback: impl Canvas) -> Self {
                    self.with(errback, |workflow, errback| workflow.link_error(errback))
                }

                /// Options of the canvas: of a chain they are its first task's, of a group each
                /// task's, of a chord the header's and the body's.
                pub fn options(self, set: impl FnOnce(TaskSignature) -> TaskSignature) -> Self {
                    let options = set(TaskSignature::of_canvas()).options.to_dict();
                    Self::of(self.workflow.map(|mut workflow| {
                        workflow.of_mut().options.extend(options);
                        workflow
                    }))
                }

                /// Stamps each task, those that run later too: what `stamps` gives of it goes with its
                /// message under these names. Celery's stamping visitor.
                pub fn stamp_each(self, mut stamps: impl FnMut(&Signature) -> Dict) -> Self {
                    Self::of(self.workflow.map(|mut workflow| {
                        workflow.for_each_task(&mut |task| {
                            for (name, value) in stamps(task) {
                                task.stamp(&name, value);
                            }
                        });
                        workflow
                    }))
                }

                /// Drops the result that it follows.
                pub fn immutable(self) -> $Name<$T, Ignores> {
                    $Name::of(self.workflow.map(|mut workflow| {
                        workflow.set_immutable();
                        workflow
                    }))
                }

                fn with(
                    self,
                    other: impl Canvas,
                    put: impl FnOnce(&mut Workflow, Signature),
                ) -> Self {
                    let both = self.workflow.and_then(|mut workflow| {
                        put(&mut workflow, other.into_workflow()?.into_signature());
                        Ok(workflow)
                    });
                    Self::of(both)
                }
            }

            impl<$T, In> Canvas for $Name<$T, In> {
                type Output = $Output;

                fn into_workflow(self) -> Result<Workflow, SendError> {
                    self.workflow
                }
            }

            impl<$T, In: Receives<Prev>, Prev> Follows<Prev> for $Name<$T, In> {}

            impl<$T, In> Clone for $Name<$T, In> {
                fn clone(&self) -> Self {
                    Self::of(self.workflow.clone())
                }
            }

            impl<$T, In> fmt::Debug for $Name<$T, In> {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.debug_tuple(stringify!($Name)).field(&self.workflow).finish()
                }
            }
        )+
    };
}

canvases! {
    /// Tasks one after the other, each with the result of the one before: `chain![a, b]`, `a | b`.
    Chain<T> gives T;
    /// Tasks beside each other: `group![a, b]`, [`group`].
    Group<T> gives Vec<T>;
    /// A group, and what runs with the list of its results: [`chord`], `group | task`.
    Chord<T> gives T;
}

/// Tasks beside each other, of one type.
pub fn group<C: Canvas>(tasks: impl IntoIterator<Item = C>) -> Group<C::Output, Open> {
    let tasks = tasks.into_iter().map(Canvas::into_workflow);
    Group::of(tasks.collect::<Result<Vec<_>, _>>().map(Workflow::group))
}

/// A group, and what runs with the list of its results.
pub fn chord<C: Canvas, B: Follows<Vec<C::Output>>>(
    header: impl IntoIterator<Item = C>,
    body: B,
) -> Chord<B::Output, Open> {
    let header: Result<Vec<_>, _> = header.into_iter().map(Canvas::into_workflow).collect();
    let chord = header.and_then(|header| Ok(Workflow::chord(header, body.into_workflow()?)));
    Chord::of(chord)
}

/// One step of a chain behind what is there. What `chain!` is made of.
#[doc(hidden)]
pub fn then<A: Canvas, B: Follows<A::Output>>(first: A, next: B) -> Chain<B::Output, Open> {
    let both = first.into_workflow().and_then(|first| {
        let next = next.into_workflow()?;
        Ok(match first {
            // `chain(group(a), b)` gives `b` what `a` gives, `group(a) | b` a list of it
            first @ Workflow::Group(_) => first.then(next),
            first => Workflow::chain([first, next]),
        })
    });
    Chain::of(both)
}

impl<T, In, B: Follows<T>> BitOr<B> for TaskSignature<T, In> {
    type Output = Chain<B::Output, In>;

    fn bitor(self, next: B) -> Self::Output {
        Chain::of(piped(self, next))
    }
}

impl<T, In, B: Follows<T>> BitOr<B> for Chain<T, In> {
    type Output = Chain<B::Output, In>;

    fn bitor(self, next: B) -> Self::Output {
        Chain::of(piped(self, next))
    }
}

impl<T, In, B: Follows<Vec<T>>> BitOr<B> for Group<T, In> {
    type Output = Chord<B::Output, In>;

    fn bitor(self, body: B) -> Self::Output {
        Chord::of(piped(self, body))
    }
}

impl<T, In, B: Follows<T>> BitOr<B> for Chord<T, In> {
    type Output = Chord<B::Output, In>;

    fn bitor(self, next: B) -> Self::Output {
        Chord::of(piped(self, next))
    }
}

fn piped(first: impl Canvas, next: impl Canvas) -> Result<Workflow, SendError> {
    let first = first.into_workflow()?;
    Ok(first.then(next.into_workflow()?))
}

/// Tasks one after the other, each with the result of the one before. The first one has all of its
/// arguments (`x::s(..)`), a later one leaves out its first (`x::step(..)`) or ignores the result
/// before it (`x::si(..)`); a task by name takes any.
///
/// ```
/// use celeriac_core::{TaskSignature, chain};
///
/// let add = |n| TaskSignature::<i64>::new("tasks.add").arg(n);
/// let seven = chain![add(1).arg(2), add(4)];
/// # let _ = seven;
/// ```
#[macro_export]
macro_rules! chain {
    ($first:expr $(,)?) => { $first };
    ($first:expr, $second:expr $(, $rest:expr)* $(,)?) => {
        $crate::chain!(@ $crate::canvas::then($first, $second) $(, $rest)*)
    };
    (@ $done:expr) => { $done };
    (@ $done:expr, $next:expr $(, $rest:expr)*) => {
        $crate::chain!(@ ($done | $next) $(, $rest)*)
    };
}

/// Tasks beside each other, all of one type; for a list of them there is
/// [`group`](crate::canvas::group).
#[macro_export]
macro_rules! group {
    ($($task:expr),* $(,)?) => {
        $crate::canvas::group_of(::std::vec![
            $($crate::canvas::member($task)),*
        ])
    };
}

/// A member of a `group!`: tasks of one result type are of one type here, whatever they are.
#[doc(hidden)]
#[derive(Debug)]
pub struct Member<T>(Result<Workflow, SendError>, PhantomData<fn() -> T>);

#[doc(hidden)]
pub fn member<C: Canvas>(task: C) -> Member<C::Output> {
    Member(task.into_workflow(), PhantomData)
}

#[doc(hidden)]
pub fn group_of<T>(members: Vec<Member<T>>) -> Group<T, Open> {
    let members: Result<Vec<_>, _> = members.into_iter().map(|member| member.0).collect();
    Group::of(members.map(Workflow::group))
}
