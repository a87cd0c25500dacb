use crate::ValueSet;

/// The shortest text of a cron field whose values go from `first` to `last`.
pub(super) fn text(values: ValueSet, first: u8, last: u8) -> String {
    if values.len() == usize::from(last - first) + 1 {
        return "*".to_owned();
    }
    let listed = list(values);
    match step(values, last) {
        Some(stepped) if stepped.len() < listed.len() => stepped,
        _ => listed,
    }
}

/// The values as single numbers and ranges.
pub(super) fn list(values: ValueSet) -> String {
    let mut runs: Vec<(u8, u8)> = Vec::new();
    for value in values.iter() {
        match runs.last_mut() {
            Some((_, end)) if *end + 1 == value => *end = value,
            _ => runs.push((value, value)),
        }
    }
    runs.into_iter().map(run).collect::<Vec<_>>().join(",")
}

fn run((start, end): (u8, u8)) -> String {
    match end - start {
        0 => start.to_string(),
        1 => format!("{start},{end}"),
        _ => format!("{start}-{end}"),
    }
}

/// `a/n`, which counts on to the end of the field: only where the values do too.
fn step(values: ValueSet, last: u8) -> Option<String> {
    let first = values.iter().next()?;
    let step = values.iter().nth(1)? - first;
    let counted: ValueSet = (first..=last).step_by(usize::from(step)).collect();
    (step > 1 && values.len() > 2 && counted == values).then(|| format!("{first}/{step}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(values: &[u8]) -> String {
        text(values.iter().copied().collect(), 0, 59)
    }

    #[test]
    fn fields_are_as_short_as_they_can_be() {
        assert_eq!(text((0..60).collect(), 0, 59), "*");
        assert_eq!(minutes(&[0]), "0");
        assert_eq!(minutes(&[0, 30]), "0,30");
        assert_eq!(minutes(&[0, 15, 30, 45]), "0/15");
        assert_eq!(minutes(&[7, 27, 47]), "7/20");
        assert_eq!(minutes(&[0, 1, 5, 6, 7]), "0,1,5-7");
        assert_eq!(text((3..13).collect(), 1, 12), "3-12");
    }

    #[test]
    fn a_step_that_would_go_on_is_not_written() {
        assert_eq!(minutes(&[0, 15, 30]), "0,15,30");
        assert_eq!(text([1, 11, 21].into_iter().collect(), 1, 31), "1,11,21");
    }

    /// The longest list of any set of values from `first` to `last`: the best of each run followed
    /// by a gap of one.
    fn longest(first: u8, last: u8) -> usize {
        let mut best = vec![0; usize::from(last) + 3];
        for start in (first..=last).rev() {
            let runs = (start..=last).map(|end| {
                let rest = best[usize::from(end) + 2];
                run((start, end)).len() + rest + usize::from(rest > 0)
            });
            best[usize::from(start)] = runs.max().unwrap_or(0).max(best[usize::from(start) + 1]);
        }
        best[usize::from(first)]
    }

    #[test]
    fn no_cron_expression_is_too_long() {
        let fields = longest(0, 59) + longest(0, 23) + longest(1, 31) + longest(1, 12);
        assert_eq!(
            (longest(0, 3), longest(8, 11)),
            ("0,2,3".len(), "8,10,11".len())
        );
        assert!(
            fields + "cron(    ? *)".len() <= super::super::limits::EXPRESSION_CHARACTERS,
            "{fields}"
        );
    }
}
