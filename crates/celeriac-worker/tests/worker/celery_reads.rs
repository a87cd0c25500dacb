//! Messages whose parts have other types than Celery's own senders give them: what a Celery worker
//! runs, runs here, with the same result and the same messages after it. What it does not run comes
//! to an end here, and nothing is lost. The table is made by `tests/interop/celery_reads.py`.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use celeriac_core::{
    Arguments, Context, Delivery, Param, Params, Receipt, RunFuture, TaskError, TaskKind,
    TaskOptions,
};
use celeriac_protocol::{Dict, Limits, ResultMeta, Serializer, State, Value};
use celeriac_worker::{Outcome, Shutdown};
use futures_util::future::join_all;

use crate::support::wrapped::Switches;
use crate::support::{App, QUEUE, Setup};

const ID: &str = "11111111-1111-4111-8111-111111111111";
const NEXT: &str = "22222222-2222-4222-8222-222222222222";
const ABSENT: &str = "<absent>";
const LATER: &str = "2999-01-02T03:04:05+00:00";
/// Messages that one worker runs beside each other.
const AT_ONCE: usize = 200;
/// What a sent message is compared by, beside its payload and its queue.
const HEADERS: [&str; 11] = [
    "task",
    "id",
    "root_id",
    "parent_id",
    "shadow",
    "group",
    "group_index",
    "ignore_result",
    "timelimit",
    "retries",
    "stamped_headers",
];

static PARAMS: Params = {
    const fn optional(name: &'static str) -> Param {
        Param {
            name,
            required: false,
        }
    }
    Params {
        function: "echo",
        list: &[
            optional("one"),
            optional("two"),
            optional("three"),
            optional("a"),
            optional("k"),
        ],
        ..Params::NONE
    }
};

/// A worker, which tasks it ran, and the messages that it sent.
struct Reader {
    app: App,
    switches: Arc<Switches>,
    ran: Arc<Mutex<Vec<String>>>,
}

impl Reader {
    fn new() -> Self {
        let ran = Arc::<Mutex<Vec<String>>>::default();
        let counted = |fails: bool| {
            let ran = Arc::clone(&ran);
            let run = move |context: Context, mut arguments: Arguments| -> RunFuture {
                ran.lock().expect("no panic").push(context.id().to_owned());
                Box::pin(async move {
                    if fails {
                        return Err(TaskError::failure("ValueError", "no"));
                    }
                    let taken = (0..5).map(|place| arguments.take::<Value>(place));
                    let taken = taken.collect::<Result<_, _>>();
                    taken
                        .map(Value::List)
                        .map_err(|error| TaskError::failure("TypeError", error.to_string()))
                })
            };
            TaskKind::Async(Arc::new(run))
        };
        let (echo, fail) = (counted(false), counted(true));
        let (app, switches) = Setup::default()
            .define("reads.echo", &PARAMS, TaskOptions::default(), echo)
            .define("reads.fail", &PARAMS, TaskOptions::default(), fail)
            .wrapped();
        Self { app, switches, ran }
    }

    /// What becomes of a message whose ids are its own.
    async fn read(&self, message: &Value, ids: &Ids) -> Read {
        let delivery = Delivery {
            queue: QUEUE.to_owned(),
            receipt: Receipt("receipt".to_owned()),
            message_id: ids.0[0].1.clone(),
            body: dumped(&envelope(loaded(ids.own(&dumped(message)).as_bytes()))),
            receive_count: 1,
            sent_at: None,
            group_id: None,
            dedup_id: None,
            attributes: BTreeMap::new(),
        };
        let outcome = self.app.executor.execute(delivery, &Shutdown::new()).await;
        let id = task_id(message).map(|id| ids.own(&id)).unwrap_or_default();
        let result = self.app.client.result::<Value>(&*id);
        let meta = match id.as_str() {
            "" => None,
            _ => Some(result.meta().await.expect("a result")),
        };
        let ran = self.ran.lock().expect("no panic");
        Read {
            outcome,
            runs: ran.iter().filter(|ran| **ran == id).count(),
            meta,
        }
    }

    /// All that was sent.
    fn sent(&self) -> Vec<String> {
        let sent = self.switches.sent.lock().expect("no panic");
        sent.iter().filter_map(|sent| told(&sent.body)).collect()
    }
}

struct Read {
    outcome: Outcome,
    runs: usize,
    meta: Option<ResultMeta>,
}

