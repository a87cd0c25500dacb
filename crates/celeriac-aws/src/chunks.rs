/// Cuts a batch, in its order, into requests of at most so many entries and bytes. An entry that is
/// larger than that goes alone.
pub(crate) fn chunks<E>(
    entries: Vec<E>,
    max_entries: usize,
    max_bytes: usize,
    size: impl Fn(&E) -> usize,
) -> Vec<Vec<E>> {
    let mut chunks: Vec<Vec<E>> = Vec::with_capacity(entries.len().div_ceil(max_entries));
    let mut bytes = 0;
    for entry in entries {
        let more = size(&entry);
        match chunks.last_mut() {
            Some(chunk) if chunk.len() < max_entries && bytes + more <= max_bytes => {
                bytes += more;
                chunk.push(entry);
            }
            _ => {
                bytes = more;
                chunks.push(vec![entry]);
            }
        }
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_keep_to_both_limits_and_to_the_order() {
        let cut = |sizes: &[usize]| chunks(sizes.to_vec(), 3, 10, |size| *size);
        assert_eq!(cut(&[]), Vec::<Vec<usize>>::new());
        assert_eq!(cut(&[1, 2, 3, 4]), [vec![1, 2, 3], vec![4]]);
        assert_eq!(cut(&[5, 5, 1]), [vec![5, 5], vec![1]]);
        assert_eq!(cut(&[1, 11, 1]), [vec![1], vec![11], vec![1]]);
    }
}
