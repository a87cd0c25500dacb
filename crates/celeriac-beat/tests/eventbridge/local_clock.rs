use jiff::{Timestamp, tz::TimeZone};

/// A zone's wall clock over some years, as stretches of one offset. All times are in minutes since
/// the Unix epoch, walls as if they were in UTC.
pub(crate) struct LocalClock {
    pub(crate) stretches: Vec<Stretch>,
}

pub(crate) struct Stretch {
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) offset: i64,
}

impl LocalClock {
    pub(crate) fn new(zone: &TimeZone, from: i64, to: i64) -> Self {
        let at =
            |minutes: i64| Timestamp::from_second(minutes * 60).expect("a time of this century");
        let changes = zone
            .following(at(from))
            .map(|change| change.timestamp().as_second() / 60);
        let mut bounds: Vec<_> = std::iter::once(from)
            .chain(changes.take_while(|change| *change < to))
            .collect();
        bounds.push(to);
        let stretch = |pair: &[i64]| Stretch {
            from: pair[0],
            to: pair[1],
            offset: i64::from(zone.to_offset(at(pair[0])).seconds()) / 60,
        };
        Self {
            stretches: bounds.windows(2).map(stretch).collect(),
        }
    }

    pub(crate) fn utc(from: i64, to: i64) -> Self {
        Self {
            stretches: vec![Stretch {
                from,
                to,
                offset: 0,
            }],
        }
    }

    /// The local day of a time, in days since 1970-01-01.
    pub(crate) fn day(&self, time: i64) -> i64 {
        let stretch = self
            .stretches
            .iter()
            .find(|stretch| (stretch.from..stretch.to).contains(&time));
        (time + stretch.expect("a time of the clock's years").offset).div_euclid(1440)
    }

    /// The times at which the offset changes.
    pub(crate) fn changes(&self) -> impl Iterator<Item = i64> {
        let pairs = self.stretches.windows(2);
        pairs
            .filter(|pair| pair[0].offset != pair[1].offset)
            .map(|pair| pair[1].from)
    }
}
