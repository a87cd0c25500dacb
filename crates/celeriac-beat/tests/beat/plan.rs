//! Entries as schedules, and what makes a group of them what it should be.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use celeriac_beat::plan::{
    Change, Delivery, DesiredSchedule, EntrySchedules, GroupEntries, Renderer, SchedulePlan,
};
use celeriac_beat::{Crontab, Entry, Solar, SolarEvent};
use celeriac_core::{ListedSchedule, ScheduledRun, SendError, SendOptions, TaskSignature};
use celeriac_protocol::{Signature, UtcTime};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::json;

const NOW: &str = "2026-11-24T12:00:00Z";
const MINUTE: Duration = Duration::from_mins(1);

fn now() -> Timestamp {
    time(NOW)
}

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn call() -> TaskSignature {
    TaskSignature::new("shop.report")
}

fn daily(name: &str) -> Entry {
    crontab(name, "0 9 * * *")
}

fn crontab(name: &str, text: &str) -> Entry {
    Entry::new(name, Crontab::new(text).expect("a crontab"), call())
}

fn every(name: &str, seconds: u64) -> Entry {
    Entry::new(name, Duration::from_secs(seconds), call())
}

fn with(entry: Entry, change: impl FnOnce(&mut SendOptions)) -> Entry {
    let mut options = SendOptions::default();
    change(&mut options);
    entry.under(options)
}

/// The queue that the options name; no broker is needed for that.
#[expect(clippy::unnecessary_wraps, reason = "a renderer calls it so")]
fn route(_: &Signature, options: &SendOptions) -> Result<(String, bool), SendError> {
    let queue = options.queue.clone().unwrap_or_else(|| "celery".to_owned());
    let fifo = queue.strip_suffix(".fifo").is_some();
    Ok((queue, fifo))
}

/// What of the message is a schedule's.
#[expect(
    clippy::unnecessary_wraps,
    clippy::needless_pass_by_value,
    reason = "a renderer calls it so"
)]
fn encode(call: Signature, options: SendOptions) -> Result<String, SendError> {
    let text = json!({
        "task": call.task,
        "args": call.args,
        "id": options.task_id,
        "beat": options.headers.get(ScheduledRun::HEADER),
    });
    Ok(text.to_string())
}

fn render_at(entry: &Entry, now: Timestamp) -> Result<EntrySchedules, String> {
    let renderer = Renderer {
        timezone: &TimeZone::UTC,
        route: &route,
        encode: &encode,
        now,
        delivery: Delivery::default(),
    };
    renderer.render(entry).map_err(|error| error.to_string())
}

fn render(entry: &Entry) -> EntrySchedules {
    render_at(entry, now()).expect("it can be rendered")
}

fn all(entries: &[Entry]) -> Vec<EntrySchedules> {
    entries.iter().map(render).collect()
}

fn only(entry: &Entry) -> DesiredSchedule {
    let mut schedules = render(entry).schedules;
    assert_eq!(schedules.len(), 1);
    schedules.remove(0)
}

/// A group as its list pages have it, which takes changes as the service does.
#[derive(Clone, Debug, Default)]
struct Group(BTreeMap<String, ListedSchedule>);

impl Group {
    fn of(wanted: &[EntrySchedules]) -> Self {
        let mut group = Self::default();
        group.apply(&group.plan(wanted));
        group
    }

    fn listed(&self) -> Vec<ListedSchedule> {
        self.0.values().cloned().collect()
    }

    fn plan(&self, wanted: &[EntrySchedules]) -> SchedulePlan {
        SchedulePlan::of(wanted, Some(&self.listed()), &str::to_owned)
    }

    fn apply(&mut self, plan: &SchedulePlan) {
        for planned in &plan.changes {
            match &planned.change {
                Change::Create(new) | Change::Repair { to: new, .. } => self.put(new),
                Change::Replace { with, old } => {
                    self.put(with);
                    self.0.retain(|name, _| !old.contains(name));
                }
                Change::Delete { name } => {
                    self.0.remove(name);
                }
            }
        }
    }

