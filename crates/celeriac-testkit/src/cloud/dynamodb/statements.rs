use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::value::RawValue;

use super::partiql;
use super::statement::Statement;
use crate::cloud::text::Text;

/// More texts than any program has that keeps what changes in parameters.
const MAX_KNOWN: usize = 1_000;

/// Statements that were read before, by their text as JSON.
#[derive(Debug, Default)]
pub(super) struct Statements(Mutex<HashMap<Box<str>, Arc<Statement>>>);

impl Statements {
    /// The statement of a text.
    pub(super) fn read(&self, text: &RawValue) -> Result<Arc<Statement>, String> {
        if let Some(statement) = self.known().get(text.get()) {
            return Ok(Arc::clone(statement));
        }
        let plain: Text<'_> =
            serde_json::from_str(text.get()).map_err(|_| "a statement has a text")?;
        let statement = Arc::new(partiql::read(&plain)?);
        let mut known = self.known();
        if known.len() >= MAX_KNOWN {
            known.clear();
        }
        known.insert(text.get().into(), Arc::clone(&statement));
        Ok(statement)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Box<str>, Arc<Statement>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_once() {
        let known = Statements::default();
        let text = |json: &str| RawValue::from_string(json.to_owned()).expect("JSON");
        let insert = text(r#""INSERT INTO \"t\" VALUE {'id': ?}""#);
        let first = known.read(&insert).expect("readable");
        assert!(Arc::ptr_eq(&first, &known.read(&insert).expect("known")));
        let refused = known.read(&text("5")).map(|_| ());
        assert_eq!(refused, Err("a statement has a text".to_owned()));
    }
}
