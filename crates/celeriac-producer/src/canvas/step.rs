use celeriac_protocol::{Chord, Dict, Group, Signature, Value, Workflow};

/// A step of a chain, after all that Celery makes of a canvas when it is sent: chains in chains are
/// spliced, a group that something follows is a chord, groups in groups are one.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Task(Signature),
    Group(Branches),
    Chord(Box<ChordStep>),
}

/// Steps one after the other. A group is its last one.
pub(crate) type Branch = Vec<Step>;

/// Branches beside each other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Branches {
    pub(crate) each: Vec<Branch>,
    /// Its options; `task_id` is its id.
    pub(crate) options: Dict,
    pub(crate) args: Vec<Value>,
}

/// Branches, and what follows when all of them have ended.
#[derive(Clone, Debug)]
pub(crate) struct ChordStep {
    pub(crate) header: Branches,
    pub(crate) body: Step,
    /// Options of the chord itself, for header and body.
    pub(crate) options: Dict,
    pub(crate) args: Vec<Value>,
    pub(crate) immutable: bool,
}

/// Options of a chain that are not its first task's.
const OF_THE_CHAIN: [&str; 9] = [
    "chain",
    "chord",
    "group_id",
    "group_index",
    "link",
    "link_error",
    "parent_id",
    "root_id",
    "task_id",
];

/// The steps of a canvas.
pub(crate) fn steps(workflow: Workflow) -> Branch {
    match workflow {
        Workflow::Task(mut signature) => {
            let after = take_chain(&mut signature.options);
            followed(vec![Step::Task(signature)], after)
        }
        Workflow::Chain(chain) => {
            let (args, immutable) = (chain.of.args.clone(), chain.of.immutable);
            let mut options = chain.of.options.clone();
            let after = take_chain(&mut options);
            let mut branch = Branch::new();
            for task in chain.unchained() {
                for step in steps(unrolled(task)) {
                    push(&mut branch, step);
                }
            }
            let last_only = ["task_id", "chord", "group_id", "group_index"];
            if let Some(last) = branch.last_mut() {
                for name in last_only {
                    if let Some(value) = options.get(name).filter(|value| !value.is_null()) {
                        last.set_last(name, value.clone());
                    }
                }
            }
            options.retain(|name, _| !OF_THE_CHAIN.contains(&name.as_str()));
            if let Some(first) = branch.first_mut() {
                first.prepend(&args, &Dict::new(), immutable);
                first.overlay(&options);
            }
            followed(branch, after)
        }
        Workflow::Group(mut group) => {
            let after = take_chain(&mut group.of.options);
            followed(vec![Step::Group(Branches::of(group))], after)
        }
        Workflow::Chord(chord) => of_chord(*chord),
    }
}

fn of_chord(chord: Chord) -> Branch {
    let Chord {
        header,
        mut body,
        header_is_list,
        mut of,
    } = chord;
    for callback in of.take_list("link") {
        body.link(callback);
    }
    for errback in of.take_list("link_error") {
        body.link_error(errback);
    }
    let after = take_chain(&mut of.options);
    let mut header = Branches::of(header);
    // since 5.7 both have the id of the header; the body has its own
    if let Some(id) = of.options.get("task_id").filter(|id| id.is_true()).cloned() {
        if header_is_list && !header.options.contains_key("task_id") && has_id(&body) {
            header.options.insert("task_id".to_owned(), id);
            of.options.shift_remove("task_id");
        } else if header.options.get("task_id") == Some(&id) {
            of.options.shift_remove("task_id");
        }
    }
    let mut of_body = steps(body).into_iter();
    let Some(body) = of_body.next() else {
        return followed(vec![Step::Group(header)], after);
    };
    let mut branch = vec![Step::Chord(Box::new(ChordStep {
        header,
        body,
        options: of.options,
        args: of.args,
        immutable: of.immutable,
    }))];
    of_body.for_each(|step| push(&mut branch, step));
    followed(branch, after)
}

fn has_id(workflow: &Workflow) -> bool {
    workflow
        .of()
        .options
        .get("task_id")
        .is_some_and(Value::is_true)
}

