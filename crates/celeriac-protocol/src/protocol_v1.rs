//! Message protocol 1: no headers, and one object for everything (SPEC 1.9). Read only.

use crate::{DecodeErrorKind, Dict, Embed, Headers, Limits, Payload, Signature, Value, part};

type Result<T> = std::result::Result<T, DecodeErrorKind>;

/// What is read of a payload to find out whose it is: SQS took 256 KiB when protocol 1 was sent.
pub(crate) fn limits(of_worker: &Limits) -> Limits {
    Limits {
        max_decompressed: of_worker.max_decompressed.min(1 << 20),
        max_memory: of_worker.max_memory.min(8 << 20),
        ..*of_worker
    }
}

/// Takes the call's arguments out of a protocol 1 object.
pub(crate) fn take_payload(object: &mut Dict) -> Result<Payload> {
    let args = object.swap_remove("args");
    let mut take = |key: &str| object.swap_remove(key).unwrap_or_default();
    Ok(Payload {
        args: args.map_or(Ok(Vec::new()), |args| part::args("args", args))?,
        kwargs: part::dict_or_empty("kwargs", take("kwargs"))?,
        embed: Embed {
            callbacks: part::signatures(take("callbacks"))?,
            errbacks: part::signatures(take("errbacks"))?,
            chain: None,
            chord: Some(take("chord"))
                .filter(Value::is_true)
                .map(Signature::from_message),
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