    fn put(&mut self, desired: &DesiredSchedule) {
        let target = match desired.universal {
            Some(_) => "arn:aws:scheduler:::aws-sdk:sqs:sendMessage".to_owned(),
            None => format!("arn:aws:sqs:us-east-1:123456789012:{}", desired.queue),
        };
        let listed = ListedSchedule {
            name: desired.name.clone(),
            enabled: desired.enabled,
            target_arn: target,
            created_at: UtcTime(0),
            last_modified: UtcTime(0),
        };
        self.0.insert(desired.name.clone(), listed);
    }

    fn set_enabled(&mut self, entry: &str, enabled: bool) {
        let listed = self.listed();
        for one in GroupEntries::of(&listed).of_entry(entry) {
            self.0.get_mut(&one.name).expect("listed").enabled = enabled;
        }
    }

    fn names(&self) -> BTreeSet<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    fn is_enabled(&self, entry: &str) -> Vec<bool> {
        let listed = self.listed();
        let of_entry = GroupEntries::of(&listed).of_entry(entry);
        of_entry.iter().map(|listed| listed.enabled).collect()
    }
}

fn names(wanted: &[EntrySchedules]) -> BTreeSet<&str> {
    let schedules = wanted.iter().flat_map(|entry| &entry.schedules);
    schedules.map(|desired| desired.name.as_str()).collect()
}

#[test]
fn typical_entries_as_schedules() {
    let berlin = Crontab::new("0 9 * * mon-fri")
        .expect("a crontab")
        .tz("Europe/Berlin");
    let entries = vec![
        daily("daily report ✓"),
        Entry::new("mornings", berlin, call().arg("daily")).description("for the shop"),
        every("poll", 300).starting_deadline(Duration::from_mins(10)),
        every("often", 40),
        Entry::new("launch", time("2027-01-02T09:00:00Z"), call()),
        crontab("first monday", "0 9 1-7 * mon").enabled(false),
        crontab("guarded", "0 9 13 * fri").celeriac_only(),
        crontab("exact", "30 9 * * *").celeriac_only().precise(),
        daily("spread").jitter(Duration::from_mins(10)),
        with(daily("ordered"), |options| {
            options.queue = Some("orders.fifo".to_owned());
        }),
        with(daily("late"), |options| {
            options.countdown = Some(Duration::from_secs(90));
        }),
        with(every("lapsing", 60), |options| {
            options.expires = Some(MINUTE);
        })
        .celeriac_only(),
        every("in time", 3600)
            .start(time("2026-12-01T00:00:00Z"))
            .end(time("2026-12-31T00:00:00.5Z")),
    ];
    let shown: Vec<_> = entries
        .iter()
        .map(|entry| render(entry).schedules)
        .collect();
    let shown = serde_json::to_string_pretty(&shown).expect("JSON");
    insta::assert_snapshot!(shown);
}

#[test]
fn refusals_say_what_to_write() {
    let fifo = |options: &mut SendOptions| options.queue = Some("orders.fifo".to_owned());
    let wrong = vec![
        crontab("both days", "0 9 13 * fri"),
        daily("precise").precise(),
        daily("both").precise().celeriac_only().jitter(MINUTE),
        daily("jitter").jitter(Duration::from_secs(86_401)),
        daily("deadline").starting_deadline(Duration::from_secs(59)),
        every("half", 1).starting_deadline(Duration::from_secs(86_401)),
        Entry::new("short", Duration::from_millis(500), call()),
        with(every("fifo", 90), fifo),
        with(with(daily("fifo late"), fifo), |options| {
            options.countdown = Some(MINUTE);
        }),
        with(daily("too late"), |options| {
            options.countdown = Some(15 * MINUTE + MINUTE);
        }),
        with(daily("expires"), |options| options.expires = Some(MINUTE)),
        with(daily("expires at"), |options| {
            options.expires_at = Some(UtcTime(0));
        }),
        Entry::new("year", time("2200-01-01T00:00:00Z"), call()),
        Entry::new("large", MINUTE, call().arg("x".repeat(256 * 1024))),
        daily("<aws.scheduler.scheduled-time>"),
        daily("  "),
    ];
    let texts: Vec<String> = wrong
        .iter()
        .map(|entry| render_at(entry, now()).expect_err("refused"))
        .collect();
    insta::assert_snapshot!(texts.join("\n\n"));
}