/// A group of one in a chain is its task.
fn unrolled(task: Workflow) -> Workflow {
    match task {
        Workflow::Group(mut group) if group.tasks.len() == 1 => {
            group.tasks.pop().unwrap_or(Workflow::Group(group))
        }
        other => other,
    }
}

/// The steps that an option says are to come, the next one LAST there.
fn take_chain(options: &mut Dict) -> Vec<Signature> {
    match options.shift_remove("chain") {
        Some(Value::List(list)) => list
            .into_iter()
            .rev()
            .map(Signature::from_message)
            .collect(),
        _ => Vec::new(),
    }
}

/// The branch with these behind it. What is no signature stays in its place, for whoever receives
/// it.
pub(crate) fn followed(mut branch: Branch, after: Vec<Signature>) -> Branch {
    for signature in after {
        for step in of_signature(signature) {
            push(&mut branch, step);
        }
    }
    branch
}

/// The steps of a signature out of a message. A task stays as it came, for whoever receives it.
fn of_signature(signature: Signature) -> Branch {
    match Workflow::read(signature.clone()) {
        Ok(Workflow::Task(_)) | Err(_) => vec![Step::Task(signature)],
        Ok(canvas) => steps(canvas),
    }
}

/// Puts a step behind a branch. A group that something follows becomes a chord, an empty one is
/// nothing.
pub(crate) fn push(branch: &mut Branch, step: Step) {
    if let Step::Group(group) = &step
        && group.each.is_empty()
        && !branch.is_empty()
    {
        return;
    }
    match branch.pop() {
        None => branch.push(step),
        Some(Step::Group(group)) if group.each.is_empty() => branch.push(step),
        Some(last) => match last.joined(step) {
            (last, None) => branch.push(last),
            (last, Some(step)) => branch.extend([last, step]),
        },
    }
}

impl Step {
    /// With a step that follows: in it, if it ends as a group.
    fn joined(self, next: Self) -> (Self, Option<Self>) {
        match self {
            Self::Group(header) => {
                let chord = ChordStep {
                    header,
                    body: next,
                    options: Dict::new(),
                    args: Vec::new(),
                    immutable: false,
                };
                (Self::Chord(Box::new(chord)), None)
            }
            Self::Chord(chord) if chord.body.ends_as_group() => {
                let ChordStep { body, .. } = *chord;
                let (body, rest) = body.joined(next);
                let chord = ChordStep { body, ..*chord };
                (Self::Chord(Box::new(chord)), rest)
            }
            other => (other, Some(next)),
        }
    }

    fn ends_as_group(&self) -> bool {
        match self {
            Self::Task(_) => false,
            Self::Group(_) => true,
            Self::Chord(chord) => chord.body.ends_as_group(),
        }
    }

    /// Sets an option of what ends it: of a chord that is its body.
    pub(super) fn set_last(&mut self, name: &str, value: Value) {
        match self {
            Self::Chord(chord) if name != "task_id" || !chord.options.contains_key(name) => {
                chord.body.set_last(name, value);
            }
            Self::Chord(chord) => {
                chord.options.entry(name.to_owned()).or_insert(value);
            }
            Self::Task(Signature { options, .. }) | Self::Group(Branches { options, .. }) => {
                match (options.get_mut(name), value) {
                    (Some(Value::Dict(own)), Value::Dict(more)) => own.extend(more),
                    (Some(own), value) if own.is_null() => *own = value,
                    (Some(_), _) => {}
                    (None, value) => {
                        options.insert(name.to_owned(), value);
                    }
                }
            }
        }
    }

    /// What it is applied with, in front of its own arguments.
    pub(crate) fn prepend(&mut self, args: &[Value], kwargs: &Dict, immutable: bool) {
        let own = match self {
            Self::Task(signature) => {
                signature.immutable |= immutable;
                if signature.immutable {
                    return;
                }
                signature.kwargs.extend(kwargs.clone());
                &mut signature.args
            }
            Self::Group(group) => &mut group.args,
            Self::Chord(chord) => {
                chord.immutable |= immutable;
                if chord.immutable {
                    return;
                }
                &mut chord.args
            }
        };
        own.splice(0..0, args.iter().cloned());
    }

