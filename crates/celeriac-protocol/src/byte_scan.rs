//! Where the plain part of a text ends: most of each message is plain text, so many bytes are looked
//! at together.

/// 0x01 in each byte.
const ONES: u64 = u64::MAX / 0xff;
const HIGHEST_BITS: u64 = ONES << 7;
/// Most texts of a message are no longer.
const SHORT: usize = 32;
/// What a processor can look at in a few steps.
const BLOCK: usize = 32;

/// The bytes that are looked for. `a` must not be one of them.
pub(crate) trait Marked {
    /// All below this one, which is 128 at most.
    const BELOW: u8;
    /// And these.
    const EQUAL: &'static [u8];

    /// The place of the first of them.
    fn position(bytes: &[u8]) -> Option<usize> {
        let (start, rest) = bytes.split_at(bytes.len().min(SHORT));
        by_eights::<Self>(start).or_else(|| {
            let passed = plain_blocks::<Self>(rest);
            let at = by_eights::<Self>(&rest[passed..])?;
            Some(SHORT + passed + at)
        })
    }
}

/// Looks at eight bytes together, as one number.
fn by_eights<M: Marked + ?Sized>(bytes: &[u8]) -> Option<usize> {
    let first = |eight: [u8; 8]| match marks::<M>(u64::from_le_bytes(eight)) {
        0 => None,
        marks => Some(marks.trailing_zeros() as usize / 8),
    };
    let (eights, rest) = bytes.as_chunks();
    for (index, eight) in eights.iter().enumerate() {
        if let Some(at) = first(*eight) {
            return Some(index * 8 + at);
        }
    }
    let mut last = *b"aaaaaaaa";
    last[..rest.len()].copy_from_slice(rest);
    first(last).map(|at| eights.len() * 8 + at)
}

/// The length of the blocks at the start that have none of them. A compiler makes a few vector
/// instructions of each block.
fn plain_blocks<M: Marked + ?Sized>(bytes: &[u8]) -> usize {
    let has = |byte: &u8| {
        M::EQUAL
            .iter()
            .fold(*byte < M::BELOW, |any, other| any || byte == other)
    };
    let is_plain = |block: &&[u8; BLOCK]| !block.iter().fold(false, |any, byte| any | has(byte));
    bytes.as_chunks().0.iter().take_while(is_plain).count() * BLOCK
}

/// The highest bit of each byte that is looked for. It is right up to the first of them, which is
/// all that is asked.
fn marks<M: Marked + ?Sized>(eight: u64) -> u64 {
    let equal = |byte: &u8| below(eight ^ (ONES * u64::from(*byte)), 1);
    M::EQUAL
        .iter()
        .fold(below(eight, M::BELOW), |all, byte| all | equal(byte))
}

/// Marks the bytes below `bound`, which is 128 at most; see
/// <https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord>.
fn below(eight: u64, bound: u8) -> u64 {
    eight.wrapping_sub(ONES * u64::from(bound)) & !eight & HIGHEST_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Searched;

    impl Marked for Searched {
        const BELOW: u8 = 0x20;
        const EQUAL: &'static [u8] = &[0xef];
    }

    #[test]
    fn the_first_marked_byte_is_found_wherever_it_is() {
        for other in (0x20..0xef).chain(0xf0..=0xff) {
            for length in (0..20).chain(60..80) {
                let mut bytes = vec![other; length];
                assert_eq!(Searched::position(&bytes), None, "{other} {length}");
                for (at, wanted) in (0..length).rev().zip([0xef, 0x1f, 0].iter().cycle()) {
                    bytes[at] = *wanted; // with others behind it
                    assert_eq!(Searched::position(&bytes), Some(at), "{other} {length}");
                }
            }
        }
    }
}
