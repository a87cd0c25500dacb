use std::time::Duration;

use celeriac_core::TaskSignature;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::missed::MAX_CAUGHT_UP;
use super::{Agenda, Due, Rules};
use crate::{CatchUp, Entry, Interval};

const SECOND: Duration = Duration::from_secs(1);
const ON_TIME: Duration = Duration::from_secs(20);

/// Seconds after some midnight.
fn at(seconds: i64) -> Timestamp {
    let midnight: Timestamp = "2027-01-01T00:00:00Z".parse().expect("a time");
    midnight + SignedDuration::from_secs(seconds)
}

fn seconds(due: &[Due]) -> Vec<i64> {
    let seconds = |due: &Due| due.time.duration_since(at(0)).as_secs();
    due.iter().map(seconds).collect()
}

fn every(period: u64) -> Entry {
    let interval = Interval::every(Duration::from_secs(period)).expect("an interval");
    let call: TaskSignature = TaskSignature::new("shop.report");
    Entry::new(format!("every-{period}"), interval, call)
}

fn agenda(entries: Vec<Entry>, handled: i64) -> Agenda {
    let rules = Rules {
        on_time: ON_TIME,
        starting_deadline: None,
    };
    with_rules(entries, handled, rules)
}

fn with_rules(entries: Vec<Entry>, handled: i64, rules: Rules) -> Agenda {
    let entries = entries.into_iter().map(|entry| (entry, TimeZone::UTC));
    Agenda::new(entries.collect(), rules, |_| at(handled))
}

/// What is due, all of it sent at once.
fn sent(agenda: &mut Agenda, now: i64) -> Vec<i64> {
    let due = agenda.due(at(now));
    for due in &due {
        agenda.settle(*due, true, at(now));
    }
    seconds(&due)
}

/// What is due, none of which can be sent.
fn unsent(agenda: &mut Agenda, now: i64) -> Vec<i64> {
    let due = agenda.due(at(now));
    for due in &due {
        agenda.settle(*due, false, at(now));
    }
    seconds(&due)
}

/// How far it is: the time for all, and for those that are behind.
fn progress(agenda: &Agenda) -> (i64, Vec<i64>) {
    let since = |time: Timestamp| time.duration_since(at(0)).as_secs_f64().floor() as i64;
    let progress = agenda.progress().expect("it has looked");
    let behind = progress.behind.iter().map(|(_, handled)| since(*handled));
    (since(progress.handled), behind.collect())
}

#[test]
fn a_run_is_given_out_once_and_never_before_its_time() {
    let mut agenda = agenda(vec![every(10)], 5);
    assert_eq!(agenda.next_look(), Some(at(10)));
    assert!(agenda.due(at(9)).is_empty());
    assert_eq!(sent(&mut agenda, 10), [10]);
    assert!(agenda.due(at(10)).is_empty());
    assert_eq!(agenda.next_look(), Some(at(20)));
}

#[test]
fn an_entry_is_due_after_the_time_up_to_which_it_was_handled() {
    let mut agenda = agenda(vec![every(10)], 10);
    assert!(
        agenda.due(at(10)).is_empty(),
        "not at once, even at a time due"
    );
    assert_eq!(sent(&mut agenda, 20), [20]);
}

#[test]
fn runs_of_several_entries_come_by_time() {
    let mut agenda = agenda(vec![every(5), every(3)], 0);
    assert_eq!(sent(&mut agenda, 10), [3, 5, 6, 9, 10]);
}

#[test]
fn an_entry_that_is_turned_off_is_never_due() {
    let mut agenda = agenda(vec![every(10).enabled(false)], 0);
    assert_eq!(agenda.next_look(), None);
    assert!(agenda.due(at(1_000)).is_empty());
}

#[test]
fn nothing_is_due_before_the_start_or_after_the_end() {
    let mut agenda = agenda(vec![every(10).start(at(20)).end(at(40))], 0);
    assert_eq!(agenda.next_look(), Some(at(20)), "the start itself is due");
    let runs: Vec<_> = (0..100).flat_map(|now| sent(&mut agenda, now)).collect();
    assert_eq!(runs, [20, 30, 40]);
    assert_eq!(agenda.next_look(), None);
}

