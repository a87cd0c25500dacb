use std::collections::BTreeSet;

use celeriac_beat::{
    Crontab,
    eventbridge::{self, RenderError, RenderOptions, Rendering, next_difference},
};
use jiff::{Timestamp, tz::TimeZone};

use crate::{
    evaluator::{Cron, Date},
    local_clock::LocalClock,
    sample::Sample,
};

const CRONTABS: usize = 500;
/// One for each thread.
const SEEDS: [u64; 2] = [0x5eed, 0xcafe];
const DAY: i64 = 1440;
/// 2026-01-01 to 2031-01-01, in minutes since the epoch: 29 February is in it.
const FROM: i64 = 20_454 * DAY;
const TO: i64 = 22_280 * DAY;

/// Changes at 2:00, at 0:00 forward and back, of half an hour, of the southern half, in Ramadan, of
/// UTC, and none.
const ZONES: [&str; 14] = [
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Santiago",
    "America/Havana",
    "America/Asuncion",
    "America/St_Johns",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
];

/// The schedules fire at our due times, but on the dates that `next_difference` names.
#[test]
fn rendered_crontabs_fire_at_our_due_times() {
    let counts = std::thread::scope(|scope| {
        let share = CRONTABS / SEEDS.len();
        let runs = SEEDS.map(|seed| scope.spawn(move || run(seed, share)));
        runs.map(|run| run.join().expect("each crontab fires at its due times"))
    });
    let counts = counts.into_iter().fold(Counts::default(), Counts::plus);
    // Nothing is proven by a sample that lacks a kind.
    let kinds = [
        counts.guarded,
        counts.precise,
        counts.refused,
        counts.differences,
    ];
    assert!(
        kinds.into_iter().all(|count| count > CRONTABS / 20),
        "{counts:?}"
    );
}

/// What a random sample has too few of: the ends of months, where a minute early is another day.
#[test]
fn so_do_those_at_the_ends_of_months() {
    let (zone, clock) = zone("America/Santiago");
    for crontab in [
        "0 0 1 * *",
        "0 0 1 3 *",
        "0 0 29 * *",
        "0 0 29 2 *",
        "0 0 29 2 0",
        "0 0 1,29 * *",
        "0 0 1,29 2,3 *",
        "0 0 28-31 * *",
        "0 0 31 * *",
        "0 0 * 2 *",
        "0 0 * 7 *",
        "0 0 1-29 2 *",
        "0 0 1-30 4,5 *",
        "0 0 * 1,3 1",
        "0 0 1-7 * 6",
        "0 0 1-7,29-31 * 0",
        "0 0 29 2,4 1-5",
    ] {
        for precise in [false, true] {
            let crontab = Crontab::new(crontab).expect("a crontab");
            let options = RenderOptions {
                celeriac_only: true,
                precise,
                fifo: false,
            };
            let rendering = eventbridge::crontab(&crontab, &zone, &options).expect("a form in AWS");
            let case = Case {
                crontab,
                zone: &zone,
                clock: &clock,
                rendering,
            };
            case.check(&mut Sample::new(1), &case.described());
        }
    }
}

/// Another seed each run; a failure prints it.
#[test]
fn so_do_a_few_that_nobody_has_seen() {
    run(Sample::any_seed(), CRONTABS / 20);
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    guarded: usize,
    precise: usize,
    refused: usize,
    differences: usize,
}

impl Counts {
    fn plus(self, other: Self) -> Self {
        Self {
            guarded: self.guarded + other.guarded,
            precise: self.precise + other.precise,
            refused: self.refused + other.refused,
            differences: self.differences + other.differences,
        }
    }
}

fn run(seed: u64, count: usize) -> Counts {
    let mut sample = Sample::new(seed);
    let zones = ZONES.map(zone);
    let mut counts = Counts::default();
    for _ in 0..count {
        let case = Case::any(&mut sample, &zones, &mut counts);
        let context = format!("seed {seed}: {}", case.described());
        counts.differences += case.check(&mut sample, &context);
    }
    counts
}

fn zone(name: &str) -> (TimeZone, LocalClock) {
    let zone = TimeZone::get(name).expect("a zone of the database");
    let clock = LocalClock::new(&zone, FROM - 9 * DAY, TO + 9 * DAY);
    (zone, clock)
}

struct Case<'a> {
    crontab: Crontab,
    zone: &'a TimeZone,
    clock: &'a LocalClock,
    rendering: Rendering,
}

impl<'a> Case<'a> {
    fn any(sample: &mut Sample, zones: &'a [(TimeZone, LocalClock)], counts: &mut Counts) -> Self {
        let crontab = sample.crontab();
        let (zone, clock) = sample.pick(zones);
        let celeriac_only = sample.one_in(2);
        let precise = celeriac_only && sample.one_in(2);
        let options = RenderOptions {
            celeriac_only,
            precise,
            fifo: false,
        };
        let rendering = eventbridge::crontab(&crontab, zone, &options).or_else(|error| {
            let together = matches!(error, RenderError::DaysTogether { .. });
            assert!(together && !celeriac_only, "{crontab}: {error}");
            counts.refused += 1;
            eventbridge::crontab(
                &crontab,
                zone,
                &RenderOptions {
                    celeriac_only: true,
                    ..options
                },
            )
        });
        let rendering = rendering.expect("a crontab that only celeriac reads has a form");
        counts.guarded += usize::from(rendering.guard);
        counts.precise += usize::from(options.precise);
        Self {
            crontab,
            zone,
            clock,
            rendering,
        }
    }

