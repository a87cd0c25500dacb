//! The values of options, each with an error that says what would be right.

use std::time::Duration;

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{Error, Expr, ExprLit, Lit, LitBool, LitStr, Meta, Result, Token, Type};

/// `= "text"`, not empty.
pub(crate) fn text(meta: &Meta) -> Result<LitStr> {
    match literal(meta) {
        Some(Lit::Str(text)) if !text.value().trim().is_empty() => Ok(text.clone()),
        _ => Err(expected(meta, "a text, such as `= \"reports\"`")),
    }
}

/// Alone, `= true` or `= false`.
pub(crate) fn switch(meta: &Meta) -> Result<bool> {
    match (meta, literal(meta)) {
        (Meta::Path(_), _) => Ok(true),
        (_, Some(Lit::Bool(LitBool { value, .. }))) => Ok(*value),
        _ => Err(expected(meta, "nothing, `= true` or `= false`")),
    }
}

/// Seconds, or a text that `humantime` reads.
pub(crate) fn duration(meta: &Meta) -> Result<TokenStream> {
    length(meta).map(tokens)
}

/// The same, over zero.
pub(crate) fn positive_duration(meta: &Meta) -> Result<TokenStream> {
    match length(meta)? {
        Duration::ZERO => Err(expected(meta, "more than 0 seconds")),
        duration => Ok(tokens(duration)),
    }
}

/// The same, as it is.
pub(crate) fn length(meta: &Meta) -> Result<Duration> {
    let duration = match literal(meta) {
        Some(Lit::Int(number)) => number.base10_parse().ok().map(Duration::from_secs),
        Some(Lit::Float(number)) => number
            .base10_parse()
            .ok()
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
        Some(Lit::Str(text)) => humantime::parse_duration(&text.value()).ok(),
        _ => None,
    };
    duration.ok_or_else(|| expected(meta, "a number of seconds or a text such as `= \"5m\"`"))
}

fn tokens(duration: Duration) -> TokenStream {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    quote!(::std::time::Duration::new(#seconds, #nanos))
}

/// A number, or `"none"` for ever.
pub(crate) fn max_retries(meta: &Meta) -> Result<TokenStream> {
    let for_ever = match meta {
        Meta::NameValue(pair) => {
            matches!(&pair.value, Expr::Path(path) if path.path.is_ident("None"))
        }
        _ => false,
    };
    match literal(meta) {
        _ if for_ever => return Ok(quote!(::std::option::Option::None)),
        Some(Lit::Str(text)) if text.value() == "none" => {
            return Ok(quote!(::std::option::Option::None));
        }
        Some(Lit::Int(number)) => {
            if let Ok(number) = number.base10_parse::<u32>() {
                return Ok(quote!(::std::option::Option::Some(#number)));
            }
        }
        _ => {}
    }
    Err(expected(
        meta,
        "a number such as `= 5`, or `= \"none\"` for ever",
    ))
}

/// Alone or `= true`: 1 s; a number; `= false`: none.
pub(crate) fn backoff(meta: &Meta) -> Result<Option<f64>> {
    if let Ok(on) = switch(meta) {
        return Ok(on.then_some(1.0));
    }
    length(meta)
        .map(|factor| Some(factor.as_secs_f64()))
        .map_err(|_| expected(meta, "nothing, or a number of seconds such as `= 2`"))
}

pub(crate) fn priority(meta: &Meta) -> Result<u8> {
    let number = match literal(meta) {
        Some(Lit::Int(number)) => number
            .base10_parse::<u8>()
            .ok()
            .filter(|number| *number <= 9),
        _ => None,
    };
    number.ok_or_else(|| expected(meta, "a number from 0 to 9"))
}

pub(crate) fn serializer(meta: &Meta) -> Result<TokenStream> {
    match text(meta)?.value().as_str() {
        "json" => Ok(quote!(Serializer::Json)),
        "msgpack" => Ok(quote!(Serializer::Msgpack)),
        "yaml" => Ok(quote!(Serializer::Yaml)),
        _ => Err(expected(meta, "`\"json\"`, `\"msgpack\"` or `\"yaml\"`")),
    }
}

pub(crate) fn compression(meta: &Meta) -> Result<TokenStream> {
    match text(meta)?.value().as_str() {
        "gzip" | "zlib" => Ok(quote!(Compression::Gzip)),
        "bzip2" | "bzip" => Ok(quote!(Compression::Bzip2)),
        "lzma" | "xz" => Ok(quote!(Compression::Xz)),
        "brotli" => Ok(quote!(Compression::Brotli)),
        "zstd" | "zstandard" => Ok(quote!(Compression::Zstd)),
        _ => Err(expected(
            meta,
            "`\"gzip\"`, `\"bzip2\"`, `\"lzma\"`, `\"brotli\"` or `\"zstd\"`",
        )),
    }
}

/// `(Timeout, io::Error)`.
pub(crate) fn types(meta: &Meta) -> Result<Vec<Type>> {
    let Meta::List(list) = meta else {
        return Err(expected(
            meta,
            "types of errors in parentheses, such as `(Timeout, io::Error)`",
        ));
    };
    let types = list.parse_args_with(Punctuated::<Type, Token![,]>::parse_terminated)?;
    if types.is_empty() {
        return Err(expected(meta, "at least one type"));
    }
    Ok(types.into_iter().collect())
}

fn literal(meta: &Meta) -> Option<&Lit> {
    match meta {
        Meta::NameValue(pair) => match &pair.value {
            Expr::Lit(ExprLit { lit, .. }) => Some(lit),
            _ => None,
        },
        _ => None,
    }
}

fn expected(meta: &Meta, what: &str) -> Error {
    let name = meta
        .path()
        .get_ident()
        .map(ToString::to_string)
        .unwrap_or_default();
    Error::new_spanned(meta, format!("`{name}` takes {what}"))
}
