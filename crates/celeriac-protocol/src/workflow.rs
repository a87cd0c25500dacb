use crate::{DecodeError, DecodeErrorKind, Dict, Signature, Value, part};

/// A signature taken apart: a task, or one of Celery's canvases with their parts (SPEC 7.1).
#[derive(Clone, Debug, PartialEq)]
pub enum Workflow {
    /// One task.
    Task(Signature),
    /// Tasks one after the other, each with the result of the one before.
    Chain(Chain),
    /// Tasks beside each other.
    Group(Group),
    /// A group, and what runs with all its results.
    Chord(Box<Chord>),
}

/// Tasks one after the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chain {
    /// In their order.
    pub tasks: Vec<Workflow>,
    /// Its own arguments and options; they go to the first task, links to the last.
    pub of: Signature,
}

/// Tasks beside each other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// In their order.
    pub tasks: Vec<Workflow>,
    /// Its own arguments and options; `task_id` is the group's id.
    pub of: Signature,
}

/// A group, and what runs with all its results.
#[derive(Clone, Debug, PartialEq)]
pub struct Chord {
    /// What runs first. Its `task_id` is the group's id.
    pub header: Group,
    /// What runs with the list of the header's results.
    pub body: Workflow,
    /// Whether the header was written as a list, which is a group without options.
    pub header_is_list: bool,
    /// Its own arguments and options.
    pub of: Signature,
}

/// Canvases in canvases: what a message can hold is far below.
const MAX_DEPTH: usize = 64;

impl Workflow {
    /// Takes a signature apart, and those within it.
    ///
    /// # Errors
    /// What Celery could not make anything of either, and what is nested over 64 deep.
    pub fn read(signature: Signature) -> Result<Self, DecodeError> {
        Ok(Self::of_signature(signature, MAX_DEPTH)?)
    }

    fn of_signature(signature: Signature, depth: usize) -> Result<Self, DecodeErrorKind> {
        if depth == 0 {
            return Err(DecodeErrorKind::TooLarge {
                what: "depth of canvases",
                limit: MAX_DEPTH,
            });
        }
        let mut of = match signature.raw {
            Some(_) => signature.readable().map_err(|error| error.kind)?,
            None => signature,
        };
        match of.subtask_type.as_deref() {
            Some("chain") => Ok(Self::Chain(Chain {
                tasks: parts(of.kwargs.shift_remove("tasks"), depth)?,
                of,
            })),
            Some("group") => Ok(Self::Group(Group {
                tasks: parts(of.kwargs.shift_remove("tasks"), depth)?,
                of,
            })),
            Some("chord") => Self::of_chord(of, depth),
            _ => Ok(Self::Task(of)),
        }
    }

    fn of_chord(mut of: Signature, depth: usize) -> Result<Self, DecodeErrorKind> {
        let header = of.kwargs.shift_remove("header").unwrap_or_default();
        let body = of.kwargs.shift_remove("body").unwrap_or_default();
        if body.is_null() {
            return Err(DecodeErrorKind::Missing("signature.kwargs.body"));
        }
        let body = Self::of_value(body, depth)?;
        let header_is_list = !matches!(header, Value::Dict(_));
        let header = if header_is_list {
            Group {
                tasks: parts(Some(header), depth)?,
                of: Signature::group(),
            }
        } else {
            match Self::of_value(header, depth)? {
                Self::Group(group) => group,
                other => Group {
                    tasks: vec![other],
                    of: Signature::group(),
                },
            }
        };
        Ok(Self::Chord(Box::new(Chord {
            header,
            body,
            header_is_list,
            of,
        })))
    }

    fn of_value(value: Value, depth: usize) -> Result<Self, DecodeErrorKind> {
        let signature = Signature::from_value(value).map_err(|error| error.kind)?;
        Self::of_signature(signature, depth - 1)
    }

    /// Celery's form of it.
    pub fn into_signature(self) -> Signature {
        match self {
            Self::Task(signature) => signature,
            Self::Chain(Chain { tasks, of }) | Self::Group(Group { tasks, of }) => {
                with_part(of, "tasks", list(tasks))
            }
            Self::Chord(chord) => {
                let Chord {
                    header,
                    body,
                    header_is_list,
                    mut of,
                } = *chord;
                let header = if header_is_list && header.of.options.is_empty() {
                    list(header.tasks)
                } else {
                    Self::Group(header).into_value()
                };
                let inner = of.kwargs.shift_remove("kwargs");
                let inner = inner.unwrap_or_else(|| Value::Dict(Dict::new()));
                of.kwargs.insert("kwargs".to_owned(), inner);
                let of = with_part(of, "header", header);
                with_part(of, "body", body.into_value())
            }
        }
    }

    /// Celery's object.
    pub fn into_value(self) -> Value {
        self.into_signature().into_value()
    }

