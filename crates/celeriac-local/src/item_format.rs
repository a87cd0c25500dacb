use celeriac_core::{StoreErrorKind, result_bytes};
use celeriac_protocol::{
    Limits, ResultCodec, ResultMeta, chord_set_key, document_key, group_key, task_key_plain,
};

/// DynamoDB's limit of an item, names of attributes included; kept here so that what works here
/// works there.
const MAX_ITEM: usize = 400 * 1024;
/// What an item takes beside its key and its result or body: the other attributes and all names.
const ITEM_OVERHEAD: usize = 512;

/// How items are named and their results written.
#[derive(Clone, Debug, Default)]
pub(crate) struct ItemFormat {
    pub(crate) codec: ResultCodec,
    pub(crate) prefix: String,
}

impl ItemFormat {
    pub(crate) fn key(&self, task_id: &str) -> String {
        task_key_plain(&self.prefix, task_id)
    }

    pub(crate) fn document_key(&self, key: &str) -> String {
        document_key(&self.prefix, key)
    }

    /// Of a saved group.
    pub(crate) fn group_key(&self, group_id: &str) -> String {
        group_key(&self.prefix, group_id)
    }

    pub(crate) fn chord_key(&self, group_id: &str) -> String {
        chord_set_key(&self.prefix, group_id, "")
    }

    pub(crate) fn encode(
        &self,
        task_id: &str,
        meta: &ResultMeta,
    ) -> Result<Vec<u8>, StoreErrorKind> {
        let bytes = result_bytes(self.codec, meta, MAX_ITEM)?;
        check_size(&self.key(task_id), bytes.len())?;
        Ok(bytes)
    }

    pub(crate) fn decode(&self, bytes: &[u8]) -> Result<ResultMeta, StoreErrorKind> {
        self.codec
            .decode(bytes, &Limits::default())
            .map_err(|error| StoreErrorKind::Codec(error.to_string()))
    }
}

/// Refuses an item of this key and so many bytes of content if DynamoDB would.
pub(crate) fn check_size(key: &str, content: usize) -> Result<(), StoreErrorKind> {
    let actual = content + key.len() + ITEM_OVERHEAD;
    if actual > MAX_ITEM {
        return Err(StoreErrorKind::TooLarge {
            actual,
            limit: MAX_ITEM,
        });
    }
    Ok(())
}