    fn described(&self) -> String {
        let parts = self
            .rendering
            .parts
            .iter()
            .map(|part| part.expression.to_string());
        let texts = parts.collect::<Vec<_>>().join(", ");
        format!("{} in {:?} as {texts}", self.crontab, self.zone.iana_name())
    }

    /// Compares the two over the case's windows and gives the number of dates that differ.
    fn check(&self, sample: &mut Sample, context: &str) -> usize {
        let mut differing = BTreeSet::new();
        for (from, to) in self.windows(sample) {
            let (ours, aws) = (self.ours(from, to), self.aws(from, to));
            let both: BTreeSet<_> = aws.iter().copied().collect();
            assert_eq!(
                both.len(),
                aws.len(),
                "{context}: fires twice for a due time"
            );
            let ours: BTreeSet<_> = ours.into_iter().collect();
            differing.extend(
                ours.symmetric_difference(&both)
                    .map(|time| self.clock.day(*time)),
            );
        }
        assert_eq!(differing, self.printed(context), "{context}");
        differing.len()
    }

    /// The dates that `next_difference` names.
    fn printed(&self, context: &str) -> BTreeSet<i64> {
        let mut days = BTreeSet::new();
        let mut after = timestamp(FROM - 1);
        while let Some(found) = next_difference(
            &self.crontab,
            self.zone,
            &self.rendering,
            after,
            timestamp(TO - 1),
        ) {
            let last = found
                .ours
                .iter()
                .chain(&found.aws)
                .max()
                .expect("a difference has a time");
            let day = self.clock.day(last.as_second() / 60);
            let date = Date::of(day);
            assert_eq!(
                (
                    i64::from(found.date.year()),
                    i64::from(found.date.month()),
                    i64::from(found.date.day())
                ),
                (date.year, date.month, date.day),
            );
            let near = |change: i64| {
                (self.clock.day(change - 1) - 1..=self.clock.day(change) + 1).contains(&day)
            };
            assert!(
                self.clock.changes().any(near),
                "{context}: {} has no change of the clock",
                found.date
            );
            days.insert(day);
            after = *last;
        }
        days
    }

    /// All years, or for what runs often the days around each change of the clock and some weeks.
    fn windows(&self, sample: &mut Sample) -> Vec<(i64, i64)> {
        let times_a_day = self.crontab.minutes().len() * self.crontab.hours().len();
        let days = self.crontab.days_of_month().len()
            * self.crontab.months().len()
            * self.crontab.days_of_week().len();
        if times_a_day * days <= 31 * 12 * 7 {
            return vec![(FROM, TO)];
        }
        let changes = self
            .clock
            .changes()
            .filter(|change| (FROM..TO).contains(change));
        let mut windows: Vec<_> = changes.map(|change| (change - DAY, change + DAY)).collect();
        let weeks = if times_a_day > 60 { 1 } else { 4 };
        let starts = (0..weeks).map(|_| FROM + DAY * sample.below(1819) as i64);
        windows.extend(starts.map(|start| (start, start + 7 * DAY)));
        windows
            .into_iter()
            .map(|(from, to)| (from.max(FROM), to.min(TO)))
            .collect()
    }

    fn ours(&self, from: i64, to: i64) -> Vec<i64> {
        let next = |time: &i64| {
            let next = self
                .crontab
                .next_after(timestamp(*time), self.zone)?
                .as_second()
                / 60;
            (next < to).then_some(next)
        };
        std::iter::successors(next(&(from - 1)), next).collect()
    }

    fn aws(&self, from: i64, to: i64) -> Vec<i64> {
        let utc = LocalClock::utc(FROM - 9 * DAY, TO + 9 * DAY);
        let due = |part: &eventbridge::Rendered| {
            let lead = part.lead.as_secs() as i64 / 60;
            assert!(part.delay.is_zero() && part.phase.is_none());
            let clock = if part.utc { &utc } else { self.clock };
            let fires =
                Cron::read(&part.expression.to_string()).fires(clock, from - lead, to - lead);
            fires
                .into_iter()
                .map(move |time| time + lead)
                .collect::<Vec<_>>()
        };
        let times = self.rendering.parts.iter().flat_map(due);
        times
            .filter(|time| !self.rendering.guard || self.lists_the_day_of(*time))
            .collect()
    }

    /// What a worker's guard looks at.
    fn lists_the_day_of(&self, time: i64) -> bool {
        let date = Date::of(self.clock.day(time));
        let listed = self.crontab.days_of_month().contains(date.day as u8)
            && self.crontab.months().contains(date.month as u8)
            && self.crontab.days_of_week().contains(date.weekday as u8 - 1);
        assert_eq!(
            listed,
            eventbridge::admits(&self.crontab, timestamp(time), self.zone)
        );
        listed
    }
}

fn timestamp(minutes: i64) -> Timestamp {
    Timestamp::from_second(minutes * 60).expect("a time of this century")
}