    /// Its own arguments and options, without its parts.
    pub fn of(&self) -> &Signature {
        match self {
            Self::Task(signature) => signature,
            Self::Chain(chain) => &chain.of,
            Self::Group(group) => &group.of,
            Self::Chord(chord) => &chord.of,
        }
    }

    /// The same, to be changed.
    pub fn of_mut(&mut self) -> &mut Signature {
        match self {
            Self::Task(signature) => signature,
            Self::Chain(chain) => &mut chain.of,
            Self::Group(group) => &mut group.of,
            Self::Chord(chord) => &mut chord.of,
        }
    }

    /// What it is called in errors.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Task(_) => "task",
            Self::Chain(_) => "chain",
            Self::Group(_) => "group",
            Self::Chord(_) => "chord",
        }
    }

    /// A chain of these, as Celery's `chain(...)` makes it: `|` from the first to the last.
    pub fn chain(tasks: impl IntoIterator<Item = Self>) -> Self {
        let empty = Self::Chain(Chain {
            tasks: Vec::new(),
            of: Signature::chain(),
        });
        tasks.into_iter().fold(empty, Self::then)
    }

    /// A group of these.
    pub fn group(tasks: impl IntoIterator<Item = Self>) -> Self {
        Self::Group(Group {
            tasks: tasks.into_iter().collect(),
            of: Signature::group(),
        })
    }

    /// A chord of these.
    pub fn chord(header: impl IntoIterator<Item = Self>, body: Self) -> Self {
        let header = Group {
            tasks: header.into_iter().collect(),
            of: Signature::group(),
        };
        Self::Chord(Box::new(Chord {
            header,
            body,
            header_is_list: true,
            of: Signature::chord(),
        }))
    }

    /// Celery's `self | next`: a group and what follows it become a chord, what follows a chord goes
    /// to its body, chains become one, a group of one is its task, an empty group is nothing.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        let next = match next {
            Self::Group(group) if group.tasks.is_empty() => return self,
            Self::Group(group) => group.unrolled(),
            next => next,
        };
        match (self, next) {
            (Self::Group(group), next) => Self::chord_of(group, next),
            (first @ (Self::Task(_) | Self::Chord(_)), Self::Chain(chain)) => {
                let steps = std::iter::once(first).chain(chain.unchained());
                Self::chained(steps.collect())
            }
            (Self::Chord(chord), next @ (Self::Task(_) | Self::Chord(_))) => {
                Self::Chord(Box::new(chord.continued(next)))
            }
            (first @ (Self::Task(_) | Self::Chord(_)), next) => Self::chained(vec![first, next]),
            (Self::Chain(chain), Self::Chain(next)) => {
                let unchained = next.unchained().into_iter();
                unchained.fold(Self::Chain(chain), Self::then)
            }
            (Self::Chain(chain), next) => chain.extended(next),
        }
    }

    fn chained(tasks: Vec<Self>) -> Self {
        Self::Chain(Chain {
            tasks,
            of: Signature::chain(),
        })
    }

    fn chord_of(header: Group, body: Self) -> Self {
        Self::Chord(Box::new(Chord {
            header_is_list: header.of.options.is_empty(),
            header,
            body,
            of: Signature::chord(),
        }))
    }

    /// Adds what runs with its result: of a chain with that of its last task, of a chord with that of
    /// its body, of a group, as in Celery, after its first task and without its result.
    pub fn link(&mut self, callback: Signature) {
        match self {
            Self::Task(signature) => signature.append("link", callback),
            Self::Chain(chain) => chain.of.append("link", callback),
            Self::Group(group) => {
                if let Some(first) = group.tasks.first_mut() {
                    first.link(Signature {
                        immutable: true,
                        ..callback
                    });
                }
            }
            Self::Chord(chord) => chord.body.link(callback),
        }
    }

    /// Adds what runs where it fails: any task of a chain or a group, the body of a chord.
    pub fn link_error(&mut self, errback: Signature) {
        match self {
            Self::Task(signature) => signature.append("link_error", errback),
            Self::Chain(chain) => chain.of.append("link_error", errback),
            Self::Group(group) => {
                for task in &mut group.tasks {
                    task.link_error(errback.clone());
                }
            }
            Self::Chord(chord) => chord.body.link_error(errback),
        }
    }

    /// Lets it drop the result that it follows: of a group each task does, of a chain the first.
    pub fn set_immutable(&mut self) {
        match self {
            Self::Group(group) => group.tasks.iter_mut().for_each(Self::set_immutable),
            other => other.of_mut().immutable = true,
        }
    }

    /// Each task in it, in order, links left out.
    pub fn for_each_task(&mut self, visit: &mut impl FnMut(&mut Signature)) {
        match self {
            Self::Task(signature) => visit(signature),
            Self::Chain(Chain { tasks, .. }) | Self::Group(Group { tasks, .. }) => {
                for task in tasks {
                    task.for_each_task(visit);
                }
            }
            Self::Chord(chord) => {
                for task in &mut chord.header.tasks {
                    task.for_each_task(visit);
                }
                chord.body.for_each_task(visit);
            }
        }
    }
}

