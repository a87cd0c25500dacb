//! Message protocol 1: no headers, and one object for everything (SPEC 1.9). Read only.

use crate::{DecodeErrorKind, Dict, Embed, Headers, Payload, Value, part};

type Result<T> = std::result::Result<T, DecodeErrorKind>;

/// Takes the call's arguments out of a protocol 1 object.
pub(crate) fn take_payload(object: &mut Dict) -> Result<Payload> {
    let mut take = |key: &str| object.swap_remove(key);
    let Some(args) = take("args") else {
        return Err(DecodeErrorKind::invalid(
            "payload",
            "expected `[args, kwargs, embed]`, got dict",
        ));
    };
    Ok(Payload {
        args: part::list("args", args)?,
        kwargs: take("kwargs").map_or(Ok(Dict::new()), |value| part::dict("kwargs", value))?,
        embed: Embed {
            callbacks: part::signatures("callbacks", take("callbacks").unwrap_or_default())?,
            errbacks: part::signatures("errbacks", take("errbacks").unwrap_or_default())?,
            chain: None,
            chord: part::signature("chord", take("chord").unwrap_or_default())?,
            extra: Dict::new(),
        },
    })
}

/// Moves what protocol 2 has in its headers out of a protocol 1 object. Keys that neither knows
/// stay custom headers.
pub(crate) fn take_headers(mut object: Dict, headers: &mut Headers) -> Result<()> {
    // Celery's rule: `taskset`, the older name, wins where both are there.
    let taskset = object
        .swap_remove("taskset")
        .filter(|value| !value.is_null());
    let group = object.swap_remove("group");
    if let Some(group) = taskset.or(group) {
        headers.set("group", group)?;
    }
    object.swap_remove("utc");
    headers.set_all(object)
}

/// Whether a payload's object is protocol 1's.
pub(crate) fn is_v1(object: &Dict) -> bool {
    matches!(object.get("task"), Some(Value::Str(name)) if !name.is_empty())
}
