//! How Python would show a value, for error texts.

use celeriac_protocol::Value;

/// Characters of a text that are shown.
const SHOWN: usize = 60;

/// The type's name, and a scalar's value: `str 'abc'`, `int 3`, `None`, `list`.
pub(crate) fn describe(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "bool True".to_owned(),
        Value::Bool(false) => "bool False".to_owned(),
        Value::Int(number) => format!("int {number}"),
        Value::BigInt(_) => "int of more than 64 bits".to_owned(),
        Value::Float(number) => format!("float {}", float(*number)),
        Value::Str(text) => format!("str {}", quote(text)),
        Value::Bytes(_) => "bytes".to_owned(),
        Value::DateTime(text) => format!("datetime {text}"),
        Value::Date(text) => format!("date {text}"),
        Value::Time(text) => format!("time {text}"),
        Value::Decimal(text) => format!("Decimal {text}"),
        Value::Uuid(text) => format!("UUID {text}"),
        Value::List(_) => "list".to_owned(),
        Value::Dict(_) => "dict".to_owned(),
    }
}

fn float(number: f64) -> String {
    if number.is_nan() {
        "nan".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 {
            "inf".to_owned()
        } else {
            "-inf".to_owned()
        }
    } else {
        format!("{number:?}")
    }
}

fn quote(text: &str) -> String {
    let shown: String = text.chars().take(SHOWN).flat_map(escape).collect();
    let dots = if text.chars().nth(SHOWN).is_some() {
        "..."
    } else {
        ""
    };
    format!("'{shown}{dots}'")
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

    #[test]
    fn scalars_show_their_value() {
        assert_eq!(describe(&Value::Str("it's\n".to_owned())), r"str 'it\'s\n'");
        assert_eq!(describe(&Value::Float(1.0)), "float 1.0");
        assert_eq!(describe(&Value::Null), "None");
        assert_eq!(describe(&Value::List(Vec::new())), "list");
    }

    #[test]
    fn long_texts_are_cut() {
        let text = describe(&Value::Str("é".repeat(100)));
        assert_eq!(text, format!("str '{}...'", "é".repeat(60)));
    }
}