impl From<Signature> for Workflow {
    /// A task as it is; a canvas that cannot be taken apart stays a task, which no worker knows.
    fn from(signature: Signature) -> Self {
        Self::read(signature.clone()).unwrap_or(Self::Task(signature))
    }
}

impl Chain {
    /// Its tasks on their own: links of the chain are its last task's, its errbacks each task's.
    #[must_use]
    pub fn unchained(mut self) -> Vec<Workflow> {
        let links = self.of.take_list("link");
        let errbacks = self.of.take_list("link_error");
        if let Some(last) = self.tasks.last_mut() {
            for callback in links {
                last.link(callback);
            }
        }
        for task in &mut self.tasks {
            for errback in &errbacks {
                task.link_error(errback.clone());
            }
        }
        self.tasks
    }

    fn extended(self, next: Workflow) -> Workflow {
        let of = Signature {
            options: without_links(&self.of.options),
            ..self.of.clone()
        };
        let mut tasks = self.unchained();
        match (tasks.pop(), next) {
            (None, next @ Workflow::Group(_)) => return next,
            (None, next) => tasks.push(next),
            (Some(Workflow::Group(group)), next) => tasks.push(Workflow::chord_of(group, next)),
            (Some(Workflow::Chord(chord)), next) if !matches!(next, Workflow::Chord(_)) => {
                tasks.push(Workflow::Chord(Box::new(chord.continued(next))));
            }
            (Some(last), next) => tasks.extend([last, next]),
        }
        Workflow::Chain(Self { tasks, of })
    }
}

impl Group {
    /// One task alone is no group.
    fn unrolled(mut self) -> Workflow {
        match self.tasks.pop() {
            Some(one) if self.tasks.is_empty() => one,
            last => {
                self.tasks.extend(last);
                Workflow::Group(self)
            }
        }
    }
}

impl Chord {
    fn continued(self, next: Workflow) -> Self {
        Self {
            body: self.body.then(next),
            ..self
        }
    }
}

impl Signature {
    /// An empty chain's.
    pub(crate) fn chain() -> Self {
        Self::canvas("celery.chain", "chain")
    }

    /// An empty group's.
    pub(crate) fn group() -> Self {
        Self::canvas("celery.group", "group")
    }

    /// An empty chord's.
    pub(crate) fn chord() -> Self {
        Self::canvas("celery.chord", "chord")
    }

    fn canvas(task: &str, kind: &str) -> Self {
        Self {
            subtask_type: Some(kind.to_owned()),
            ..Self::new(task)
        }
    }

    /// Adds to a list of its options, such as `link`, what is not in it yet.
    pub fn append(&mut self, option: &str, signature: Self) {
        let mut list = match self.options.shift_remove(option) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::List(list)) => list,
            Some(one) => vec![one],
        };
        let value = signature.into_value();
        if !list.contains(&value) {
            list.push(value);
        }
        self.options.insert(option.to_owned(), Value::List(list));
    }

    /// Marks it, as Celery's `stamp` does: the stamp goes with its message, and to what follows it.
    pub fn stamp(&mut self, name: &str, value: Value) {
        let names = self.options.entry("stamped_headers".to_owned());
        if let Value::List(names) = names.or_insert_with(|| Value::List(Vec::new())) {
            let name = Value::Str(name.to_owned());
            if !names.contains(&name) {
                names.push(name);
            }
        }
        self.options.insert(name.to_owned(), value);
    }

    /// Takes such a list out of its options.
    pub fn take_list(&mut self, option: &str) -> Vec<Self> {
        let list = match self.options.shift_remove(option) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::List(list)) => list,
            Some(one) => vec![one],
        };
        list.into_iter().map(Self::from_message).collect()
    }
}

fn without_links(options: &Dict) -> Dict {
    let mut options = options.clone();
    options.retain(|name, _| name != "link" && name != "link_error");
    options
}

fn parts(tasks: Option<Value>, depth: usize) -> Result<Vec<Workflow>, DecodeErrorKind> {
    let tasks = match tasks {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::List(tasks)) => tasks,
        Some(one @ Value::Dict(_)) => vec![one],
        Some(other) => part::list("signature.kwargs.tasks", other)?,
    };
    let each = tasks.into_iter();
    each.map(|task| Workflow::of_value(task, depth)).collect()
}

fn list(tasks: Vec<Workflow>) -> Value {
    Value::List(tasks.into_iter().map(Workflow::into_value).collect())
}

fn with_part(mut of: Signature, name: &str, value: Value) -> Signature {
    of.kwargs.insert(name.to_owned(), value);
    of
}
