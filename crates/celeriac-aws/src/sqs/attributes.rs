use std::collections::BTreeMap;

use aws_sdk_sqs::types::MessageAttributeValue;

/// The data type of our attributes.
const STRING_TYPE: &str = "String";

/// Text attributes in SQS's form.
pub(super) fn to_sqs(
    attributes: &BTreeMap<String, String>,
) -> Option<std::collections::HashMap<String, MessageAttributeValue>> {
    if attributes.is_empty() {
        return None;
    }
    let value = |text: &String| {
        MessageAttributeValue::builder()
            .data_type(STRING_TYPE)
            .string_value(text)
            .build()
            .expect("the data type is set")
    };
    Some(
        attributes
            .iter()
            .map(|(name, text)| (name.clone(), value(text)))
            .collect(),
    )
}

/// The attributes that carry text (String and Number kinds).
pub(super) fn from_sqs(
    attributes: Option<std::collections::HashMap<String, MessageAttributeValue>>,
) -> BTreeMap<String, String> {
    attributes
        .unwrap_or_default()
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.string_value?)))
        .collect()
}
