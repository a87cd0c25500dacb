//! Partition keys of a result table (SPEC 2.3).

use std::fmt::Write as _;

/// The DynamoDB key of a task's result: `b'<prefix>celery-task-meta-<id>'`, with the quotes (SPEC
/// 2.3).
///
/// `prefix` is Celery's `global_keyprefix`, or empty; like Celery, this adds a `_` to one that does
/// not end in one of `:_-.`.
pub fn task_key(prefix: &str, task_id: &str) -> String {
    bytes_repr(&plain_key(prefix, "celery-task-meta-", task_id))
}

/// The same key without `b'...'`, which a repaired Celery would use.
pub fn task_key_plain(prefix: &str, task_id: &str) -> String {
    plain_key(prefix, "celery-task-meta-", task_id)
}

/// The key of a saved group: `b'<prefix>celery-taskset-meta-<id>'`.
pub fn group_key(prefix: &str, group_id: &str) -> String {
    bytes_repr(&plain_key(prefix, "celery-taskset-meta-", group_id))
}

/// The key of a chord's counter: `b'<prefix>chord-unlock-<id>'`.
pub fn chord_key(prefix: &str, group_id: &str) -> String {
    bytes_repr(&plain_key(prefix, "chord-unlock-", group_id))
}

/// The key of a document of celeriac's own, in the form of the others and apart from them:
/// `b'<prefix>celeriac-document-<key>'`. Python has no such items.
pub fn document_key(prefix: &str, key: &str) -> String {
    bytes_repr(&plain_key(prefix, "celeriac-document-", key))
}

/// The key of an item of a chord's that celeriac keeps in its own layout:
/// `b'<prefix>celeriac-chord-<id><part>'`.
pub fn chord_set_key(prefix: &str, group_id: &str, part: &str) -> String {
    bytes_repr(&plain_key(
        prefix,
        "celeriac-chord-",
        &[group_id, part].concat(),
    ))
}

fn plain_key(prefix: &str, kind: &str, id: &str) -> String {
    let joint = if prefix.is_empty() || prefix.ends_with([':', '_', '-', '.']) {
        ""
    } else {
        "_"
    };
    [prefix, joint, kind, id].concat()
}

/// Python's `str()` of the text's UTF-8 bytes.
fn bytes_repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut repr = format!("b{quote}");
    for byte in text.bytes() {
        match byte {
            b'\\' => repr.push_str("\\\\"),
            b'\t' => repr.push_str("\\t"),
            b'\n' => repr.push_str("\\n"),
            b'\r' => repr.push_str("\\r"),
            b'\'' if quote == '\'' => repr.push_str("\\'"),
            0x20..=0x7e => repr.push(char::from(byte)),
            _ => {
                // Writing into a String cannot fail.
                let _ = write!(repr, "\\x{byte:02x}");
            }
        }
    }
    repr.push(quote);
    repr
}
