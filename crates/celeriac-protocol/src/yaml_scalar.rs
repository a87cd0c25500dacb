//! What a scalar means in YAML 1.1, by the rules of PyYAML's `safe_load`.

use crate::short_text::{is_not, shown};
use crate::{BigInt, Value, lenient_base64, python_text};

/// An unquoted scalar without a tag.
pub(crate) fn plain(text: &str) -> Result<Value, String> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        _ => {}
    }
    if let Some(flag) = boolean(text) {
        return Ok(Value::Bool(flag));
    }
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+' | '.')) {
        return Ok(Value::Str(text.to_owned()));
    }
    if is_float(text) {
        return float(text);
    }
    if is_int(text) {
        return int(text);
    }
    match timestamp_parts(text) {
        Some(parts) => timestamp(text, &parts),
        None => Ok(Value::Str(text.to_owned())),
    }
}

/// A scalar with one of YAML's own tags, given without `tag:yaml.org,2002:`.
pub(crate) fn tagged(tag: &str, text: &str) -> Result<Value, String> {
    let wrong = || is_not(text, &format!("a {tag}"));
    match tag {
        "str" => Ok(Value::Str(text.to_owned())),
        "null" => Ok(Value::Null),
        "bool" => boolean(text).map(Value::Bool).ok_or_else(wrong),
        "int" if is_int(text) => int(text),
        "float" if is_float(text) => float(text),
        "float" if is_int(text) => float(&format!("{text}.")),
        "binary" => lenient_base64::decode(text).map(Value::Bytes),
        "timestamp" => match timestamp_parts(text) {
            Some(parts) => timestamp(text, &parts),
            None => Err(wrong()),
        },
        "int" | "float" => Err(wrong()),
        _ => Err(format!("the tag `!!{}` is not known", shown(tag))),
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['+', '-']).unwrap_or(text)
}

fn is_run(text: &str, is_allowed: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(|byte| is_allowed(byte) || byte == b'_')
}

fn is_digits(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
        && is_run(text, |byte| byte.is_ascii_digit())
}

fn is_int(text: &str) -> bool {
    let text = unsigned(text);
    if let Some(digits) = text.strip_prefix("0b") {
        return is_run(digits, |byte| matches!(byte, b'0' | b'1'));
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return is_run(digits, |byte| byte.is_ascii_hexdigit());
    }
    match text.strip_prefix('0') {
        Some("") => true,
        Some(octal) => is_run(octal, |byte| matches!(byte, b'0'..=b'7')),
        None => is_digits(text) || is_sexagesimal(text),
    }
}

/// `1:30:00`, which YAML 1.1 reads as a number to the base 60.
fn is_sexagesimal(text: &str) -> bool {
    let Some((first, rest)) = text.split_once(':') else {
        return false;
    };
    is_digits(first) && rest.split(':').all(is_sixtieth)
}

fn is_sixtieth(text: &str) -> bool {
    text.len() < 3 && is_all_digits(text) && text.parse::<u8>().is_ok_and(|part| part < 60)
}

fn int(text: &str) -> Result<Value, String> {
    let digits = text.replace('_', "");
    let sign = if digits.starts_with('-') { "-" } else { "" };
    let body = unsigned(&digits);
    let radix = |digits: &str, radix: u32| {
        let number = i128::from_str_radix(&format!("{sign}{digits}"), radix);
        number
            .map(Value::from)
            .map_err(|_| format!("the number `{}` is too large", shown(text)))
    };
    if let Some(binary) = body.strip_prefix("0b") {
        return radix(binary, 2);
    }
    if let Some(hex) = body.strip_prefix("0x") {
        return radix(hex, 16);
    }
    if body.len() > 1 && body.starts_with('0') {
        return radix(body, 8);
    }
    if body.contains(':') {
        let mut parts = body.split(':').map(str::parse::<i128>);
        let number = parts.try_fold(0_i128, |sum, part| {
            sum.checked_mul(60)?.checked_add(part.ok()?)
        });
        let number = number.ok_or_else(|| format!("the number `{}` is too large", shown(text)))?;
        return Ok(Value::from(if sign.is_empty() { number } else { -number }));
    }
    let number: BigInt = digits.parse().map_err(|_| is_not(text, "a number"))?;
    Ok(Value::from(number))
}