    /// Options over its own. A task stays in its group, and keeps its stamps.
    pub(crate) fn overlay(&mut self, over: &Dict) {
        if over.is_empty() {
            return;
        }
        match self {
            Self::Task(signature) => overlay(&mut signature.options, over),
            Self::Group(group) => {
                let mut over = over.clone();
                if let Some(id) = over.shift_remove("task_id") {
                    group.options.insert("task_id".to_owned(), id);
                }
                for step in firsts(&mut group.each) {
                    step.overlay(&over);
                }
            }
            Self::Chord(chord) => overlay(&mut chord.options, over),
        }
    }

    /// Celery's form of it.
    pub(crate) fn into_signature(self) -> Signature {
        self.into_workflow().into_signature()
    }

    pub(crate) fn into_workflow(self) -> Workflow {
        match self {
            Self::Task(signature) => Workflow::Task(signature),
            Self::Group(branches) => Workflow::Group(branches.into_group()),
            Self::Chord(chord) => {
                let ChordStep {
                    header,
                    body,
                    mut options,
                    args,
                    immutable,
                } = *chord;
                if let Some(id) = header.options.get("task_id") {
                    options.insert("task_id".to_owned(), id.clone());
                }
                let Workflow::Chord(mut chord) = Workflow::chord([], body.into_workflow()) else {
                    unreachable!("a chord was made");
                };
                chord.header = header.into_group();
                chord.header_is_list = false;
                chord.of.options = options;
                chord.of.args = args;
                chord.of.immutable = immutable;
                Workflow::Chord(chord)
            }
        }
    }
}

impl Branches {
    fn of(group: Group) -> Self {
        let mut each = Vec::new();
        let (mut options, args, immutable) = (group.of.options, group.of.args, group.of.immutable);
        gather(group.tasks, &mut each);
        if immutable {
            for step in firsts(&mut each) {
                step.prepend(&[], &Dict::new(), true);
            }
        }
        // options of a group, apart from those that say which it is, are each task's
        let own = [
            "task_id",
            "group_id",
            "group_index",
            "chord",
            "root_id",
            "parent_id",
        ];
        let mut of_each = options.clone();
        of_each.retain(|name, _| !own.contains(&name.as_str()));
        options.retain(|name, _| own.contains(&name.as_str()));
        for step in firsts(&mut each) {
            step.overlay(&of_each);
        }
        Self {
            each,
            options,
            args,
        }
    }

    fn into_group(self) -> Group {
        let tasks = self.each.into_iter().map(|branch| {
            let mut steps = branch.into_iter().map(Step::into_workflow);
            match (steps.next(), steps.len()) {
                (Some(one), 0) => one,
                (first, _) => {
                    let Workflow::Chain(mut chain) = Workflow::chain([]) else {
                        unreachable!("a chain was made");
                    };
                    chain.tasks = first.into_iter().chain(steps).collect();
                    Workflow::Chain(chain)
                }
            }
        });
        let tasks = tasks.collect();
        let Workflow::Group(mut group) = Workflow::group([]) else {
            unreachable!("a group was made");
        };
        group.tasks = tasks;
        group.of.options = self.options;
        group.of.args = self.args;
        group
    }
}

/// What runs first of each.
fn firsts(each: &mut [Branch]) -> impl Iterator<Item = &mut Step> {
    each.iter_mut().filter_map(|branch| branch.first_mut())
}

/// Groups in groups are one, and chains of nothing are nothing.
fn gather(tasks: Vec<Workflow>, each: &mut Vec<Branch>) {
    for task in tasks {
        match task {
            Workflow::Group(inner) => each.extend(Branches::of(inner).each),
            other => {
                let branch = steps(other);
                if !branch.is_empty() {
                    each.push(branch);
                }
            }
        }
    }
}

/// What a signature keeps of its own, whatever it is applied with.
const KEPT: [&str; 2] = ["group_id", "stamped_headers"];

pub(crate) fn overlay(own: &mut Dict, over: &Dict) {
    let stamped = own.get("stamped_headers").and_then(Value::as_list);
    let stamped: Vec<String> = stamped
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    for (name, value) in over {
        let kept = KEPT.contains(&name.as_str()) || stamped.contains(name);
        if value.is_null() || kept && own.contains_key(name) {
            continue;
        }
        own.insert(name.clone(), value.clone());
    }
}
