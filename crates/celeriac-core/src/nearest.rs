/// The candidate that a mistyped `word` most likely means, if any is near.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (closeness(word, candidate), candidate))
        .filter(|(closeness, _)| *closeness >= 0.8)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, candidate)| candidate)
}

fn closeness(word: &str, candidate: &str) -> f64 {
    // `add` for `tasks.add`, or `shop.add` for `tasks.add`: the last part is what people remember
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    let whole = strsim::normalized_damerau_levenshtein(word, candidate);
    let same_end = word.contains('.') || candidate.contains('.');
    if same_end && last(word) == last(candidate) {
        whole.max(0.9)
    } else {
        whole.max(strsim::jaro_winkler(word, candidate) - 0.08)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_find_their_word() {
        let names = ["tasks.add", "tasks.multiply", "reports.daily"];
        assert_eq!(nearest("tasks.ad", names), Some("tasks.add"));
        assert_eq!(nearest("tasks.mutliply", names), Some("tasks.multiply"));
        assert_eq!(nearest("add", names), Some("tasks.add"));
        assert_eq!(nearest("shop.daily", names), Some("reports.daily"));
    }

    #[test]
    fn strangers_find_nothing() {
        assert_eq!(nearest("send_email", ["tasks.add", "reports.daily"]), None);
        assert_eq!(nearest("x", []), None);
    }
}
