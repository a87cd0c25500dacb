//! Ids and jitter, from one place, so that a simulation can repeat a run.

use std::cell::Cell;

use uuid::Uuid;

thread_local! {
    static REPEATABLE: Cell<bool> = const { Cell::new(false) };
}

/// A random (version 4) UUID, by the system's own randomness.
pub fn uuid4() -> Uuid {
    if REPEATABLE.get() {
        return uuid::Builder::from_random_bytes(fastrand::u128(..).to_ne_bytes()).into_uuid();
    }
    Uuid::new_v4()
}

/// A fraction from 0 on, below 1: for jitter.
pub fn fraction() -> f64 {
    fastrand::f64()
}

/// A whole number up to this one, itself included: for jitter in whole seconds.
pub fn up_to(most: u64) -> u64 {
    fastrand::u64(0..=most)
}

/// Makes everything that is random on this thread follow from `seed`. For simulations alone: such
/// ids can be guessed.
pub fn repeat(seed: u64) {
    REPEATABLE.set(true);
    fastrand::seed(seed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_what_followed_from_it() {
        let drawn = || {
            repeat(7);
            (uuid4(), fraction().to_bits(), uuid4())
        };
        let (one, two) = (drawn(), drawn());
        assert_eq!(one, two);
        assert_ne!(one.0, one.2);
        assert_eq!(one.0.get_version_num(), 4);
    }
}