#[test]
fn names_are_valid_whatever_the_entries_are_called() {
    let long = "a".repeat(200);
    let called = [
        "a b",
        "a_b",
        "a.b",
        "日本 🦀",
        "-",
        ".off",
        long.as_str(),
        &long[1..],
        "a.off",
        "a.0",
        "ends-0123456789abcdef01",
    ];
    let entries: Vec<Entry> = called
        .iter()
        .flat_map(|name| [daily(name), every(name, 59), daily(name).enabled(false)])
        .collect();
    let schedules: Vec<_> = entries
        .iter()
        .flat_map(|entry| render(entry).schedules)
        .collect();
    let names: BTreeSet<_> = schedules.iter().map(|desired| &desired.name).collect();
    assert_eq!(names.len(), schedules.len());
    for name in names {
        assert!((1..=64).contains(&name.len()), "{name}");
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)),
            "{name}"
        );
    }
}

/// A task id is ASCII without quotes and backslashes.
#[test]
fn ids_are_valid_whatever_the_entries_are_called() {
    let due = time("2026-12-01T09:00:00Z");
    let id = |name: &str| daily(name).task_id(due);
    assert_eq!(id("a b"), "a b:2026-12-01T09:00:00Z");
    assert_eq!(id("100 %"), "100 %:2026-12-01T09:00:00Z");
    assert_eq!(id("ö's 100 %"), "%C3%B6%27s 100 %25:2026-12-01T09:00:00Z");
    for name in ["日".repeat(66), "\"\\".to_owned()] {
        let id = id(&name);
        assert!(
            id.len() <= 512 && id.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
            "{id}"
        );
        let keyword = ScheduledRun::KEYWORD;
        let on_aws: serde_json::Value =
            serde_json::from_str(&only(&daily(&name)).input).expect("JSON");
        assert_eq!(on_aws["id"], id.replace("2026-12-01T09:00:00Z", keyword));
    }
}

#[test]
fn schedules_are_their_own_entrys_alone() {
    let entries = ["a b", "a_b", "a", "a.off", "a.0", "a.0.off"].map(|name| every(name, 40));
    let wanted = all(&entries);
    let mut group = Group::of(&wanted);
    group.set_enabled("a_b", false);
    for entry in ["a b", "a", "a.off", "a.0", "a.0.off"] {
        assert_eq!(group.is_enabled(entry), [true; 3], "{entry}");
    }
    assert_eq!(group.is_enabled("a_b"), [false; 3]);
    assert_eq!(group.plan(&wanted).paused, ["a_b".to_owned()].into());
}