#[test]
fn what_is_less_late_than_two_leases_is_on_time_whatever_the_policy() {
    for policy in [CatchUp::Skip, CatchUp::RunOnce, CatchUp::RunAll] {
        let mut agenda = agenda(vec![every(5).catch_up(policy)], 0);
        assert_eq!(sent(&mut agenda, 19), [5, 10, 15], "{policy}");
    }
}

#[test]
fn skip_leaves_out_what_was_missed() {
    let mut agenda = agenda(vec![every(15).catch_up(CatchUp::Skip)], 0);
    assert_eq!(
        sent(&mut agenda, 95),
        [90],
        "75 is exactly as late as is late"
    );
    let mut agenda = agenda_of_an_hour(CatchUp::Skip);
    assert_eq!(sent(&mut agenda, 2 * 3600 + 60), Vec::<i64>::new());
    assert_eq!(progress(&agenda), (2 * 3600 + 60, vec![]));
    assert_eq!(agenda.next_look(), Some(at(3 * 3600)));
}

#[test]
fn run_once_runs_the_latest_of_what_was_missed() {
    let mut agenda = agenda_of_an_hour(CatchUp::RunOnce);
    assert_eq!(sent(&mut agenda, 5 * 3600 + 60), [5 * 3600]);
    assert_eq!(agenda.next_look(), Some(at(6 * 3600)));
}

#[test]
fn run_once_runs_nothing_that_was_missed_where_a_later_one_is_on_time() {
    let mut agenda = agenda_of_an_hour(CatchUp::RunOnce);
    assert_eq!(sent(&mut agenda, 5 * 3600 + 1), [5 * 3600]);
}

#[test]
fn run_all_runs_all_that_was_missed() {
    let mut agenda = agenda_of_an_hour(CatchUp::RunAll);
    assert_eq!(sent(&mut agenda, 3 * 3600 + 60), [3600, 7200, 3 * 3600]);
}

#[test]
fn run_all_runs_the_latest_thousand() {
    let mut agenda = agenda(vec![every(60).catch_up(CatchUp::RunAll)], 0);
    let runs = sent(&mut agenda, 30 * 86_400 + 30);
    assert_eq!(runs.len(), MAX_CAUGHT_UP);
    assert_eq!(runs.last(), Some(&(30 * 86_400)));
}

fn agenda_of_an_hour(policy: CatchUp) -> Agenda {
    agenda(vec![every(3600).catch_up(policy)], 0)
}

#[test]
fn what_is_later_than_the_starting_deadline_is_left_out() {
    let entry = every(60).catch_up(CatchUp::RunAll);
    let own = entry.clone().starting_deadline(Duration::from_secs(130));
    assert_eq!(
        sent(&mut agenda(vec![own.clone()], 0), 310),
        [180, 240, 300]
    );
    let rules = Rules {
        on_time: ON_TIME,
        starting_deadline: Some(Duration::from_secs(70)),
    };
    let mut agenda = with_rules(vec![entry], 0, rules);
    assert_eq!(sent(&mut agenda, 310), [240, 300], "the setting's");
    let mut agenda = with_rules(vec![own], 0, rules);
    assert_eq!(sent(&mut agenda, 310), [180, 240, 300], "over the setting");
}

#[test]
fn a_deadline_of_less_than_two_leases_counts_too() {
    let mut agenda = agenda(vec![every(5).starting_deadline(4 * SECOND)], 0);
    assert_eq!(sent(&mut agenda, 14), [10]);
}

#[test]
fn runs_that_are_on_their_way_are_not_given_out_again() {
    let mut agenda = agenda(vec![every(10)], 0);
    let due = agenda.due(at(10));
    assert!(agenda.due(at(15)).is_empty());
    assert!(
        agenda.due(at(25)).is_empty(),
        "the next one waits for its turn"
    );
    agenda.settle(due[0], true, at(25));
    assert_eq!(progress(&agenda), (25, vec![10]), "20 is not sent yet");
    assert_eq!(sent(&mut agenda, 25), [20]);
    assert_eq!(progress(&agenda), (25, vec![]));
}

