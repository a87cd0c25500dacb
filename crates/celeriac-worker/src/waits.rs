use std::time::Duration;

/// How long a message that could not be dealt with stays away, by how often it was received: 1 s,
/// doubling, `longest` at most, and up to a quarter more so that many do not come back at once.
pub(crate) fn redelivery(receive_count: u32, longest: Duration) -> Duration {
    let doubled = 1u64 << receive_count.saturating_sub(1).min(20);
    let base = Duration::from_secs(doubled).min(longest);
    base.mul_f64(1.0 + celeriac_core::random::fraction() * 0.25)
        .min(longest)
}

/// How long a message that was received this often stays away at least, so that its queue's
/// `maxReceiveCount` is not used up by waiting: nothing for the first ten receives, then 1 s, 4 s,
/// 9 s and so on: (n - 10)² seconds at receive n. So 100 receives take nearly three days.
pub(crate) fn patience(receive_count: u32) -> Duration {
    let count = u64::from(receive_count.saturating_sub(10));
    Duration::from_secs(count.saturating_mul(count))
}

/// The wait before try `tries` (from 1) of a failed operation: 100 ms, doubling, 5 s at most, half
/// of it at random.
pub(crate) fn retry(tries: u32) -> Duration {
    let base =
        Duration::from_millis(100 << tries.saturating_sub(1).min(10)).min(Duration::from_secs(5));
    base.mul_f64(0.5 + celeriac_core::random::fraction() * 0.5)
}

/// Seconds of a message or a setting; `None` for what is no duration (negative, NaN, beyond any
/// clock) or zero.
pub(crate) fn seconds(number: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(number)
        .ok()
        .filter(|duration| !duration.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redelivery_grows_to_its_bound() {
        let longest = Duration::from_mins(15);
        assert!((1.0..=1.25).contains(&redelivery(0, longest).as_secs_f64()));
        assert!((8.0..=10.0).contains(&redelivery(4, longest).as_secs_f64()));
        assert_eq!(redelivery(u32::MAX, longest), longest);
    }

    #[test]
    fn a_hundred_receives_take_nearly_three_days() {
        assert_eq!(patience(10), Duration::ZERO);
        let all: Duration = (1..=100).map(patience).sum();
        assert_eq!(all, Duration::from_secs(247_065));
    }

    #[test]
    fn seconds_take_only_durations() {
        assert_eq!(seconds(1.5), Some(Duration::from_millis(1500)));
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