/// Everything that makes another schedule makes another name.
#[test]
fn names_change_with_all_that_matters() {
    let queue = |queue: &str| {
        let queue = queue.to_owned();
        with(daily("a"), |options| options.queue = Some(queue))
    };
    let mut variants = vec![
        only(&daily("a")),
        only(&crontab("a", "1 9 * * *")),
        only(&Entry::new(
            "a",
            Crontab::new("0 9 * * *").expect("one").tz("Asia/Seoul"),
            call(),
        )),
        only(&Entry::new(
            "a",
            Crontab::new("0 9 * * *").expect("one"),
            call().arg(1),
        )),
        only(&daily("a").description("b")),
        only(&daily("a").enabled(false)),
        only(&daily("a").jitter(MINUTE)),
        only(&daily("a").starting_deadline(MINUTE)),
        only(&daily("a").start(time("2027-01-01T00:00:00Z"))),
        only(&daily("a").end(time("2027-01-01T00:00:00Z"))),
        only(&queue("b")),
        only(&queue("b.fifo")),
        only(&with(daily("a"), |options| {
            options.countdown = Some(MINUTE);
        })),
        only(&every("a", 7200)),
        only(&every("a", 7200).celeriac_only()),
        only(&every("a", 7200).celeriac_only().precise()),
    ];
    let deliveries = [("role", None), ("other", None), ("role", Some("dead"))];
    for (role, dead) in deliveries {
        let renderer = Renderer {
            timezone: &TimeZone::UTC,
            route: &route,
            encode: &encode,
            now: now(),
            delivery: Delivery {
                role: Some(role.to_owned()),
                dead_letter_queue: dead.map(str::to_owned),
            },
        };
        let of_delivery = renderer.render(&daily("a")).expect("rendered");
        variants.extend(of_delivery.schedules);
    }
    let names: BTreeSet<_> = variants.iter().map(|desired| &desired.name).collect();
    // that only celeriac reads the queue changes nothing here
    assert_eq!(names.len(), variants.len() - 1);
}

#[test]
fn a_plan_does_not_depend_on_the_day() {
    let entries = vec![
        daily("a"),
        every("b", 300),
        every("c", 40),
        every("d", 7 * 60),
        crontab("e", "*/5 1 * * *"),
    ];
    let tomorrow =
        |entry: &Entry| render_at(entry, time("2026-11-25T17:31:07.25Z")).expect("rendered");
    let later: Vec<_> = entries.iter().map(tomorrow).collect();
    assert!(Group::of(&all(&entries)).plan(&later).is_empty());
}

#[test]
fn a_pause_survives_another_definition_and_other_parts() {
    let mut group = Group::of(&all(&[daily("a"), daily("b")]));
    group.set_enabled("a", false);
    for definition in [
        every("a", 40),
        every("a", 20),
        daily("a"),
        crontab("a", "0 8 * * *"),
    ] {
        let wanted = all(&[definition, daily("b")]);
        let plan = group.plan(&wanted);
        assert_eq!(plan.paused, ["a".to_owned()].into());
        group.apply(&plan);
        assert!(group.is_enabled("a").iter().all(|enabled| !enabled));
        assert!(group.plan(&wanted).is_empty());
    }
    assert_eq!(group.is_enabled("b"), [true]);
}

#[test]
fn what_the_code_turned_off_goes_on_when_the_code_says_so() {
    let mut group = Group::of(&all(&[daily("a")]));
    let off = all(&[daily("a").enabled(false)]);
    let plan = group.plan(&off);
    assert!(plan.paused.is_empty());
    assert_eq!(plan.counts(), (0, 1, 0));
    group.apply(&plan);
    assert_eq!(group.is_enabled("a"), [false]);
    assert!(group.plan(&off).is_empty());
    assert!(group.plan(&off).paused.is_empty());
    group.apply(&group.plan(&all(&[daily("a")])));
    assert_eq!(group.is_enabled("a"), [true]);
}

#[test]
fn what_somebody_turned_on_is_turned_off_again() {
    let off = all(&[daily("a").enabled(false)]);
    let mut group = Group::of(&off);
    group.set_enabled("a", true);
    let plan = group.plan(&off);
    let [planned] = &plan.changes[..] else {
        panic!("{plan:?}")
    };
    let Change::Repair { drift, .. } = &planned.change else {
        panic!("{planned:?}")
    };
    assert_eq!(
        (drift[0].member, drift[0].is.as_str()),
        ("state", "ENABLED")
    );
    group.apply(&plan);
    assert!(group.plan(&off).is_empty());
}

#[test]
fn another_target_is_drift_and_a_pause_stays_through_its_repair() {
    let wanted = all(&[daily("a")]);
    let mut group = Group::of(&wanted);
    group.set_enabled("a", false);
    for listed in group.0.values_mut() {
        listed.target_arn = "arn:aws:sqs:us-east-1:123456789012:elsewhere".to_owned();
    }
    let plan = group.plan(&wanted);
    assert_eq!(plan.counts(), (0, 1, 0));
    group.apply(&plan);
    assert!(group.plan(&wanted).is_empty());
    assert_eq!(group.is_enabled("a"), [false]);
}

