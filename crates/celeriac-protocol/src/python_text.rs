//! Which texts Python's `datetime`, `time`, `Decimal` and `UUID` accept.

use crate::iso_time::{self, number};

/// What `datetime.fromisoformat` takes.
pub(crate) fn is_datetime(text: &str) -> bool {
    let Some(rest) = date(text) else { return false };
    let mut chars = rest.chars();
    // Any one character may stand between date and time.
    chars.next().is_none() || is_time_of_day(chars.as_str())
}

/// `YYYY-MM-DD`, and what else `datetime.fromisoformat` takes without a time.
pub(crate) fn is_date(text: &str) -> bool {
    date(text) == Some("")
}

/// How much of a datetime's text is its date.
pub(crate) fn date_length(text: &str) -> usize {
    text.len() - date(text).map_or(0, str::len)
}

/// What `time.fromisoformat` takes.
pub(crate) fn is_time(text: &str) -> bool {
    is_time_of_day(text.strip_prefix('T').unwrap_or(text))
}

/// The form of a time that every Python from 3.8 on reads; nothing if it is that already.
pub(crate) fn portable_time(text: &str) -> Option<String> {
    let (whole, rest) = text.split_at(text.find(['.', ',']).unwrap_or(text.len()));
    let digits = rest.bytes().skip(1).take_while(u8::is_ascii_digit).count();
    let is_zulu = text.ends_with('Z');
    if !is_zulu && matches!(digits, 0 | 3 | 6) && !rest.starts_with(',') {
        return None;
    }
    let body = if is_zulu {
        &text[..text.len() - 1]
    } else {
        text
    };
    let mut portable = match body.get(whole.len() + 1..whole.len() + 1 + digits) {
        Some(fraction) => format!(
            "{whole}.{fraction:0<6.6}{}",
            &body[whole.len() + 1 + digits..]
        ),
        None => body.to_owned(),
    };
    if is_zulu {
        portable.push_str("+00:00");
    }
    Some(portable)
}

/// What `Decimal` takes.
pub(crate) fn is_decimal(text: &str) -> bool {
    let text = text.trim().replace('_', "");
    let text = text.strip_prefix(['+', '-']).unwrap_or(&text);
    is_special_decimal(text) || is_plain_decimal(text)
}

/// The 32 hex digits of a UUID's text; dashes, braces and the `urn:uuid:` prefix are dropped.
pub(crate) fn uuid_hex(text: &str) -> Option<String> {
    let text = text.replace("urn:", "").replace("uuid:", "");
    let text = text.trim_matches(['{', '}']).replace('-', "");
    let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| text.to_ascii_lowercase())
}

fn is_special_decimal(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let nan = text.strip_prefix('s').unwrap_or(&text).strip_prefix("nan");
    matches!(text.as_str(), "inf" | "infinity") || nan.is_some_and(are_digits)
}

fn is_plain_decimal(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_exponent = |text: &str| {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        !digits.is_empty() && are_digits(digits)
    };
    are_digits(whole)
        && are_digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(is_exponent)
}

fn are_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `YYYY-MM-DD` or `YYYYMMDD`; gives the rest.
fn date(text: &str) -> Option<&str> {
    let dashed = text.as_bytes().get(4) == Some(&b'-');
    let (year, rest) = number(text, 4)?;
    let (month, rest) = number(skip(rest, dashed, '-')?, 2)?;
    let (day, rest) = number(skip(rest, dashed, '-')?, 2)?;
    iso_time::day_number(year, month, day).map(|_| rest)
}

/// `HH[:MM[:SS[.f…]]]`, with colons or without, and an offset.
fn is_time_of_day(text: &str) -> bool {
    let (clock, offset) = match text.find(['Z', '+', '-']) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let is_offset = match offset.strip_prefix(['+', '-']) {
        Some(offset) => is_clock(offset),
        None => matches!(offset, "" | "Z"),
    };
    is_clock(clock) && is_offset
}

fn is_clock(text: &str) -> bool {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let colons = whole.contains(':');
    let Some((hour, mut rest)) = number(whole, 2) else {
        return false;
    };
    let mut parts = 1;
    while !rest.is_empty() && parts < 3 {
        let Some((part, after)) = skip(rest, colons, ':').and_then(|rest| number(rest, 2)) else {
            return false;
        };
        if part > 59 {
            return false;
        }
        (rest, parts) = (after, parts + 1);
    }
    let has_fraction = text.len() > whole.len();
    hour < 24
        && rest.is_empty()
        && (!has_fraction || parts == 3)
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
}

fn skip(text: &str, wanted: bool, separator: char) -> Option<&str> {
    if wanted {
        text.strip_prefix(separator)
    } else {
        Some(text)
    }
}
