//! Python's `fnmatch` as a regex.

/// The regex that matches whole names as the glob does: `*` any text, dots included; `?` one
/// character; `[a-z]`, `[!a-z]`.
pub(crate) fn to_regex(glob: &str) -> String {
    let characters: Vec<char> = glob.chars().collect();
    let mut regex = String::from(r"(?s)\A");
    let mut index = 0;
    while let Some(&character) = characters.get(index) {
        index += 1;
        match character {
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            '[' => match class_end(&characters, index) {
                Some(end) => {
                    push_class(&mut regex, &characters[index..end]);
                    index = end + 1;
                }
                None => regex.push_str(r"\["), // never closed: a plain bracket
            },
            other => push_literal(&mut regex, other),
        }
    }
    regex.push_str(r"\z");
    regex
}

/// Where the class that starts at `start` has its `]`; one that comes first belongs to the class.
fn class_end(characters: &[char], start: usize) -> Option<usize> {
    let negated = usize::from(characters.get(start) == Some(&'!'));
    let first = start + negated + 1;
    characters
        .iter()
        .skip(first)
        .position(|&character| character == ']')
        .map(|found| first + found)
}

fn push_class(regex: &mut String, class: &[char]) {
    let (negated, members) = match class {
        ['!', rest @ ..] => (true, rest),
        all => (false, all),
    };
    let mut set = String::new();
    let mut rest = members;
    while let Some((&from, after)) = rest.split_first() {
        if let ['-', to, after @ ..] = after {
            push_range(&mut set, from, *to);
            rest = after;
        } else {
            push_literal(&mut set, from);
            rest = after;
        }
    }
    match (negated, set.is_empty()) {
        (false, true) => regex.push_str(r"[^\s\S]"), // nothing matches
        (true, true) => regex.push('.'),
        (false, false) => regex.extend(["[", &set, "]"]),
        (true, false) => regex.extend(["[^", &set, "]"]),
    }
}

/// A range that runs backwards is empty, as in Python.
fn push_range(set: &mut String, from: char, to: char) {
    if from <= to {
        push_literal(set, from);
        set.push('-');
        push_literal(set, to);
    }
}

fn push_literal(regex: &mut String, character: char) {
    regex.push_str(&regex::escape(character.encode_utf8(&mut [0; 4])));
}
