use serde_json::{Value as Json, json};

use super::super::{Chances, CloudError};

/// SQS: entries of one batch.
const MAX_ENTRIES: usize = 10;

/// A batch's entries: one to ten, each with an id of its own.
pub(super) fn entries(body: &Json) -> Result<&[Json], CloudError> {
    let entries = body["Entries"].as_array().map_or(&[][..], Vec::as_slice);
    let refused =
        |code: &str, text: &str| Err(CloudError::new(format!("com.amazonaws.sqs#{code}"), text));
    if entries.is_empty() {
        return refused(
            "EmptyBatchRequest",
            "There should be at least one entry in the request",
        );
    }
    if entries.len() > MAX_ENTRIES {
        return refused(
            "TooManyEntriesInBatchRequest",
            "Maximum number of entries per request are 10",
        );
    }
    let mut ids: Vec<&str> = entries
        .iter()
        .filter_map(|entry| entry["Id"].as_str())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() < entries.len() {
        return refused(
            "BatchEntryIdsNotDistinct",
            "Two or more batch entries have the same Id",
        );
    }
    Ok(entries)
}

/// Does `work` for each entry; one that is refused, or that fails by SQS's own fault, changes
/// nothing for the others.
pub(super) fn each(
    chances: &dyn Chances,
    entries: &[Json],
    mut work: impl FnMut(&Json) -> Result<Json, CloudError>,
) -> Json {
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in entries {
        let id = &entry["Id"];
        if chances.entry_fails() {
            failed.push(
                json!({"Id": id, "Code": "InternalError", "Message": "", "SenderFault": false}),
            );
            continue;
        }
        match work(entry) {
            Ok(mut done) => {
                done["Id"] = id.clone();
                successful.push(done);
            }
            Err(error) => failed.push(json!({
                "Id": id,
                "Code": error.code.rsplit('#').next(),
                "Message": error.message,
                "SenderFault": true,
            })),
        }
    }
    json!({"Successful": successful, "Failed": failed})
}
