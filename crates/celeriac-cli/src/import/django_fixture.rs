//! What `manage.py dumpdata django_celery_beat` prints: objects of its models, each
//! `{"model", "pk", "fields"}`.

use celeriac::{Dict, Value};

use super::django_model::Fields;
use super::imported::Imported;
use super::schedule_dump::without_exchange;

const APP: &str = "django_celery_beat.";

/// Celery's own task that deletes old results; django-celery-beat adds it by itself.
const BACKEND_CLEANUP: &str = "celery.backend_cleanup";

/// The kinds of schedule that a task may have one of, by the names of its fields.
const KINDS: [&str; 4] = ["crontab", "interval", "solar", "clocked"];

pub(super) fn read(objects: &[Value]) -> Result<Imported, String> {
    let fixture = Fixture(objects);
    let mut imported = Imported::default();
    let mut tasks = fixture.of("periodictask").peekable();
    if tasks.peek().is_none() {
        return Err(format!(
            "there is no object of the model `{APP}periodictask` in it"
        ));
    }
    for (pk, fields) in tasks {
        let fields = Fields(fields);
        let name = fields
            .text("name")
            .unwrap_or_default()
            .unwrap_or_else(|| format!("periodictask {pk:?}"));
        if fields.text("task") == Ok(Some(BACKEND_CLEANUP.to_owned())) {
            imported.note(
                &name,
                "is left out: results expire by themselves (`result_expires`)",
            );
            continue;
        }
        let entry = entry(&name, fields, &fixture, &mut imported);
        imported.add(&name, entry);
    }
    Ok(imported)
}

struct Fixture<'a>(&'a [Value]);

impl<'a> Fixture<'a> {
    /// Primary key and fields of all objects of a model.
    fn of(&self, model: &str) -> impl Iterator<Item = (&'a Value, &'a Dict)> {
        let name = format!("{APP}{model}");
        self.0.iter().filter_map(move |object| match object {
            Value::Dict(object) if object.get("model") == Some(&Value::Str(name.clone())) => {
                match (object.get("pk"), object.get("fields")) {
                    (Some(pk), Some(Value::Dict(fields))) => Some((pk, fields)),
                    _ => None,
                }
            }
            _ => None,
        })
    }

    /// The one schedule of a task.
    fn schedule(&self, task: Fields<'_>) -> Result<(&'static str, Fields<'a>), String> {
        let given = |kind: &&str| task.0.get(*kind).is_some_and(|pk| *pk != Value::Null);
        let kinds: Vec<&'static str> = KINDS.into_iter().filter(|kind| given(kind)).collect();
        let &[kind] = kinds.as_slice() else {
            return Err(match kinds.as_slice() {
                [] => format!("it has none of {}", KINDS.join(", ")),
                many => format!("it has {}: only one may be", many.join(" and ")),
            });
        };
        let pk = task.0.get(kind);
        let found = self
            .of(&format!("{kind}schedule"))
            .find(|(is, _)| Some(*is) == pk);
        found.map(|(_, fields)| (kind, Fields(fields))).ok_or_else(|| {
            format!("`{kind}`: its {kind}schedule is not in the file: dump all of `django_celery_beat`")
        })
    }
}

fn entry(
    name: &str,
    task: Fields<'_>,
    fixture: &Fixture<'_>,
    imported: &mut Imported,
) -> Result<Dict, String> {
    let (kind, schedule) = fixture.schedule(task)?;
    let mut entry = Dict::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            entry.insert(key.to_owned(), value);
        }
    };
    put("task", task.text("task")?.map(Value::Str));
    put("schedule", Some(schedule.schedule(kind)?));
    put("args", task.json("args")?);
    put("kwargs", task.json("kwargs")?);
    put("options", Some(Value::Dict(options(name, task, imported)?)));
    put("start", time(name, task, "start_time", imported)?);
    put("end", time(name, task, "expires", imported)?);
    put("description", task.text("description")?.map(Value::Str));
    let mut enabled = task.flag("enabled", true)?;
    if enabled && kind != "clocked" && task.flag("one_off", false)? {
        enabled = false;
        imported.note(
            name,
            format!(
                "`one_off` with `{kind}` is turned off (`enabled = false`): write the time of its one run as \
                 `schedule = {{ at = ... }}`, and turn it on"
            ),
        );
    }
    put("enabled", Some(Value::Bool(enabled)));
    Ok(entry)
}

fn options(name: &str, task: Fields<'_>, imported: &mut Imported) -> Result<Dict, String> {
    let mut options = Dict::new();
    for option in ["queue", "exchange", "routing_key"] {
        if let Some(text) = task.text(option)? {
            options.insert(option.to_owned(), Value::Str(text));
        }
    }
    for (field, option) in [("priority", "priority"), ("expire_seconds", "expires")] {
        if let Some(number) = task.number(field)? {
            options.insert(option.to_owned(), Value::Int(number));
        }
    }
    if let Some(headers) = task.json("headers")? {
        options.insert("headers".to_owned(), headers);
    }
    without_exchange(name, &mut options, imported);
    Ok(options)
}

/// With `USE_TZ = False` Django's times have no offset.
fn time(
    name: &str,
    task: Fields<'_>,
    field: &str,
    imported: &mut Imported,
) -> Result<Option<Value>, String> {
    let Some(text) = task.text(field)? else {
        return Ok(None);
    };
    if text.parse::<celeriac::beat::jiff::Timestamp>().is_err() {
        imported.note(
            name,
            format!(
                "`{field}` has no offset and is read as UTC: add the offset of your `TIME_ZONE`"
            ),
        );
    }
    Ok(Some(Value::Str(text)))
}
