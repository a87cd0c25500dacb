/// A finite or infinite number as Python's `repr` shows it: `1e+16`, `1e-05`, `inf`.
pub(crate) fn repr(number: f64) -> String {
    if !number.is_finite() {
        return non_finite(number).to_owned();
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if number != 0.0 && !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    let plain = format!("{number}");
    if plain.contains('.') {
        plain
    } else {
        plain + ".0"
    }
}

fn non_finite(number: f64) -> &'static str {
    if number.is_nan() {
        "nan"
    } else if number > 0.0 {
        "inf"
    } else {
        "-inf"
    }
}

/// A number as Python's `json` writes it for the key of a dict: `1.5`, `NaN`, `-Infinity`.
pub(crate) fn json_key(number: f64) -> String {
    if number.is_finite() {
        return repr(number);
    }
    let word = match non_finite(number) {
        "nan" => "NaN",
        "inf" => "Infinity",
        _ => "-Infinity",
    };
    word.to_owned()
}
