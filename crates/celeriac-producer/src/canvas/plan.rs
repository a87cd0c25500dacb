use celeriac_core::canvas::mapped_task;
use celeriac_core::chords::{ChordKey, Layout, Members, NewChord, OnMemberFailure, Shape};
use celeriac_protocol::{Dict, Signature, Value, Workflow};

use super::freeze::{self, id_of};
use super::ids::Ids;
use super::result_tree::ResultTree;
use super::step::{Branch, Branches, ChordStep, Step, followed, steps};

/// The header by which a member of a chord in [`Layout::Set`] knows it: `<group id>/<place>`.
pub(crate) const CHORD_HEADER: &str = "celeriac_chord";

/// What is sent of a canvas at once.
#[derive(Debug, Default)]
pub struct Plan {
    /// Chords that begin with it. They are recorded before anything is sent.
    pub chords: Vec<NewChord>,
    /// Tasks to be sent, in order, each with all of its options.
    pub messages: Vec<Signature>,
    /// Where its results will be; `None` of a canvas that is empty.
    pub result: Option<ResultTree>,
    /// Why it cannot be sent.
    pub refused: Option<String>,
}

/// How chords are kept that begin here.
#[derive(Clone, Copy)]
pub struct ChordLayouts<'a> {
    /// Whether celeriac alone runs this task.
    pub ours: &'a dyn Fn(&str) -> bool,
    /// Whether the store has Celery's layout.
    pub celery: bool,
    /// Whether it is to be used always.
    pub celery_always: bool,
    /// Whether bodies are to be sent by `celery.chord_unlock`, which polls, as before Celery 5.4.
    pub unlock: bool,
}

impl std::fmt::Debug for ChordLayouts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChordLayouts")
            .field("celery", &self.celery)
            .finish_non_exhaustive()
    }
}

/// What a canvas is applied with.
#[derive(Clone, Debug, Default)]
pub struct Applied<'a> {
    /// In front of its own arguments.
    pub args: &'a [Value],
    /// Over its own keyword arguments.
    pub kwargs: Dict,
    /// Over the options of what runs first.
    pub options: Dict,
    /// Options of what ends it, such as its id and its place in a chord.
    pub end: Dict,
    /// What comes after it, the next one LAST, whatever its own options say; `None`: they say it.
    pub chain: Option<Vec<Signature>>,
}

/// Gives every task of a canvas its id, so that it can be told before it is sent; and says where its
/// results will be. `None` of a canvas that is empty.
pub(crate) fn frozen(workflow: Workflow) -> Option<(Workflow, ResultTree)> {
    let mut branch = steps(workflow);
    freeze::freeze(&mut branch, None, &mut Ids::random());
    let tree = tree(&branch)?;
    let mut steps: Vec<Workflow> = branch.into_iter().map(Step::into_workflow).collect();
    let frozen = match steps.len() {
        1 => steps.remove(0),
        _ => Workflow::chain(steps),
    };
    Some((frozen, tree))
}

impl Plan {
    /// Of a canvas that is applied.
    pub fn of(
        workflow: Workflow,
        applied: Applied<'_>,
        ids: &mut Ids,
        layouts: ChordLayouts<'_>,
    ) -> Self {
        let mut options = applied.options;
        let last_id = options.shift_remove("task_id");
        let last_id = last_id.and_then(|id| id.as_str().map(str::to_owned));
        let mut workflow = workflow;
        if applied.chain.is_some() {
            // what comes after it is said here
            workflow.of_mut().options.shift_remove("chain");
        }
        let mut branch = steps(workflow);
        if let Some(last) = branch.last_mut() {
            for (name, value) in applied.end {
                last.set_last(&name, value);
            }
        }
        let own = branch.len();
        let after = applied.chain.unwrap_or_default().into_iter().rev();
        let mut branch = followed(branch, after.collect());
        // steps that come later have their ids, or get them when their turn comes
        let own = own.min(branch.len());
        freeze::freeze(&mut branch[..own], last_id, ids);
        let result = tree(&branch[..own]);
        if let Some(first) = branch.first_mut() {
            first.prepend(applied.args, &applied.kwargs, false);
            first.overlay(&options);
        }
        let mut plan = Self {
            refused: cannot_collect(&branch, layouts),
            ..Self::default()
        };
        plan.start(branch, layouts);
        plan.result = result;
        plan
    }

