use std::time::Duration;

use celeriac_core::RetryPolicy;
use proptest::prelude::*;

use crate::table;

fn policy(factor: f64, maximum: u64, jitter: bool) -> RetryPolicy {
    RetryPolicy {
        retry_backoff: Some(factor),
        retry_backoff_max: Duration::from_secs(maximum),
        retry_jitter: jitter,
        ..RetryPolicy::default()
    }
}

#[test]
fn countdowns_are_those_of_celery() {
    let mut checked = 0;
    for row in table("backoff") {
        let number = |name: &str| row[name].as_u64().unwrap();
        let (factor, retries) = (number("factor"), u32::try_from(number("retries")).unwrap());
        if factor == 0 {
            continue; // Celery's task reads a factor of 0 as no backoff
        }
        let plain = policy(factor as f64, number("maximum"), false);
        assert_eq!(
            plain.countdown(retries),
            Duration::from_secs(number("no_jitter")),
            "{row}"
        );
        let jittered = policy(factor as f64, number("maximum"), true);
        let range = Duration::from_secs(number("jitter_min"))
            ..=Duration::from_secs(number("jitter_max_inclusive"));
        for _ in 0..100 {
            assert!(range.contains(&jittered.countdown(retries)), "{row}");
        }
        checked += 1;
    }
    assert!(checked > 10);
}

#[test]
fn without_backoff_the_delay_is_the_default_one() {
    assert_eq!(
        RetryPolicy::default().countdown(7),
        Duration::from_secs(180)
    );
    assert_eq!(
        policy(0.0, 600, true).countdown(7),
        Duration::from_secs(180)
    );
}

#[test]
fn a_factor_is_a_whole_number_of_one_or_more() {
    assert_eq!(policy(0.5, 600, false).countdown(1), Duration::from_secs(2));
    assert_eq!(policy(2.9, 600, false).countdown(1), Duration::from_secs(4));
}

#[test]
fn full_jitter_reaches_both_ends() {
    let policy = policy(1.0, 600, true);
    let seen: std::collections::BTreeSet<Duration> =
        (0..1_000).map(|_| policy.countdown(2)).collect();
    assert_eq!(seen, (0..=4).map(Duration::from_secs).collect());
}

#[test]
fn three_retries_are_four_runs() {
    let policy = RetryPolicy::default();
    assert_eq!((0..10).filter(|retries| policy.allows(*retries)).count(), 3);
    assert!(
        !RetryPolicy {
            max_retries: Some(0),
            ..RetryPolicy::default()
        }
        .allows(0)
    );
    assert!(
        RetryPolicy {
            max_retries: None,
            ..RetryPolicy::default()
        }
        .allows(u32::MAX)
    );
}

proptest! {
    /// Never a panic nor a wait over the maximum; and never less than with fewer retries.
    #[test]
    fn backoff_grows_to_its_maximum(factor in any::<f64>(), retries in any::<u32>(), maximum in 0_u64..1_000_000) {
        prop_assume!(factor != 0.0);
        let policy = policy(factor, maximum, false);
        let countdown = policy.countdown(retries);
        prop_assert!(countdown <= policy.retry_backoff_max);
        prop_assert!(policy.countdown(retries.saturating_add(1)) >= countdown);
    }
}
