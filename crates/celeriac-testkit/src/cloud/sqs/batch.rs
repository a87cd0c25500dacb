use serde::{Deserialize, Serialize};

use super::super::text::Text;
use super::super::{Chances, CloudError};
use super::requests::Entry;

/// SQS: entries of one batch.
const MAX_ENTRIES: usize = 10;

/// A request of several entries.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Batch<'a, E> {
    #[serde(borrow, default)]
    pub(super) queue_url: Text<'a>,
    #[serde(default = "Vec::new")]
    pub(super) entries: Vec<E>,
}

/// What became of each.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BatchAnswer<'a, D> {
    successful: Vec<Success<'a, D>>,
    failed: Vec<Failure<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Success<'a, D> {
    id: &'a str,
    #[serde(flatten)]
    done: D,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Failure<'a> {
    id: &'a str,
    code: String,
    message: String,
    sender_fault: bool,
}

impl<E: Entry> Batch<'_, E> {
    /// One to ten entries, each with an id of its own.
    pub(super) fn check(&self) -> Result<(), CloudError> {
        let refused = |code: &str, text: &str| {
            Err(CloudError::new(format!("com.amazonaws.sqs#{code}"), text))
        };
        if self.entries.is_empty() {
            return refused(
                "EmptyBatchRequest",
                "There should be at least one entry in the request",
            );
        }
        if self.entries.len() > MAX_ENTRIES {
            return refused(
                "TooManyEntriesInBatchRequest",
                "Maximum number of entries per request are 10",
            );
        }
        let mut ids: Vec<&str> = self.entries.iter().map(Entry::id).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.len() < self.entries.len() {
            return refused(
                "BatchEntryIdsNotDistinct",
                "Two or more batch entries have the same Id",
            );
        }
        Ok(())
    }

    /// Does `work` for each entry; one that is refused, or that fails by SQS's own fault, changes
    /// nothing for the others.
    pub(super) fn each<D>(
        &self,
        chances: &dyn Chances,
        mut work: impl FnMut(&E) -> Result<D, CloudError>,
    ) -> BatchAnswer<'_, D> {
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for entry in &self.entries {
            let id = entry.id();
            if chances.entry_fails() {
                failed.push(Failure {
                    id,
                    code: "InternalError".to_owned(),
                    message: String::new(),
                    sender_fault: false,
                });
                continue;
            }
            match work(entry) {
                Ok(done) => successful.push(Success { id, done }),
                Err(error) => failed.push(Failure {
                    id,
                    code: error.code.rsplit('#').next().unwrap_or_default().to_owned(),
                    message: error.message,
                    sender_fault: true,
                }),
            }
        }
        BatchAnswer { successful, failed }
    }
}