    /// Sends the first step, which carries those after it.
    fn start(&mut self, branch: Branch, layouts: ChordLayouts<'_>) {
        let mut later = branch.into_iter();
        let Some(first) = later.next() else {
            return;
        };
        let later: Vec<Step> = later.collect();
        let chain: Vec<Value> = later
            .into_iter()
            .rev()
            .map(|step| step.into_signature().into_value())
            .collect();
        match first {
            Step::Task(mut signature) => {
                set_chain(&mut signature.options, chain);
                self.messages.push(signature);
            }
            Step::Group(group) => self.start_group(group, layouts),
            Step::Chord(chord) => self.start_chord(*chord, chain, layouts),
        }
    }

    fn start_group(&mut self, mut group: Branches, layouts: ChordLayouts<'_>) {
        let gid = group.id();
        let of_chord = ["chord", "group_id"].map(|name| (name, group.options.get(name).cloned()));
        let mut index = 0;
        group.for_each_end(&mut index, &mut |options, index| {
            for (name, value) in &of_chord {
                if let Some(value) = value.as_ref().filter(|value| value.is_true()) {
                    let own = options.entry((*name).to_owned()).or_default();
                    if own.is_null() {
                        *own = value.clone();
                    }
                }
            }
            join(options, &gid, index, false);
        });
        self.start_each(group, &Dict::new(), layouts);
    }

    fn start_each(&mut self, group: Branches, over: &Dict, layouts: ChordLayouts<'_>) {
        for mut branch in group.each {
            if let Some(first) = branch.first_mut() {
                first.prepend(&group.args, &Dict::new(), false);
                first.overlay(over);
            }
            self.start(branch, layouts);
        }
    }

    fn start_chord(&mut self, chord: ChordStep, chain: Vec<Value>, layouts: ChordLayouts<'_>) {
        let in_set = chord.fits_a_set(layouts);
        let ChordStep {
            mut header,
            mut body,
            mut options,
            args,
            immutable,
        } = chord;
        let gid = header.id();
        let mut on_failure = OnMemberFailure::take(&mut options);
        if on_failure == OnMemberFailure::Collect && body.all(layouts.ours) {
            on_failure = OnMemberFailure::CollectResults;
        }
        body.overlay(&without(
            &options,
            &["countdown", "eta", "parent_id", "task_id"],
        ));
        let mut ids = Vec::new();
        let shape = header.ends(&mut ids);
        if ids.is_empty() {
            // nothing is awaited: the body runs with no results
            let mut branch = vec![body];
            let chain = chain
                .into_iter()
                .rev()
                .map(Signature::from_message)
                .collect();
            branch = followed(branch, chain);
            let mut number = 0;
            branch[0].for_each_end(&mut number, &mut |options, _| {
                options
                    .entry("group_id".to_owned())
                    .or_insert_with(|| Value::Str(gid.clone()));
            });
            branch[0].prepend(&[Value::List(Vec::new())], &Dict::new(), false);
            return self.start(branch, layouts);
        }
        let mut body = body.into_signature();
        set_chain(&mut body.options, chain);
        join_body(&mut body.options, &gid);
        if in_set {
            on_failure.write_to_body(&mut body.options);
        }
        let body = body.into_value();
        let mut number = 0;
        header.for_each_end(&mut number, &mut |options, index| {
            join(options, &gid, index, true);
            if in_set {
                options.shift_remove("chord");
                set_header(options, format!("{gid}/{index}"));
            } else {
                options.insert("chord".to_owned(), body.clone());
            }
        });
        let members = members(ids, shape);
        if layouts.unlock && !in_set {
            self.unlock(&gid, &header, body);
        } else {
            self.chords.push(NewChord {
                key: ChordKey {
                    group_id: gid,
                    layout: if in_set { Layout::Set } else { Layout::Celery },
                },
                members,
                body: if in_set { body } else { Value::Null },
            });
        }
        if !immutable {
            header.args.splice(0..0, args);
        }
        let of_chord = [
            "chord",
            "group_id",
            "group_index",
            "parent_id",
            "task_id",
            "chain",
        ];
        self.start_each(header, &without(&options, &of_chord), layouts);
    }

