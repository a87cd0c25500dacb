use celeriac_core::{Document, DocumentSave, SaveOutcome, StoreError, StoreErrorKind};
use celeriac_protocol::{ResultMeta, State, Value, document_key};

use super::batch::Written;
use super::item::{self, BODY, NONCE, RESULT, TIMESTAMP, VERSION, binary, number, text, timestamp};
use super::statement::{Condition, Write};
use super::store::DynamoStore;

/// A document, and the nonce of the save that made it.
type Stored = (Document, String);

impl DynamoStore {
    pub(super) async fn load(&self, key: &str) -> Result<Option<Document>, StoreError> {
        let stored = self.stored(&self.document_key(key)).await;
        stored
            .map(|stored| stored.map(|(document, _)| document))
            .map_err(|kind| StoreError::new("load_document", key, kind))
    }

    pub(super) async fn save(&self, save: DocumentSave) -> Result<SaveOutcome, StoreError> {
        self.try_save(&save)
            .await
            .map_err(|kind| StoreError::new("save_document", save.key, kind))
    }

    async fn try_save(&self, save: &DocumentSave) -> Result<SaveOutcome, StoreErrorKind> {
        let key = self.document_key(&save.key);
        let write = self.document_write(key.clone(), save)?;
        let saved = SaveOutcome::Saved {
            version: save.new_version(),
        };
        match self.write_one(write).await {
            Written::Done => Ok(saved),
            // an earlier try whose answer was lost may have been the one that changed it
            Written::Refused => match self.stored(&key).await? {
                Some((document, nonce)) if save.made(document.version, &nonce) => Ok(saved),
                _ => Ok(SaveOutcome::Changed),
            },
            Written::Failed(failure) => Err(failure.into()),
        }
    }

    /// `result` shows PENDING, as of an unknown id, to whoever reads every item of the table.
    fn document_write(&self, id: String, save: &DocumentSave) -> Result<Write, StoreErrorKind> {
        let shown = ResultMeta::new(&save.key, State::Pending, Value::Null);
        let result = self
            .config
            .codec
            .encode(&shown)
            .map_err(|error| StoreErrorKind::Codec(error.to_string()))?;
        let condition = match save.version {
            0 => Condition::Absent,
            version => Condition::Version { version },
        };
        let set = vec![
            (RESULT, binary(result)),
            (TIMESTAMP, timestamp(self.clock.now())),
            (VERSION, number(save.new_version())),
            (BODY, text(&save.body)),
            (NONCE, text(&save.nonce)),
        ];
        Ok(Write { id, condition, set })
    }

    async fn stored(&self, key: &str) -> Result<Option<Stored>, StoreErrorKind> {
        let key = key.to_owned();
        let found = self.read(std::iter::once(&key), true).await;
        found.item(&key)?.map(item::to_document).transpose()
    }

    fn document_key(&self, key: &str) -> String {
        document_key(&self.config.key_prefix, key)
    }
}
