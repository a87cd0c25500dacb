//! ISO-8601 as `dateutil.parser.isoparse`, Celery's reader, takes it.

const SECONDS_PER_DAY: i64 = 86_400;

/// Microseconds since the epoch.
pub(crate) fn parse_micros(text: &str) -> Option<i64> {
    let (days, rest) = date(text)?;
    let mut chars = rest.chars();
    // Any one character may stand between date and time.
    let (seconds, micros) = match chars.next() {
        None => (0, 0),
        Some(_) => time(chars.as_str())?,
    };
    Some((days * SECONDS_PER_DAY + seconds) * 1_000_000 + micros)
}

/// Year, month and day of a day since the epoch.
///
/// See <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>.
pub(crate) fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 {
        month_index + 3
    } else {
        month_index - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The inverse of [`civil`].
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_index = (month + 9) % 12;
    let day_of_year = (153 * month_index + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, `YYYYMMDD`, `YYYY-Www[-D]` or `YYYY-DDD`; gives the rest.
fn date(text: &str) -> Option<(i64, &str)> {
    let (year, rest) = number(text, 4)?;
    let (dashed, rest) = optional(rest, '-');
    if let Some(week) = rest.strip_prefix('W') {
        return week_date(year, week, dashed);
    }
    if rest.is_empty() && !dashed {
        return day_number(year, 1, 1).map(|days| (days, rest));
    }
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 3 {
        return ordinal_date(year, rest);
    }
    let (month, rest) = number(rest, 2)?;
    if dashed && !rest.starts_with('-') {
        return day_number(year, month, 1).map(|days| (days, rest));
    }
    let rest = if dashed {
        rest.strip_prefix('-')?
    } else {
        rest
    };
    let (day, rest) = number(rest, 2)?;
    day_number(year, month, day).map(|days| (days, rest))
}

fn week_date(year: i64, text: &str, dashed: bool) -> Option<(i64, &str)> {
    let (week, rest) = number(text, 2)?;
    let (dash, after) = optional(rest, '-');
    let (day, rest) = match number(after, 1) {
        Some((day, rest)) if dash == dashed => (day, rest),
        _ => (1, rest),
    };
    let is_valid = year > 0 && (1..=53).contains(&week) && (1..=7).contains(&day);
    let fourth = days(year, 1, 4);
    let monday = fourth - (fourth + 3).rem_euclid(7);
    is_valid.then_some((monday + (week - 1) * 7 + day - 1, rest))
}

fn ordinal_date(year: i64, text: &str) -> Option<(i64, &str)> {
    let (day, rest) = number(text, 3)?;
    let first = day_number(year, 1, 1)?;
    let next_year = days(year + 1, 1, 1);
    (day >= 1 && first + day <= next_year).then_some((first + day - 1, rest))
}

/// The day's number since the epoch, if it exists.
pub(crate) fn day_number(year: i64, month: i64, day: i64) -> Option<i64> {
    let count = days(year, month, day);
    // A day that the month does not have comes back as another.
    let is_real = year > 0 && (1..=12).contains(&month) && civil(count) == (year, month, day);
    is_real.then_some(count)
}

/// `HH[:MM[:SS[.f…]]]` with an offset; gives seconds and microseconds of the day, in UTC.
fn time(text: &str) -> Option<(i64, i64)> {
    let (clock, offset) = match text.find(['Z', 'z', '+', '-']) {
        Some(at) => (&text[..at], offset(&text[at..])?),
        None => (text, 0),
    };
    let (seconds, micros) = clock_time(clock)?;
    Some((seconds - offset, micros))
}

fn clock_time(text: &str) -> Option<(i64, i64)> {
    let (whole, fraction) = match text.find(['.', ',']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let (hour, minute, second, parts) = clock(whole)?;
    let micros = match fraction {
        Some(digits) if parts == 3 => fraction_micros(digits)?,
        Some(_) => return None,
        None => 0,
    };
    let is_midnight = hour == 24 && minute == 0 && second == 0 && micros == 0;
    let is_valid = (hour < 24 || is_midnight) && minute < 60 && second < 60;
    is_valid.then_some((hour * 3600 + minute * 60 + second, micros))
}

/// Hour, minute, second, and how many of them were given.
fn clock(text: &str) -> Option<(i64, i64, i64, usize)> {
    let (hour, mut rest) = number(text, 2)?;
    let colons = rest.starts_with(':');
    let mut parts = [hour, 0, 0];
    let mut count = 1;
    while !rest.is_empty() {
        let digits = if colons {
            rest.strip_prefix(':')?
        } else {
            rest
        };
        let (part, after) = number(digits, 2)?;
        *parts.get_mut(count)? = part;
        (rest, count) = (after, count + 1);
    }
    Some((parts[0], parts[1], parts[2], count))
}

/// Digits beyond the sixth are cut.
fn fraction_micros(digits: &str) -> Option<i64> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let six: String = digits.chars().chain("000000".chars()).take(6).collect();
    six.parse().ok()
}

/// `Z`, `±HH`, `±HHMM` or `±HH:MM`, in seconds.
fn offset(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let (hour, minute, second, parts) = clock(text.get(1..)?)?;
    let seconds = hour * 3600 + minute * 60;
    let is_valid = parts < 3 && second == 0 && hour < 24 && minute < 60;
    is_valid.then_some(if text.starts_with('-') {
        -seconds
    } else {
        seconds
    })
}

fn optional(text: &str, char: char) -> (bool, &str) {
    text.strip_prefix(char)
        .map_or((false, text), |rest| (true, rest))
}

/// A number of exactly this many digits, and the rest.
pub(crate) fn number(text: &str, length: usize) -> Option<(i64, &str)> {
    let (digits, rest) = text.split_at_checked(length)?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok().map(|number| (number, rest)))?
}
