use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What tasks really did: each line is the begin (the task's id) or the end (the name it was given)
/// of a run.
pub(crate) struct Effects {
    path: PathBuf,
}

impl Effects {
    pub(crate) fn new(path: PathBuf) -> Self {
        fs::write(&path, "").expect("the effects file");
        Self { path }
    }

    pub(crate) fn path(&self) -> &str {
        self.path.to_str().expect("a UTF-8 path")
    }

    /// Each line's name with its time in seconds since 1970.
    pub(crate) fn lines(&self) -> Vec<(String, f64)> {
        let text = fs::read_to_string(&self.path).expect("the effects file");
        let line = |line: &str| {
            let (name, rest) = line.split_once(' ').expect("a name");
            let (_, time) = rest.split_once(' ').expect("a time");
            (name.to_owned(), time.parse().expect("seconds"))
        };
        text.lines().map(line).collect()
    }

    pub(crate) fn count(&self) -> usize {
        let text = fs::read_to_string(&self.path).expect("the effects file");
        text.lines().count()
    }

    /// Waits until there are more lines than these.
    pub(crate) async fn more_than(&self, lines: usize) {
        let deadline = Instant::now() + Duration::from_mins(2);
        while self.count() <= lines {
            let count = self.count();
            assert!(Instant::now() < deadline, "only {count} of {lines} lines");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// How often each name stands there.
    pub(crate) fn counts(&self) -> HashMap<String, usize> {
        let mut counts = HashMap::new();
        for (name, _) in self.lines() {
            *counts.entry(name).or_default() += 1;
        }
        counts
    }
}
