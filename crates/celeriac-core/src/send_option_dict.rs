//! [`SendOptions`] in the form of a signature's `options`: Celery's names, numbers for seconds.

use celeriac_protocol::{Dict, Value};

use crate::SendOptions;
use crate::send_option::{OptionValue, expected};

/// Options that mean something only inside of a Python process.
const PYTHON_ONLY: &[&str] = &[
    "add_to_parent",
    "connection",
    "producer",
    "publisher",
    "result_cls",
    "retry",
    "retry_policy",
    "router",
    "task_type",
];

type Result<T> = std::result::Result<T, String>;

impl SendOptions {
    /// Reads a signature's options (Celery's names; numbers are seconds; `eta` and `expires` may be
    /// ISO texts). A null is an option not given. The error names the option.
    ///
    /// ```
    /// use celeriac_core::SendOptions;
    /// use celeriac_protocol::{Dict, Value};
    ///
    /// let options = Dict::from([
    ///     ("queue".to_owned(), Value::Str("mail".to_owned())),
    ///     ("countdown".to_owned(), Value::Float(1.5)),
    /// ]);
    /// let options = SendOptions::from_dict(&options).unwrap();
    /// assert_eq!(options.queue.as_deref(), Some("mail"));
    /// assert_eq!(options.countdown.unwrap().as_millis(), 1500);
    /// ```
    pub fn from_dict(options: &Dict) -> Result<Self> {
        let mut read = Self::default();
        for (name, value) in options {
            if *value != Value::Null && !PYTHON_ONLY.contains(&name.as_str()) {
                read.set(name, value)
                    .map_err(|reason| format!("option `{name}`: {reason}"))?;
            }
        }
        read.gather_stamps(options);
        Ok(read)
    }

    fn set(&mut self, name: &str, value: &Value) -> Result<()> {
        let known = match (name, value) {
            ("expires", Value::Int(_) | Value::Float(_)) => self.read(name, value)?,
            ("expires", _) => {
                self.expires_at = OptionValue::read(value)?;
                true
            }
            // the object that kombu makes of a queue
            ("queue", Value::Dict(queue)) => match queue.get("name") {
                Some(queue) => self.read(name, queue)?,
                None => return Err(expected("a queue's name", value)),
            },
            // what a Celery before 5.0 wrote
            ("group", _) => self.read("group_id", value)?,
            ("stamped_headers", _) => {
                self.stamps = stamp_names(value)?;
                true
            }
            _ => self.read(name, value)?,
        };
        if !known {
            self.extra.insert(name.to_owned(), value.clone());
        }
        Ok(())
    }

    /// Stamps stand beside the other options, under their names.
    fn gather_stamps(&mut self, options: &Dict) {
        for (name, stamp) in &mut self.stamps {
            self.extra.shift_remove(name);
            *stamp = options
                .get(name)
                .or_else(|| self.headers.get(name))
                .cloned()
                .unwrap_or_default();
        }
    }

    /// Celery's form, for signatures inside of other messages.
    pub fn to_dict(&self) -> Dict {
        let mut dict = Dict::new();
        self.write(&mut dict);
        if !self.stamps.is_empty() {
            let names = self.stamps.keys().cloned().map(Value::Str).collect();
            dict.insert("stamped_headers".to_owned(), Value::List(names));
        }
        for (name, value) in self.extra.iter().chain(&self.stamps) {
            dict.insert(name.clone(), value.clone());
        }
        dict
    }
}

fn stamp_names(value: &Value) -> Result<Dict> {
    match value {
        Value::List(names) => names
            .iter()
            .map(|name| Ok((String::read(name)?, Value::Null)))
            .collect(),
        other => Err(expected("a list of names", other)),
    }
}
