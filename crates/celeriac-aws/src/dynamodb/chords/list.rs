//! All chords that are kept: a `Scan`, since nothing but their keys tells them from results.

use aws_sdk_dynamodb::types::AttributeValue;
use celeriac_core::chords::{ChordKey, ChordPage, Layout};
use celeriac_protocol::chord_set_key;

use super::super::item::{Attributes, ID, text, text_of};
use super::super::store::DynamoStore;
use super::Answer;
use super::set::{BODY, SHAPE, plan_key};
use crate::fault::Fault;

impl DynamoStore {
    pub(super) async fn scan_chords(&self, after: Option<&str>) -> Answer<ChordPage> {
        let after = after.map(|id| [(ID.to_owned(), text(id))].into());
        let prefix = chord_set_key(&self.config.key_prefix, "", "");
        let prefix = prefix.trim_end_matches(['\'', '"']).to_owned();
        let request = self
            .sdk
            .dynamodb()
            .await
            .scan()
            .table_name(self.table())
            .filter_expression(format!(
                "attribute_exists({BODY}) AND begins_with({ID}, :chord)"
            ))
            .expression_attribute_values(":chord", AttributeValue::S(prefix.clone()))
            .set_exclusive_start_key(after)
            .set_return_consumed_capacity(self.reported_capacity());
        let page = request.send().await.map_err(Fault::from)?;
        let keys = page.items().iter();
        let next = page.last_evaluated_key();
        Ok(ChordPage {
            keys: keys
                .filter_map(|item| self.chord_of(item, &prefix))
                .collect(),
            next: next.and_then(|key| text_of(key, ID)).map(str::to_owned),
        })
    }

    /// Which chord's plan this is.
    fn chord_of(&self, plan: &Attributes, prefix: &str) -> Option<ChordKey> {
        let id = text_of(plan, ID)?;
        let own = id.strip_prefix(prefix)?;
        let group_id = own.get(..own.rfind("-plan0")?)?.to_owned();
        // the key is a Python literal: an id of other characters stands in it in another form
        let is_plain = id == plan_key(&self.config.key_prefix, &group_id, 0);
        let layout = if plan.contains_key(SHAPE) {
            Layout::Set
        } else {
            Layout::Celery
        };
        is_plain.then_some(ChordKey { group_id, layout })
    }
}