/// The ids of the table, and those of one message in their place.
struct Ids([(&'static str, String); 2]);

impl Ids {
    fn of_row(number: usize) -> Self {
        Self([
            (ID, format!("{number:08}-1111-4111-8111-111111111111")),
            (NEXT, format!("{number:08}-2222-4222-8222-222222222222")),
        ])
    }

    fn own(&self, text: &str) -> String {
        let own = |text: String, (id, own): &(&str, String)| text.replace(id, own);
        self.0.iter().fold(text.to_owned(), own)
    }

    /// Those of the sent messages that are of this row, as the table has them.
    fn sent(&self, all: &[String]) -> Vec<Value> {
        let of_table = |text: String, (id, own): &(&str, String)| text.replace(own, id);
        let own = all
            .iter()
            .filter(|text| self.0.iter().any(|(_, own)| text.contains(own.as_str())))
            .map(|text| without_new_ids(&self.0.iter().fold(text.clone(), of_table)));
        own.map(|text| loaded(text.as_bytes())).collect()
    }
}

/// A sent message as the table has it, but for its ids.
fn told(body: &str) -> Option<String> {
    let whole = match STANDARD.decode(body) {
        Ok(json) => loaded(&json),
        Err(_) => loaded(body.as_bytes()), // the compact form
    };
    let (headers, properties) = (entry(&whole, "headers"), entry(&whole, "properties"));
    let payload = entry(&whole, "body");
    let payload = payload.as_str().expect("a text");
    let payload = match entry(&properties, "body_encoding").as_str() {
        Some("base64") => STANDARD.decode(payload).expect("base64"),
        _ => payload.as_bytes().to_vec(),
    };
    let Value::List(payload) = loaded(&payload) else {
        return None; // protocol 1, as it came: this very message, which is not due yet
    };
    let parts = ["args", "kwargs", "embed"].into_iter().zip(payload);
    let mut told: Dict = parts.map(|(name, part)| (name.to_owned(), part)).collect();
    let queue = entry(&entry(&properties, "delivery_info"), "routing_key");
    told.insert("queue".to_owned(), queue);
    told.insert("priority".to_owned(), entry(&properties, "priority"));
    for name in HEADERS {
        told.insert(name.to_owned(), entry(&headers, name));
    }
    for name in ["eta", "expires"] {
        let there = !entry(&headers, name).is_null();
        told.insert(name.to_owned(), Value::Bool(there));
    }
    for name in ["a", "custom"] {
        if let Some(value) = headers.get(name) {
            told.insert(name.to_owned(), value.clone());
        }
    }
    Some(dumped(&Value::Dict(told)))
}

/// An id that is new each time is told by a word.
fn without_new_ids(text: &str) -> String {
    let (mut told, mut rest) = (String::new(), text);
    while let Some(quote) = rest.find('"') {
        let (before, after) = rest.split_at(quote + 1);
        told.push_str(before);
        rest = after;
        let id = rest.get(..36).filter(|id| uuid_like(id));
        if let Some(id) = id.filter(|id| rest[36..].starts_with('"') && ![ID, NEXT].contains(id)) {
            told.push_str("new");
            rest = &rest[id.len()..];
        }
    }
    told.push_str(rest);
    told
}

fn uuid_like(text: &str) -> bool {
    let dashes = [8, 13, 18, 23];
    text.bytes().enumerate().all(|(place, byte)| match byte {
        b'-' => dashes.contains(&place),
        byte => byte.is_ascii_hexdigit() && !dashes.contains(&place),
    })
}

fn loaded(json: &[u8]) -> Value {
    Serializer::Json
        .load(json, &Limits::default())
        .expect("JSON")
}

fn dumped(value: &Value) -> String {
    String::from_utf8(Serializer::Json.dump(value).expect("JSON")).expect("text")
}

/// Whether two sent messages mean the same. Celery hands on values of other types than it has for a
/// header, which nobody can use: they need not be the same.
fn same(of: &Value, celerys: &Value, ours: &Value) -> bool {
    let has_its_type = |name: &str, value: &Value| match name {
        "task" => matches!(value, Value::Str(_)),
        "id" | "root_id" | "shadow" | "group" => matches!(value, Value::Str(_) | Value::Null),
        "group_index" | "retries" | "priority" => matches!(value, Value::Int(0..)),
        "timelimit" => value.as_list().is_some_and(|limits| {
            let seconds = |seconds: f64| seconds > 0.0 && seconds.is_finite();
            let fits = |limit: &Value| limit.is_null() || limit.as_f64().is_some_and(seconds);
            limits.iter().all(fits)
        }),
        _ => true,
    };
    let meaning = |name: &str, value: &Value| match (name, value) {
        ("ignore_result", value) => value.is_true().to_string(),
        ("embed", Value::Dict(embed)) => {
            let parts = embed.iter().filter(|(_, part)| part.is_true());
            let parts = parts.map(|(name, part)| (name.clone(), part.clone()));
            canonical(&Value::Dict(parts.collect()))
        }
        ("stamped_headers" | "group", value) if !value.is_true() => canonical(&Value::Null),
        (_, value) => canonical(value),
    };
    let (Value::Dict(celerys), Value::Dict(ours)) = (celerys, ours) else {
        panic!("{celerys:?} {ours:?}")
    };
    let need_not_be = |name: &str| match name {
        // Celery puts errbacks into a group of their own
        "group" | "group_index" => entry(of, "base") == Value::Str("errback".into()),
        // what is due at once may have a time in the past, or none
        "eta" => is_of(of, "countdown") && entry(of, "value").as_f64() < Some(0.0),
        _ => false,
    };
    celerys.len() == ours.len()
        && celerys.iter().all(|(name, value)| {
            !has_its_type(name, value)
                || need_not_be(name)
                || ours
                    .get(name)
                    .is_some_and(|own| meaning(name, own) == meaning(name, value))
        })
}

/// JSON with its keys in order, in which `NaN` equals itself.
fn canonical(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Dict(entries) => {
            let mut keys: Vec<_> = entries.keys().collect();
            keys.sort();
            text.push('{');
            for key in keys {
                let _ = write!(text, "{key:?}: {}, ", canonical(&entries[key]));
            }
            text.push('}');
        }
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(canonical).collect();
            let _ = write!(text, "[{}]", items.join(", "));
        }
        other => text = dumped(other),
    }
    text
}

fn entry(value: &Value, key: &str) -> Value {
    match value {
        Value::Dict(entries) => entries.get(key).cloned().unwrap_or_default(),
        _ => Value::Null,
    }
}

fn task_id(message: &Value) -> Option<String> {
    let id = ["headers", "payload"]
        .map(|part| entry(&entry(message, part), "id"))
        .into_iter()
        .find(|id| !id.is_null());
    match id {
        Some(Value::Str(id)) if !id.is_empty() => Some(id),
        _ => None,
    }
}

/// As it stands in SQS, without the outer base64.
fn envelope(message: Value) -> Value {
    let Value::Dict(mut entries) = message else {
        panic!("{message:?}")
    };
    if let Some(payload) = entries.shift_remove("payload") {
        let body =
            base64::Engine::encode(&base64::engine::general_purpose::STANDARD, dumped(&payload));
        entries.insert("body".into(), Value::Str(body));
    }
    Value::Dict(entries)
}

/// The message with another value in one place.
fn with_value(message: &Value, at: &[Value], value: &Value) -> Value {
    let mut message = message.clone();
    let (last, way) = at.split_last().expect("a place");
    let mut inner = &mut message;
    for step in way {
        inner = match (inner, step) {
            (Value::Dict(entries), Value::Str(key)) => entries.get_mut(key).expect("there"),
            (Value::List(items), Value::Int(place)) => &mut items[index(*place)],
            other => panic!("{other:?}"),
        };
    }
    let absent = *value == Value::Str(ABSENT.into());
    match (inner, last) {
        (Value::Dict(entries), Value::Str(key)) if absent => drop(entries.shift_remove(key)),
        (Value::Dict(entries), Value::Str(key)) => drop(entries.insert(key.clone(), value.clone())),
        (Value::List(items), Value::Int(place)) if index(*place) >= items.len() => {
            if !absent {
                items.push(value.clone());
            }
        }
        (Value::List(items), Value::Int(place)) if absent => drop(items.remove(index(*place))),
        (Value::List(items), Value::Int(place)) => items[index(*place)] = value.clone(),
        other => panic!("{other:?}"),
    }
    message
}

fn index(place: i64) -> usize {
    usize::try_from(place).expect("a place")
}

/// What is wrong with what became of a message, if anything is.
fn judged(row: &Value, read: &Read, ours: &[Value]) -> Option<String> {
    let Value::Str(state) = entry(row, "state") else {
        return not_ended(read); // it ends Celery's worker, or comes back to it for ever
    };
    let of_errback = entry(row, "base") == Value::Str("errback".into());
    let end = if of_errback { "FAILURE" } else { "SUCCESS" };
    if entry(row, "ran") != Value::Int(1) || state != end {
        let follows = ["chain", "callback", "two steps"].map(|base| Value::Str(base.into()));
        let failed = read.meta.as_ref().map(|meta| meta.status == State::Failure);
        if read.runs != 0 && failed == Some(true) && follows.contains(&entry(row, "base")) {
            return Some("it is run, and what follows it cannot be sent".to_owned());
        }
        return not_ended(read);
    }
    let is_own = entry(row, "at").as_list().is_some_and(|at| at.len() == 2);
    if entry(row, "value") == Value::Str(LATER.into()) && is_own && is_of(row, "eta") {
        return (read.runs != 0).then(|| "it is run early".to_owned());
    }
    let Some(meta) = &read.meta else {
        return (read.runs != 1).then(|| "it is not run".to_owned());
    };
    let told = format!("{} {:?}", meta.status.as_str(), meta.result);
    if read.runs != 1 {
        return Some(format!("it is not run: {:?} {told}", read.outcome));
    }
    if meta.status.as_str() != state {
        return Some(format!("it is {told}"));
    }
    let result = entry(row, "result");
    if !of_errback && canonical(&meta.result) != canonical(&result) {
        return Some(format!("it is {told}, not {result:?}"));
    }
    let Value::List(sent) = entry(row, "sent") else {
        panic!("{row:?}")
    };
    let pairs = sent.iter().zip(ours);
    let alike =
        sent.len() == ours.len() && pairs.fold(true, |all, (one, two)| all & same(row, one, two));
    let texts = |sent: &[Value]| sent.iter().map(canonical).collect::<String>();
    (!alike).then(|| format!("it sends\n    {}, not\n    {}", texts(ours), texts(&sent)))
}

/// Whether the row is about a part of this name.
fn is_of(row: &Value, part: &str) -> bool {
    let at = entry(row, "at");
    let last = at
        .as_list()
        .and_then(<[Value]>::last)
        .and_then(Value::as_str);
    last == Some(part)
}

fn not_ended(read: &Read) -> Option<String> {
    let ended = matches!(read.outcome, Outcome::Ack | Outcome::DeadLetter(_));
    (!ended).then(|| format!("{:?}", read.outcome))
}

fn message_of(row: &Value, bases: &HashMap<String, Value>) -> Value {
    let Value::List(at) = entry(row, "at") else {
        return entry(row, "message");
    };
    let base = &bases[&canonical(&entry(row, "base"))];
    with_value(base, &at, &entry(row, "value"))
}

#[tokio::test]
async fn what_celery_runs_is_run() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/fixtures/wire/interop/celery_reads.jsonl"
    );
    let table = std::fs::read_to_string(path).expect("the fixture");
    let rows: Vec<_> = table.lines().map(|line| loaded(line.as_bytes())).collect();
    let bases: HashMap<_, _> = rows
        .iter()
        .filter(|row| entry(row, "at").is_null())
        .map(|row| (canonical(&entry(row, "base")), entry(row, "message")))
        .collect();
    let (mut wrong, mut told) = (0, String::new());
    for (place, some) in rows.chunks(AT_ONCE).enumerate() {
        let reader = Reader::new();
        let reads = some.iter().enumerate().map(|(number, row)| {
            let message = message_of(row, &bases);
            let (reader, ids) = (&reader, Ids::of_row(place * AT_ONCE + number));
            async move { reader.read(&message, &ids).await }
        });
        let reads = join_all(reads).await;
        let sent = reader.sent();
        for (number, (row, read)) in some.iter().zip(reads).enumerate() {
            let own = Ids::of_row(place * AT_ONCE + number).sent(&sent);
            if let Some(text) = judged(row, &read, &own) {
                wrong += 1;
                let [base, at, value] = ["base", "at", "value"].map(|key| dumped(&entry(row, key)));
                let _ = writeln!(told, "{base} {at} = {value}: {text}");
            }
        }
    }
    assert!(wrong == 0, "{wrong} of {} differ:\n{told}", rows.len());
}
