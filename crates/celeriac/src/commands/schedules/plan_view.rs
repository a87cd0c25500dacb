use std::fmt::Write as _;

use celeriac_beat::eventbridge::Difference;
use celeriac_beat::plan::{
    Change, DesiredSchedule, Drift, EntrySchedules, PlannedChange, SchedulePlan,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::Connection;
use crate::commands::{Table, styled_stdout};

/// How far ahead dates are looked for on which clocks change.
const LOOK_AHEAD: SignedDuration = SignedDuration::from_hours(24 * 366 * 2);

/// A plan as a person or a script reads it.
pub(super) struct PlanView<'a> {
    group: &'a str,
    plan: &'a SchedulePlan,
    wanted: &'a [EntrySchedules],
    differences: Vec<(&'a EntrySchedules, Difference)>,
    color: bool,
}

impl<'a> PlanView<'a> {
    pub(super) fn new(
        connection: &Connection,
        group: &'a str,
        wanted: &'a [EntrySchedules],
        plan: &'a SchedulePlan,
        now: Timestamp,
    ) -> Self {
        let until = now.saturating_add(LOOK_AHEAD).unwrap_or(Timestamp::MAX);
        let differences = wanted
            .iter()
            .zip(connection.beat_entries())
            .filter_map(|(schedules, entry)| {
                let difference = schedules.next_difference(entry, now, until)?;
                Some((schedules, difference))
            })
            .collect();
        Self {
            group,
            plan,
            wanted,
            differences,
            color: styled_stdout(),
        }
    }

    /// Like Terraform's.
    pub(super) fn text(&self) -> String {
        let mut text = format!("Schedule group `{}` in EventBridge Scheduler", self.group);
        text.push_str(if self.plan.group_is_missing {
            ": to be created\n"
        } else {
            "\n"
        });
        let mut table = Table::default();
        for alike in self.plan.changes.chunk_by(are_alike) {
            for row in rows(alike) {
                table.row(row);
            }
        }
        for line in table.render().lines() {
            let _ = writeln!(text, "  {}", self.painted(line));
        }
        self.sections(&mut text);
        let (add, change, remove) = self.plan.counts();
        let _ = writeln!(
            text,
            "\n{} to add, {} to change, {} to remove, {} unchanged.",
            add, change, remove, self.plan.unchanged
        );
        text
    }

    fn sections(&self, text: &mut String) {
        if !self.plan.paused.is_empty() {
            let names: Vec<&str> = self.plan.paused.iter().map(String::as_str).collect();
            let _ = writeln!(
                text,
                "\nPaused, and stay so until `schedules resume`: {}",
                names.join(", ")
            );
        }
        let notes: Vec<(&str, &String)> = self
            .wanted
            .iter()
            .flat_map(|entry| entry.notes.iter().map(|note| (entry.entry.as_str(), note)))
            .collect();
        if !notes.is_empty() {
            text.push_str("\nTo know:\n");
            for (entry, note) in notes {
                let _ = writeln!(text, "  {entry}: {note}");
            }
        }
        if !self.differences.is_empty() {
            text.push_str("\nWhen clocks change, EventBridge Scheduler's times are not celeriac's; next on:\n");
            for (entry, difference) in &self.differences {
                let _ = writeln!(
                    text,
                    "  {}: {}",
                    entry.entry,
                    difference_text(entry, difference)
                );
            }
        }
    }

    fn painted(&self, line: &str) -> String {
        let color = match line.chars().next() {
            Some('+') => "32",
            Some('-') => "31",
            Some('~') => "33",
            _ => return line.to_owned(),
        };
        if self.color {
            format!("\x1b[{color}m{line}\x1b[0m")
        } else {
            line.to_owned()
        }
    }

    /// For scripts.
    pub(super) fn json(&self) -> Value {
        let (add, change, remove) = self.plan.counts();
        json!({
            "group": self.group,
            "group_is_missing": self.plan.group_is_missing,
            "add": add,
            "change": change,
            "remove": remove,
            "unchanged": self.plan.unchanged,
            "changes": self.plan.changes.iter().map(change_json).collect::<Vec<_>>(),
            "paused": self.plan.paused,
            "notes": self.wanted.iter().filter(|entry| !entry.notes.is_empty()).map(|entry| {
                json!({"entry": entry.entry, "notes": entry.notes})
            }).collect::<Vec<_>>(),
            "clock_changes": self.differences.iter().map(|(entry, difference)| {
                let texts = |times: &[Timestamp]| times.iter().map(ToString::to_string).collect::<Vec<_>>();
                json!({
                    "entry": entry.entry,
                    "date": difference.date.to_string(),
                    "celeriac": texts(&difference.ours),
                    "eventbridge": texts(&difference.aws),
                })
            }).collect::<Vec<_>>(),
        })
    }
}

/// Changes of one entry that one line tells: a year's sunsets, say.
fn are_alike(one: &PlannedChange, other: &PlannedChange) -> bool {
    let alike = matches!(
        (&one.change, &other.change),
        (Change::Create(_), Change::Create(_))
            | (Change::Replace { .. }, Change::Replace { .. })
            | (Change::Delete { .. }, Change::Delete { .. })
    );
    alike && one.entry == other.entry
}

fn rows(alike: &[PlannedChange]) -> Vec<Vec<String>> {
    let Some((planned, rest)) = alike.split_first() else {
        return Vec::new();
    };
    let row = |sign: &str, desired: &DesiredSchedule, more: String| {
        vec![
            format!("{sign} {}", planned.entry),
            desired.schedule_expression.clone(),
            desired.zone_name().to_owned(),
            format!("-> {}", desired.queue),
            more,
        ]
    };
    match &planned.change {
        Change::Create(desired) => vec![row("+", desired, remarks(desired, rest))],
        Change::Replace { with, .. } => vec![row("~", with, remarks(with, rest))],
        Change::Repair { to, drift } => {
            let mut rows = vec![row("~", to, "changed by hand".to_owned())];
            rows.extend(drift.iter().map(drift_row));
            rows
        }
        Change::Delete { name } => vec![vec![format!("- {name}"), removal(planned, name, rest)]],
    }
}

/// Why a schedule goes.
fn removal(planned: &PlannedChange, name: &str, rest: &[PlannedChange]) -> String {
    let why = if planned.entry == name {
        "no longer in the app's entries".to_owned()
    } else {
        format!("`{}` has no such schedule any more", planned.entry)
    };
    match rest.len() {
        0 => why,
        more => format!("{why}, and {more} more"),
    }
}

fn remarks(desired: &DesiredSchedule, rest: &[PlannedChange]) -> String {
    let mut remarks = Vec::new();
    if !desired.enabled {
        remarks.push("off".to_owned());
    }
    if !rest.is_empty() {
        remarks.push(format!("and {} more", rest.len()));
    }
    remarks.join(", ")
}

fn drift_row(drift: &Drift) -> Vec<String> {
    vec![format!(
        "    {}: {} => {}",
        drift.member,
        short(&drift.is),
        short(&drift.should)
    )]
}

/// A message is long, and its beginning says little.
fn short(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        _ if text.is_empty() => "nothing".to_owned(),
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

fn difference_text(entry: &EntrySchedules, difference: &Difference) -> String {
    let only = |these: &[Timestamp], those: &[Timestamp]| -> Vec<String> {
        these
            .iter()
            .filter(|time| !those.contains(time))
            .map(|time| {
                time.to_zoned(entry.zone.clone())
                    .strftime("%H:%M %Z")
                    .to_string()
            })
            .collect()
    };
    let ours = only(&difference.ours, &difference.aws);
    let theirs = only(&difference.aws, &difference.ours);
    let mut texts = Vec::new();
    if !ours.is_empty() {
        texts.push(format!("it does not run at {}", ends(&ours)));
    }
    if !theirs.is_empty() {
        texts.push(format!("it runs also at {}", ends(&theirs)));
    }
    format!("{} {}", difference.date, texts.join(", "))
}

/// The first few.
fn ends(times: &[String]) -> String {
    const SHOWN: usize = 4;
    if times.len() <= SHOWN {
        return times.join(", ");
    }
    format!(
        "{}, and {} more",
        times[..SHOWN].join(", "),
        times.len() - SHOWN
    )
}

fn change_json(planned: &PlannedChange) -> Value {
    let (action, name, expression, timezone) = match &planned.change {
        Change::Create(desired) => ("create", &desired.name, Some(desired), true),
        Change::Replace { with, .. } => ("replace", &with.name, Some(with), true),
        Change::Repair { to, .. } => ("repair", &to.name, Some(to), true),
        Change::Delete { name } => ("delete", name, None, false),
    };
    let mut change = json!({"entry": planned.entry, "action": action, "name": name});
    if let (Some(desired), true) = (expression, timezone) {
        change["schedule_expression"] = desired.schedule_expression.as_str().into();
        change["schedule_expression_timezone"] = desired.zone_name().into();
        change["queue"] = desired.queue.as_str().into();
        change["enabled"] = desired.enabled.into();
    }
    match &planned.change {
        Change::Replace { old, .. } => change["replaces"] = json!(old),
        Change::Repair { drift, .. } => {
            change["drift"] = drift
                .iter()
                .map(
                    |drift| json!({"member": drift.member, "is": drift.is, "should": drift.should}),
                )
                .collect();
        }
        Change::Create(_) | Change::Delete { .. } => {}
    }
    change
}