    /// What polls for the header's results, and sends the body then.
    fn unlock(&mut self, gid: &str, header: &Branches, body: Value) {
        let results = header.each.iter().filter_map(|branch| tree(branch));
        let results = results.map(|tree| tree.to_tuple()).collect();
        let mut unlock = Signature::new("celery.chord_unlock");
        unlock.args = vec![Value::Str(gid.to_owned()), body];
        unlock
            .kwargs
            .insert("result".to_owned(), Value::List(results));
        unlock.kwargs.insert("interval".to_owned(), Value::Int(1));
        unlock.options.insert("countdown".to_owned(), Value::Int(1));
        self.messages.push(unlock);
    }
}

impl ChordStep {
    fn collects(&self) -> bool {
        OnMemberFailure::read(&self.options) != OnMemberFailure::Fail
    }

    /// Whether celeriac runs all of its header, and may keep it in its own layout.
    fn fits_a_set(&self, layouts: ChordLayouts<'_>) -> bool {
        if !layouts.celery {
            return true;
        }
        !layouts.celery_always && !layouts.unlock && self.header.all(layouts.ours)
    }
}

/// Why a chord in it cannot collect its members' errors.
fn cannot_collect(branch: &[Step], layouts: ChordLayouts<'_>) -> Option<String> {
    let collects = |step: &Step| step.any_chord(&|chord| chord.collects());
    if !branch.iter().any(collects) {
        return None;
    }
    if !layouts.celery || branch.iter().all(|step| step.fits_sets(layouts)) {
        return None;
    }
    Some(
        "`collect` needs celeriac's workers for all tasks but the body, and Python may run some of \
         these: register them in this program, and do not set `chord_layout`; or let the tasks \
         return their errors"
            .to_owned(),
    )
}

impl Branches {
    fn all(&self, ours: &dyn Fn(&str) -> bool) -> bool {
        self.each.iter().flatten().all(|step| step.all(ours))
    }
}

impl Step {
    fn all(&self, ours: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Self::Task(signature) => {
                let inner = mapped_task(&signature.task, &signature.kwargs);
                ours(inner.unwrap_or(&signature.task))
            }
            Self::Group(group) => group.all(ours),
            Self::Chord(chord) => chord.header.all(ours) && chord.body.all(ours),
        }
    }

    /// Whether one of its chords, however deep, is such a one.
    fn any_chord(&self, is: &dyn Fn(&ChordStep) -> bool) -> bool {
        let any = |group: &Branches| group.each.iter().flatten().any(|step| step.any_chord(is));
        match self {
            Self::Task(_) => false,
            Self::Group(group) => any(group),
            Self::Chord(chord) => is(chord) || any(&chord.header) || chord.body.any_chord(is),
        }
    }

    /// Whether celeriac runs all of it but the last bodies.
    fn fits_sets(&self, layouts: ChordLayouts<'_>) -> bool {
        match self {
            Self::Chord(chord) => {
                chord.fits_a_set(layouts)
                    && (matches!(chord.body, Self::Task(_)) || chord.body.fits_sets(layouts))
            }
            other => other.all(layouts.ours),
        }
    }
}

fn members(ids: Vec<String>, shape: Vec<Shape>) -> Members {
    let is_flat = shape.iter().all(|item| *item == Shape::Leaf);
    Members {
        ids,
        shape: if is_flat { Vec::new() } else { shape },
    }
}

/// Where the results of these steps will be.
fn tree(branch: &[Step]) -> Option<ResultTree> {
    let mut all: Option<ResultTree> = None;
    for step in branch {
        let before = all.map(Box::new);
        all = tree_of(step).map(|tree| tree.after(before));
    }
    all
}

