/// The SQS name of a Celery queue name, prefix included (SPEC 1.7): punctuation but `-` and `_`
/// becomes `_`, `.` becomes `-`, a trailing `.fifo` stays.
pub fn mangle(queue: &str) -> String {
    match queue.strip_suffix(".fifo") {
        Some(name) => mangle_plain(name) + ".fifo",
        None => mangle_plain(queue),
    }
}

fn mangle_plain(name: &str) -> String {
    let mangled = name.chars().map(|char| match char {
        '-' | '_' => char,
        '.' => '-',
        other if other.is_ascii_punctuation() => '_',
        other => other,
    });
    mangled.collect()
}
