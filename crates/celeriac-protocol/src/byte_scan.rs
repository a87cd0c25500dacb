//! Where the plain part of a text ends: most of each message is plain text, so eight bytes are
//! looked at together, as one number.
//!
//! A marking function sets the highest bit of each byte that is looked for. It is right up to the
//! first of them, which is all that is asked; see
//! <https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord>.

/// 0x01 in each byte.
const ONES: u64 = u64::MAX / 0xff;
const HIGHEST_BITS: u64 = ONES << 7;

/// The place of the first byte that `marked` marks. It must not mark `a`.
pub(crate) fn position(bytes: &[u8], marked: impl Fn(u64) -> u64) -> Option<usize> {
    let first = |eight: [u8; 8]| match marked(u64::from_le_bytes(eight)) {
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

/// Marks the bytes below `bound`, which is 128 at most.
pub(crate) fn below(eight: u64, bound: u8) -> u64 {
    eight.wrapping_sub(ONES * u64::from(bound)) & !eight & HIGHEST_BITS
}

/// Marks the bytes that are `byte`.
pub(crate) fn equal(eight: u64, byte: u8) -> u64 {
    below(eight ^ (ONES * u64::from(byte)), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_marked_byte_is_found_wherever_it_is() {
        let marked = |eight| below(eight, 0x20) | equal(eight, 0xef);
        for other in (0x20..0xef).chain(0xf0..=0xff) {
            for length in 0..20 {
                let mut bytes = vec![other; length];
                assert_eq!(position(&bytes, marked), None, "{other} {length}");
                for (at, wanted) in (0..length).rev().zip([0xef, 0x1f, 0].iter().cycle()) {
                    bytes[at] = *wanted; // with others behind it
                    assert_eq!(position(&bytes, marked), Some(at), "{other} {length}");
                }
            }
        }
    }
}
