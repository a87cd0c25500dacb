//! Checks of settings: what a value may be, beyond its type. Each error says what would be right.
#![expect(
    clippy::ref_option,
    reason = "a check is given its setting as it stands"
)]

use std::time::Duration;

use crate::RouteTarget;

type Checked = Result<(), String>;

pub(crate) fn not_empty(text: &str) -> Checked {
    if text.trim().is_empty() {
        Err("expected a text that is not empty".to_owned())
    } else {
        Ok(())
    }
}

/// It becomes a part of names that services of AWS have rules for.
pub(crate) fn environment(name: &Option<String>) -> Checked {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    match name.as_deref() {
        Some(name) if name.is_empty() || !name.bytes().all(allowed) => Err(format!(
            "expected letters, digits, `-` and `_`, such as `staging`, got `{name}`"
        )),
        _ => Ok(()),
    }
}

pub(crate) fn at_least<T: Copy + PartialOrd + std::fmt::Display>(
    least: T,
) -> impl Fn(&T) -> Checked {
    move |number| {
        if *number >= least {
            Ok(())
        } else {
            Err(format!("expected at least {least}, got {number}"))
        }
    }
}

pub(crate) fn between(least: usize, most: usize) -> impl Fn(&usize) -> Checked {
    move |number| {
        if (least..=most).contains(number) {
            Ok(())
        } else {
            Err(format!("expected {least} to {most}, got {number}"))
        }
    }
}

pub(crate) fn seconds(least: u64, most: u64) -> impl Fn(&Duration) -> Checked {
    move |duration| {
        if (Duration::from_secs(least)..=Duration::from_secs(most)).contains(duration) {
            return Ok(());
        }
        Err(format!(
            "expected {least} to {most} seconds, got {} seconds",
            duration.as_secs_f64()
        ))
    }
}

pub(crate) fn positive(duration: &Option<Duration>) -> Checked {
    match duration {
        Some(Duration::ZERO) => {
            Err("expected more than 0 seconds; leave it out for no limit".to_owned())
        }
        _ => Ok(()),
    }
}

pub(crate) fn broker_url(url: &Option<String>) -> Checked {
    scheme(
        url.as_deref(),
        &["sqs://", "sqlite:"],
        "`sqs://...` or `sqlite:PATH`",
    )
}

pub(crate) fn result_backend(url: &Option<String>) -> Checked {
    let allowed = ["dynamodb://", "sqlite:", "disabled:"];
    scheme(
        url.as_deref(),
        &allowed,
        "`dynamodb://REGION/TABLE`, `sqlite:PATH` or `disabled://`",
    )
}

pub(crate) fn http_url(url: &Option<String>) -> Checked {
    scheme(
        url.as_deref(),
        &["http://", "https://"],
        "a URL such as `http://localhost:4566`",
    )
}

/// The value is not shown: it may hold a password.
fn scheme(url: Option<&str>, allowed: &[&str], expected: &str) -> Checked {
    let Some(url) = url else { return Ok(()) };
    let begins_with = |scheme: &&str| {
        let beginning = url.get(..scheme.len());
        beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(scheme))
    };
    if allowed.iter().any(begins_with) {
        return Ok(());
    }
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    let got = scheme.filter(|text| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    });
    let got = got.map_or_else(
        || "a text without a scheme".to_owned(),
        |scheme| format!("`{scheme}://...`"),
    );
    Err(format!("expected {expected}, got {got}"))
}

pub(crate) fn address(address: &Option<String>) -> Checked {
    match address {
        Some(address)
            if !address.starts_with("localhost:")
                && address.parse::<std::net::SocketAddr>().is_err() =>
        {
            Err(format!(
                "expected an address such as `127.0.0.1:8080`, got `{address}`"
            ))
        }
        _ => Ok(()),
    }
}

pub(crate) fn routes(routes: &[(String, RouteTarget)]) -> Checked {
    crate::settings::router(routes, "")
        .map(drop)
        .map_err(|error| format!("`{}`: {}", error.pattern, error.reason))
}