fn is_float(text: &str) -> bool {
    let body = unsigned(text);
    if matches!(body, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let Some((whole, fraction)) = body.split_once('.') else {
        return false;
    };
    if whole.contains(':') {
        return is_sexagesimal(whole) && is_fraction(fraction);
    }
    let (fraction, exponent) = match fraction.find(['e', 'E']) {
        Some(at) => (&fraction[..at], Some(&fraction[at + 1..])),
        None => (fraction, None),
    };
    let is_exponent = exponent.is_none_or(|exponent| {
        let digits = unsigned(exponent);
        digits.len() < exponent.len() && is_all_digits(digits)
    });
    let is_leading_dot = whole.is_empty() && body == text && is_digits(fraction);
    is_exponent && (is_leading_dot || (is_digits(whole) && is_fraction(fraction)))
}

fn is_fraction(text: &str) -> bool {
    text.is_empty() || is_run(text, |byte| byte.is_ascii_digit())
}

fn is_all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn float(text: &str) -> Result<Value, String> {
    let digits = text.replace('_', "").to_ascii_lowercase();
    let body = unsigned(&digits);
    let sign = if digits.starts_with('-') { -1.0 } else { 1.0 };
    let number = match body {
        ".inf" => Ok(f64::INFINITY),
        ".nan" => Ok(f64::NAN),
        _ => body
            .split(':')
            .map(str::parse::<f64>)
            .try_fold(0.0, |sum, part| part.map(|part| sum * 60.0 + part)),
    };
    number
        .map(|number| Value::Float(sign * number))
        .map_err(|_| is_not(text, "a number"))
}

/// The fields of a timestamp's text, as they were written.
struct Timestamp<'a> {
    year: &'a str,
    month: &'a str,
    day: &'a str,
    /// Hour, minute, second, fraction and offset.
    time: Option<(&'a str, &'a str, &'a str, &'a str, &'a str)>,
}

fn timestamp_parts(text: &str) -> Option<Timestamp<'_>> {
    let (year, rest) = digits(text, 4, 4)?;
    let (month, rest) = digits(rest.strip_prefix('-')?, 1, 2)?;
    let (day, rest) = digits(rest.strip_prefix('-')?, 1, 2)?;
    if rest.is_empty() {
        let is_date = month.len() == 2 && day.len() == 2;
        let time = None;
        return is_date.then_some(Timestamp {
            year,
            month,
            day,
            time,
        });
    }
    let rest = match rest.strip_prefix(['T', 't']) {
        Some(rest) => rest,
        None => rest
            .strip_prefix([' ', '\t'])?
            .trim_start_matches([' ', '\t']),
    };
    let (hour, rest) = digits(rest, 1, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(':')?, 2, 2)?;
    let (second, rest) = digits(rest.strip_prefix(':')?, 2, 2)?;
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest, 0, usize::MAX)?,
        None => ("", rest),
    };
    let offset = rest.trim_start_matches([' ', '\t']);
    let is_offset = rest.is_empty() || offset == "Z" || is_numeric_offset(offset);
    let time = Some((hour, minute, second, fraction, offset));
    is_offset.then_some(Timestamp {
        year,
        month,
        day,
        time,
    })
}

fn is_numeric_offset(text: &str) -> bool {
    let parsed = text
        .strip_prefix(['+', '-'])
        .and_then(|text| digits(text, 1, 2));
    let minutes = |rest: &str| {
        let minutes = rest.strip_prefix(':').and_then(|rest| digits(rest, 2, 2));
        minutes.is_some_and(|(_, rest)| rest.is_empty())
    };
    parsed.is_some_and(|(_, rest)| rest.is_empty() || minutes(rest))
}

fn digits(text: &str, min: usize, max: usize) -> Option<(&str, &str)> {
    let count = text.bytes().take_while(u8::is_ascii_digit).count().min(max);
    (count >= min).then(|| text.split_at(count))
}

/// The timestamp in Python's ISO form.
fn timestamp(text: &str, parts: &Timestamp<'_>) -> Result<Value, String> {
    let date = format!("{}-{:0>2}-{:0>2}", parts.year, parts.month, parts.day);
    let value = match parts.time {
        None => Value::Date(date.clone()),
        Some((hour, minute, second, fraction, offset)) => {
            let micros: String = fraction.chars().chain("000000".chars()).take(6).collect();
            let fraction = if micros == "000000" {
                String::new()
            } else {
                format!(".{micros}")
            };
            let offset = iso_offset(offset);
            Value::DateTime(format!(
                "{date}T{hour:0>2}:{minute}:{second}{fraction}{offset}"
            ))
        }
    };
    let iso = match &value {
        Value::DateTime(iso) => iso,
        _ => &date,
    };
    if python_text::is_datetime(iso) {
        Ok(value)
    } else {
        Err(is_not(text, "a time that exists"))
    }
}

fn iso_offset(offset: &str) -> String {
    match offset.split_at_checked(1) {
        None => String::new(),
        Some(("Z", _)) => "+00:00".to_owned(),
        Some((sign, rest)) => {
            let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "00"));
            format!("{sign}{hours:0>2}:{minutes}")
        }
    }
}