#[test]
fn of_a_one_time_entry_that_is_over_nothing_is_wanted() {
    let launch = Entry::new("launch", time("2026-11-24T12:00:30Z"), call());
    let before = all(std::slice::from_ref(&launch));
    let group = Group::of(&before);
    assert_eq!(group.0.len(), 1);
    for later in ["2026-11-24T12:00:31Z", "2027-11-24T12:00:00Z"] {
        let wanted = [render_at(&launch, time(later)).expect("rendered")];
        // the service deletes it after its run, or has not yet
        assert!(Group::default().plan(&wanted).is_empty(), "{later}");
        assert!(group.plan(&wanted).is_empty(), "{later}");
        assert_eq!(wanted[0].notes, ["its time is over: nothing to do"]);
    }
}

#[test]
fn an_entry_past_its_end_is_not_created_and_not_mended() {
    let ended = daily("a").end(time("2026-11-24T11:00:00Z"));
    let wanted = all(std::slice::from_ref(&ended));
    assert!(Group::default().plan(&wanted).is_empty());
    let outside =
        Entry::new("b", time("2027-01-01T00:00:00Z"), call()).end(time("2026-12-31T00:00:00Z"));
    assert!(Group::default().plan(&all(&[outside])).is_empty());
}

#[test]
fn a_solar_year_goes_on_from_day_to_day() {
    let sunset = Solar::new(SolarEvent::Sunset, 52.52, 13.4).expect("a place");
    let sunset = Entry::new("lights", sunset, call());
    let wanted = all(std::slice::from_ref(&sunset));
    let mut group = Group::of(&wanted);
    assert!((360..=370).contains(&group.0.len()), "{}", group.0.len());
    let next_week = [render_at(&sunset, time("2026-12-01T12:00:00Z")).expect("rendered")];
    group.set_enabled("lights", false);
    let plan = group.plan(&next_week);
    let (added, changed, removed) = plan.counts();
    assert_eq!((added, changed, removed), (7, 0, 7));
    group.apply(&plan);
    // the new days are paused like the others
    assert!(group.is_enabled("lights").iter().all(|enabled| !enabled));
    assert!(group.plan(&next_week).is_empty());
}

#[test]
fn rates_start_on_the_grid_of_local_beats() {
    let start =
        |entry: &Entry, now: &str| only(entry).start(time(now)).map(|start| start.to_string());
    let poll = every("poll", 90 * 60);
    assert_eq!(
        start(&poll, "2026-11-24T12:01:07.5Z").as_deref(),
        Some("2026-11-24T13:30:00Z")
    );
    let odd = every("odd", 7 * 60);
    let first = only(&odd).start(now()).expect("a start");
    assert_eq!(first.as_second() % 420, 0);
    let from = |text: &str| every("poll", 90 * 60).start(time(text));
    // a start on the grid is a time due itself
    assert_eq!(
        start(&from("2026-12-01T00:00:00Z"), NOW).as_deref(),
        Some("2026-12-01T00:00:00Z")
    );
    assert_eq!(
        start(&from("2026-12-01T00:00:01Z"), NOW).as_deref(),
        Some("2026-12-01T01:30:00Z")
    );
    assert_eq!(
        start(&from("2020-01-01T00:00:00Z"), NOW).as_deref(),
        Some("2026-11-24T13:30:00Z")
    );
    let early = every("exact", 7 * 60).celeriac_only().precise();
    let first = only(&early).start(now()).expect("a start");
    assert_eq!((first.as_second() + 60) % 420, 0);
}

