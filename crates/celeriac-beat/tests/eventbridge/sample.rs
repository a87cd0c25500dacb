use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use celeriac_beat::Crontab;

/// Random crontabs in Celery's grammar, the same for the same seed.
pub(crate) struct Sample(u64);

impl Sample {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// Another seed each time.
    pub(crate) fn any_seed() -> u64 {
        RandomState::new().hash_one("crontabs")
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }

    pub(crate) fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, values: &'a [T]) -> &'a T {
        &values[self.below(values.len() as u64) as usize]
    }

    pub(crate) fn crontab(&mut self) -> Crontab {
        loop {
            let text = self.text();
            if let Ok(crontab) = Crontab::new(&text) {
                return crontab;
            }
        }
    }

    fn text(&mut self) -> String {
        let minute = if self.one_in(3) {
            self.field(0, 59)
        } else {
            self.value(0, 59)
        };
        let hour = if self.one_in(4) {
            "*".to_owned()
        } else {
            self.field(0, 23)
        };
        let day_of_month = self.maybe(2, 1, 31);
        let month = self.maybe(3, 1, 12);
        let day_of_week = self.maybe(2, 0, 6);
        format!("{minute} {hour} {day_of_month} {month} {day_of_week}")
    }

    fn maybe(&mut self, count: u64, first: u64, last: u64) -> String {
        if self.one_in(count) {
            self.field(first, last)
        } else {
            "*".to_owned()
        }
    }

    fn field(&mut self, first: u64, last: u64) -> String {
        let parts = 1 + self.below(3);
        (0..parts)
            .map(|_| self.part(first, last))
            .collect::<Vec<_>>()
            .join(",")
    }

    fn part(&mut self, first: u64, last: u64) -> String {
        match self.below(if last == 31 { 6 } else { 5 }) {
            0 => format!("*/{}", 2 + self.below(last)),
            1 => format!("{}-{}", self.value(first, last), self.value(first, last)),
            2 => format!(
                "{}-{}/{}",
                self.value(first, last),
                self.value(first, last),
                1 + self.below(9)
            ),
            5 => (*self.pick(&["1-7", "8-14", "15-21", "22-28", "29-31", "1"])).to_owned(),
            _ => self.value(first, last),
        }
    }

    /// Midnight and the small hours are listed more often: daylight saving and the minute before
    /// midnight are there.
    fn value(&mut self, first: u64, last: u64) -> String {
        let end = if self.one_in(2) {
            last
        } else {
            last.min(first + 3)
        };
        (first + self.below(end - first + 1)).to_string()
    }
}
