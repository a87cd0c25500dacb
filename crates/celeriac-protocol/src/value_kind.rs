//! How texts for people name a value: what it is, and what is in it.

use crate::short_text::shown;
use crate::{Value, python_float};

impl Value {
    /// Python's name for the type: `str`, `int`, `NoneType`.
    pub fn type_name(&self) -> &'static str {
        self.names().0
    }

    /// What it is, as a Python programmer says: "a str", "an int", "None", "a list".
    pub fn kind(&self) -> &'static str {
        self.names().1
    }

    /// The type's name, and a scalar's value as Python shows it: `str 'abc'`, `int 3`, `None`,
    /// `list`. Long texts are cut.
    ///
    /// ```
    /// use celeriac_protocol::Value;
    ///
    /// assert_eq!(Value::from("abc").describe(), "str 'abc'");
    /// assert_eq!(Value::List(vec![]).describe(), "list");
    /// ```
    pub fn describe(&self) -> String {
        let name = self.type_name();
        match self {
            Self::Null => self.kind().to_owned(),
            Self::Bool(true) => format!("{name} True"),
            Self::Bool(false) => format!("{name} False"),
            Self::Int(number) => format!("{name} {number}"),
            Self::BigInt(_) => format!("{name} of more than 64 bits"),
            Self::Float(number) => format!("{name} {}", python_float::repr(*number)),
            Self::Str(text) => format!("{name} {}", quoted(text)),
            Self::DateTime(text)
            | Self::Date(text)
            | Self::Time(text)
            | Self::Decimal(text)
            | Self::Uuid(text) => format!("{name} {}", shown(text)),
            Self::Bytes(_) | Self::List(_) | Self::Dict(_) => name.to_owned(),
        }
    }

    /// As whoever writes a settings file knows it: a scalar as it stands there (`` `abc` ``, `3`,
    /// `true`), any other value by its kind.
    pub fn as_in_settings(&self) -> String {
        match self {
            Self::Str(text) => format!("`{}`", shown(text)),
            Self::Int(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Bool(yes) => yes.to_string(),
            Self::Null => "nothing".to_owned(),
            Self::Dict(_) => "a table".to_owned(),
            other => other.kind().to_owned(),
        }
    }

    /// Python's name for the type, and the kind.
    fn names(&self) -> (&'static str, &'static str) {
        match self {
            Self::Null => ("NoneType", "None"),
            Self::Bool(_) => ("bool", "a bool"),
            Self::Int(_) | Self::BigInt(_) => ("int", "an int"),
            Self::Float(_) => ("float", "a float"),
            Self::Str(_) => ("str", "a str"),
            Self::Bytes(_) => ("bytes", "a bytes object"),
            Self::DateTime(_) => ("datetime", "a datetime"),
            Self::Date(_) => ("date", "a date"),
            Self::Time(_) => ("time", "a time"),
            Self::Decimal(_) => ("Decimal", "a Decimal"),
            Self::Uuid(_) => ("UUID", "a UUID"),
            Self::List(_) => ("list", "a list"),
            Self::Dict(_) => ("dict", "a dict"),
        }
    }
}

fn quoted(text: &str) -> String {
    let shown: String = shown(text).chars().flat_map(escape).collect();
    format!("'{shown}'")
}

fn escape(character: char) -> Vec<char> {
    match character {
        '\'' | '\\' => vec!['\\', character],
        '\n' => vec!['\\', 'n'],
        '\r' => vec!['\\', 'r'],
        '\t' => vec!['\\', 't'],
        control if control.is_control() => {
            format!("\\x{:02x}", u32::from(control)).chars().collect()
        }
        other => vec![other],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dict;

    #[test]
    fn scalars_show_their_value() {
        let text = Value::Str("it's\n".to_owned());
        assert_eq!(text.describe(), r"str 'it\'s\n'");
        assert_eq!(Value::Float(1.0).describe(), "float 1.0");
        assert_eq!(Value::Float(f64::NAN).describe(), "float nan");
        assert_eq!(Value::Null.describe(), "None");
        assert_eq!(
            Value::Date("2027-01-02".to_owned()).describe(),
            "date 2027-01-02"
        );
        assert_eq!(Value::List(Vec::new()).describe(), "list");
    }

    #[test]
    fn long_texts_are_cut() {
        let text = Value::Str("é".repeat(100)).describe();
        assert_eq!(text, format!("str '{}...'", "é".repeat(60)));
    }

    #[test]
    fn settings_show_what_was_written() {
        let shown = |value: Value| value.as_in_settings();
        assert_eq!(shown(Value::Str("soon".to_owned())), "`soon`");
        assert_eq!(shown(Value::Int(-1)), "-1");
        assert_eq!(shown(Value::Bool(true)), "true");
        assert_eq!(shown(Value::List(Vec::new())), "a list");
        assert_eq!(shown(Value::Dict(Dict::new())), "a table");
        assert_eq!(shown(Value::Null), "nothing");
    }
}