/// AWS refuses a start in the past, and what it says of one that is there does not matter.
#[test]
fn a_start_that_has_been_is_none() {
    let entry = daily("a").start(time("2026-11-01T00:00:00Z"));
    assert_eq!(only(&entry).start(now()), None);
    let entry = daily("a").start(time("2026-12-01T00:00:00.25Z"));
    assert_eq!(
        only(&entry).start(now()),
        Some(time("2026-12-01T00:00:01Z"))
    );
}

#[test]
fn bounds_are_those_of_the_firing_and_not_of_what_is_due() {
    let exact = daily("a")
        .celeriac_only()
        .precise()
        .start(time("2026-12-01T09:00:00Z"))
        .end(time("2026-12-02T09:00:00Z"));
    let exact = only(&exact);
    assert_eq!(exact.start_date, Some(time("2026-12-01T08:59:00Z")));
    assert_eq!(exact.end_date, Some(time("2026-12-02T08:59:00Z")));
    let often = render(&every("b", 40).start(time("2026-12-01T00:00:30Z")));
    let starts: Vec<_> = often
        .schedules
        .iter()
        .map(|one| one.start_date.map(|start| start.to_string()))
        .collect();
    // due 0, 40 and 80 seconds after the two minutes' beginning
    assert_eq!(
        starts,
        [
            Some("2026-12-01T00:00:30Z"),
            Some("2026-11-30T23:59:50Z"),
            Some("2026-12-01T00:00:10Z")
        ]
        .map(|text| text.map(str::to_owned))
    );
}

#[test]
fn ten_thousand_entries_are_planned_at_once() {
    let entries: Vec<Entry> = (0..10_000)
        .map(|at| crontab(&format!("report {at}"), "0 9 * * mon-fri"))
        .collect();
    let wanted = all(&entries);
    let group = Group::of(&wanted);
    assert_eq!(group.0.len(), 10_000);
    assert!(group.plan(&wanted).is_empty());
    assert_eq!(group.plan(&wanted[..1]).counts(), (0, 0, 9_999));
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let name = prop::sample::select(vec!["a", "b", "a b", "a_b", "a.0", "a.off", "日本"]);
    let schedule = 0..6_u64;
    let entry = (name, schedule, any::<bool>()).prop_map(|(name, kind, enabled)| {
        let entry = match kind {
            0 => daily(name),
            1 => crontab(name, "*/7 3 1-9 * *"),
            2 => every(name, 40),
            3 => every(name, 300),
            4 => with(daily(name), |options| {
                options.queue = Some("b.fifo".to_owned());
            }),
            _ => Entry::new(name, time("2027-03-04T05:06:07Z"), call()),
        };
        entry.enabled(enabled)
    });
    prop::collection::vec(entry, 0..6).prop_map(|mut entries| {
        let mut seen = BTreeSet::new();
        entries.retain(|entry| seen.insert(entry.name().to_owned()));
        entries
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn applying_a_plan_makes_the_group_what_is_wanted(
        from in entries(), to in entries(), paused in prop::collection::btree_set(0..6_usize, 0..3), done in 0..40_usize,
    ) {
        let mut group = Group::of(&all(&from));
        for at in paused {
            if let Some(entry) = from.get(at).filter(|entry| entry.is_enabled()) {
                group.set_enabled(entry.name(), false);
            }
        }
        let paused = |group: &Group| -> BTreeSet<String> {
            let listed = group.listed();
            let of_group = GroupEntries::of(&listed);
            let still = to.iter().filter(|entry| entry.is_enabled() && of_group.is_paused(entry.name()));
            still.map(|entry| entry.name().to_owned()).collect()
        };
        let were_paused = paused(&group);
        let wanted = all(&to);
        // interrupted at any change, and planned again
        let mut interrupted = group.plan(&wanted);
        prop_assert_eq!(&interrupted.paused, &were_paused);
        interrupted.changes.truncate(done);
        group.apply(&interrupted);
        group.apply(&group.plan(&wanted));
        prop_assert_eq!(group.names(), names(&wanted));
        prop_assert!(group.plan(&wanted).is_empty());
        prop_assert_eq!(paused(&group), were_paused);
    }
}