#[test]
fn progress_leaves_out_what_is_not_sent_yet() {
    let mut agenda = agenda(vec![every(10), every(8)], 0);
    assert!(agenda.progress().is_none(), "it has not looked");
    assert_eq!(sent(&mut agenda, 8), [8]);
    let due = agenda.due(at(10));
    assert_eq!(progress(&agenda), (10, vec![9]));
    agenda.settle(due[0], true, at(11));
    assert_eq!(progress(&agenda), (10, vec![]));
}

#[test]
fn what_was_not_sent_is_tried_again_less_and_less_often() {
    let mut agenda = agenda(vec![every(900)], 0);
    let mut tries = Vec::new();
    for now in 900..1000 {
        tries.extend(unsent(&mut agenda, now).iter().map(|_| now - 900));
    }
    assert_eq!(tries[..7], [0, 1, 3, 7, 15, 23, 31]);
    assert_eq!(progress(&agenda), (999, vec![899]));
}

#[test]
fn one_entry_that_cannot_be_sent_holds_back_no_other() {
    let mut agenda = agenda(vec![every(100), every(1)], 99);
    let due = agenda.due(at(100));
    for due in due {
        agenda.settle(due, due.entry == 1, at(100));
    }
    assert_eq!(progress(&agenda), (100, vec![99]));
    assert_eq!(agenda.next_look(), Some(at(101)));
    let due = agenda.due(at(101));
    assert_eq!(seconds(&due), [100, 101]);
}

#[test]
fn of_several_runs_only_those_that_were_not_sent_are_tried_again() {
    let mut agenda = agenda(vec![every(5)], 0);
    for due in agenda.due(at(15)) {
        agenda.settle(due, due.time != at(10), at(15));
    }
    assert_eq!(progress(&agenda), (15, vec![9]));
    assert_eq!(sent(&mut agenda, 16), [10]);
    assert_eq!(progress(&agenda), (16, vec![]));
    assert_eq!(sent(&mut agenda, 20), [20]);
}

#[test]
fn what_could_not_be_sent_for_long_is_under_the_policy() {
    let owed = |policy| {
        let mut agenda = agenda(vec![every(30).catch_up(policy)], 0);
        (30..=200).for_each(|now| drop(unsent(&mut agenda, now)));
        (201..=209)
            .flat_map(|now| sent(&mut agenda, now))
            .collect::<Vec<_>>()
    };
    assert_eq!(owed(CatchUp::Skip), Vec::<i64>::new());
    assert_eq!(owed(CatchUp::RunOnce), [180]);
    assert_eq!(owed(CatchUp::RunAll), [30, 60, 90, 120, 150, 180]);
}

#[test]
fn a_clock_that_is_set_back_a_little_is_waited_for() {
    let mut agenda = agenda(vec![every(10)], 0);
    assert_eq!(sent(&mut agenda, 10), [10]);
    assert_eq!(sent(&mut agenda, 20), [20]);
    let runs: Vec<_> = (5..40).flat_map(|now| sent(&mut agenda, now)).collect();
    assert_eq!(runs, [30], "none of them twice");
}

#[test]
fn a_clock_that_was_far_ahead_holds_nothing_back() {
    let mut agenda = agenda(vec![every(10)], 0);
    assert_eq!(sent(&mut agenda, 10), [10]);
    let year = 365 * 86_400;
    assert_eq!(
        sent(&mut agenda, year),
        [year - 10, year],
        "no storm, whatever the jump"
    );
    let runs: Vec<_> = (15..45).flat_map(|now| sent(&mut agenda, now)).collect();
    assert_eq!(runs, [20, 30, 40]);
    assert_eq!(progress(&agenda), (44, vec![]));
}

#[test]
fn a_clock_set_back_keeps_what_is_on_its_way() {
    let mut agenda = agenda(vec![every(10)], 95);
    let due = agenda.due(at(100));
    assert!(agenda.due(at(20)).is_empty());
    agenda.settle(due[0], true, at(20));
    assert_eq!(sent(&mut agenda, 30), [30]);
}