fn tree_of(step: &Step) -> Option<ResultTree> {
    Some(match step {
        Step::Task(signature) => ResultTree::Task {
            id: id_of(&signature.options)?,
            parent: None,
        },
        Step::Group(group) => group_tree(group),
        Step::Chord(chord) => {
            tree_of(&chord.body)?.after(Some(Box::new(group_tree(&chord.header))))
        }
    })
}

fn group_tree(group: &Branches) -> ResultTree {
    ResultTree::Group {
        id: group.id(),
        members: group
            .each
            .iter()
            .filter_map(|branch| tree(branch))
            .collect(),
        parent: None,
    }
}

fn set_chain(options: &mut Dict, chain: Vec<Value>) {
    if !chain.is_empty() {
        options.insert("chain".to_owned(), Value::List(chain));
    }
}

/// Makes a task one of a group's.
fn join(options: &mut Dict, gid: &str, index: u32, anew: bool) {
    let in_group = options.get("group_id").is_some_and(Value::is_true);
    if anew || !in_group {
        options.insert("group_id".to_owned(), Value::Str(gid.to_owned()));
        options.insert("group_index".to_owned(), Value::Int(i64::from(index)));
    }
}

/// A body says which header it is of, unless it is itself a member of another.
fn join_body(options: &mut Dict, gid: &str) {
    let in_group = options.get("group_id").is_some_and(Value::is_true);
    if !in_group {
        options.insert("group_id".to_owned(), Value::Str(gid.to_owned()));
    }
}

fn set_header(options: &mut Dict, value: String) {
    let headers = options.entry("headers".to_owned());
    let headers = headers.or_insert_with(|| Value::Dict(Dict::new()));
    if !matches!(headers, Value::Dict(_)) {
        *headers = Value::Dict(Dict::new());
    }
    if let Value::Dict(headers) = headers {
        headers.insert(CHORD_HEADER.to_owned(), Value::Str(value));
    }
}

fn without(options: &Dict, names: &[&str]) -> Dict {
    let mut options = options.clone();
    options.retain(|name, _| !names.contains(&name.as_str()));
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_foreign_task_in_a_header_is_enough_however_deep() {
        let layout = |innermost: &str| {
            let body = Workflow::chord([task("ours")], task(innermost));
            let member = Workflow::chord([task("ours")], body);
            let outer = Workflow::chord([member], task("theirs"));
            plan(outer, true).chords[0].key.layout
        };
        assert_eq!(layout("ours"), Layout::Set);
        assert_eq!(layout("theirs"), Layout::Celery);
    }

    fn task(name: &str) -> Workflow {
        Workflow::Task(Signature::new(name))
    }

    fn plan(workflow: Workflow, celery: bool) -> Plan {
        let layouts = ChordLayouts {
            ours: &|name| name == "ours",
            celery,
            celery_always: false,
            unlock: false,
        };
        Plan::of(workflow, Applied::default(), &mut Ids::random(), layouts)
    }

    #[test]
    fn errors_are_collected_where_celeriac_runs_all_but_the_body() {
        let chord = |member: &str, body: &str| {
            let mut chord = Workflow::chord([task(member)], task(body));
            OnMemberFailure::Collect.write(&mut chord.of_mut().options);
            chord
        };
        let how = |workflow: Workflow| {
            let body = plan(workflow, true).chords.remove(0).body;
            OnMemberFailure::take_from_body(&mut Signature::from_message(body).options)
        };
        assert_eq!(how(chord("ours", "ours")), OnMemberFailure::CollectResults);
        assert_eq!(how(chord("ours", "theirs")), OnMemberFailure::Collect);
        let later = Workflow::chain([task("theirs"), chord("ours", "ours")]);
        for workflow in [chord("theirs", "ours"), later] {
            assert!(plan(workflow.clone(), true).refused.is_some());
            assert!(plan(workflow, false).refused.is_none());
        }
    }
}
