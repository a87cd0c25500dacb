use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Error, LitStr, Meta, Result, Token, Type};

use crate::option_value as value;

/// What stands in `#[task(...)]`.
#[derive(Default)]
pub(crate) struct TaskAttribute {
    /// The name on the wire.
    pub(crate) name: Option<LitStr>,
    /// Statements that set `__options`.
    pub(crate) assignments: Vec<TokenStream>,
    /// Something that only makes sense with automatic retries.
    implies_autoretry: bool,
    /// `autoretry` itself.
    autoretry: Option<bool>,
}

/// All options, for the error about another one.
const KNOWN: &[&str] = &[
    "name",
    "queue",
    "max_retries",
    "default_retry_delay",
    "retry_backoff",
    "retry_backoff_max",
    "retry_jitter",
    "autoretry",
    "autoretry_for",
    "dont_autoretry_for",
    "time_limit",
    "soft_time_limit",
    "acks_late",
    "ignore_result",
    "store_errors_even_if_ignored",
    "track_started",
    "priority",
    "expires",
    "serializer",
    "compression",
    "ledger",
    "dead_letter",
    "spill",
];

impl TaskAttribute {
    pub(crate) fn parse(tokens: TokenStream) -> Result<Self> {
        let metas = Punctuated::<Meta, Token![,]>::parse_terminated.parse2(tokens)?;
        let mut attribute = Self::default();
        let mut errors: Option<Error> = None;
        let mut seen = Vec::new();
        for meta in &metas {
            let name = option_name(meta);
            let result = if seen.contains(&name) {
                Err(Error::new_spanned(
                    meta.path(),
                    format!("`{name}` is given twice"),
                ))
            } else {
                attribute.set(&name, meta)
            };
            seen.push(name);
            note(&mut errors, result);
        }
        note(&mut errors, check_together(&metas));
        attribute.finish();
        errors.map_or(Ok(attribute), Err)
    }

    fn set(&mut self, name: &str, meta: &Meta) -> Result<()> {
        match name {
            "name" => self.name = Some(value::text(meta)?),
            "queue" | "spill" => {
                let queue = value::text(meta)?;
                self.assign(
                    name,
                    &quote!(::std::option::Option::Some(::std::string::String::from(#queue))),
                );
            }
            "time_limit" | "soft_time_limit" | "expires" => {
                let duration = value::positive_duration(meta)?;
                self.assign(name, &quote!(::std::option::Option::Some(#duration)));
            }
            "acks_late"
            | "ignore_result"
            | "store_errors_even_if_ignored"
            | "track_started"
            | "ledger" => {
                let switch = value::switch(meta)?;
                self.assign(name, &quote!(::std::option::Option::Some(#switch)));
            }
            "dead_letter" => {
                let switch = value::switch(meta)?;
                self.assign(name, &quote!(#switch));
            }
            "priority" => {
                let priority = value::priority(meta)?;
                self.assign(name, &quote!(::std::option::Option::Some(#priority)));
            }
            "serializer" | "compression" => {
                let variant = if name == "serializer" {
                    value::serializer(meta)?
                } else {
                    value::compression(meta)?
                };
                self.assign(
                    name,
                    &quote!(::std::option::Option::Some(::celeriac::__private::protocol::#variant)),
                );
            }
            _ => return self.set_retry(name, meta),
        }
        Ok(())
    }

    fn set_retry(&mut self, name: &str, meta: &Meta) -> Result<()> {
        let retried = match name {
            "max_retries" => value::max_retries(meta)?,
            "default_retry_delay" | "retry_backoff_max" => value::duration(meta)?,
            "retry_jitter" => {
                let switch = value::switch(meta)?;
                quote!(#switch)
            }
            "retry_backoff" => {
                let factor = value::backoff(meta)?;
                self.implies_autoretry |= factor.is_some();
                factor.map_or_else(
                    || quote!(::std::option::Option::None),
                    |factor| quote!(::std::option::Option::Some(#factor)),
                )
            }
            _ => return self.set_autoretry(name, meta),
        };
        let field = format_ident!("{name}");
        self.assignments
            .push(quote!(__options.retry.#field = #retried;));
        Ok(())
    }

    fn set_autoretry(&mut self, name: &str, meta: &Meta) -> Result<()> {
        match name {
            "autoretry" => self.autoretry = Some(value::switch(meta)?),
            "autoretry_for" | "dont_autoretry_for" => {
                let types = value::types(meta)?;
                let types = types.iter().map(error_type);
                self.implies_autoretry |= name == "autoretry_for";
                self.assign(name, &quote!(::std::vec![#(#types),*]));
            }
            _ => return Err(unknown(name, meta)),
        }
        Ok(())
    }

    fn assign(&mut self, name: &str, value: &TokenStream) {
        let field = format_ident!("{name}");
        self.assignments.push(quote!(__options.#field = #value;));
    }

    fn finish(&mut self) {
        let autoretry = self.autoretry.unwrap_or(self.implies_autoretry);
        self.assign("autoretry", &quote!(#autoretry));
    }
}

fn note(errors: &mut Option<Error>, result: Result<()>) {
    match (result, errors) {
        (Ok(()), _) => {}
        (Err(error), Some(errors)) => errors.combine(error),
        (Err(error), none) => *none = Some(error),
    }
}

/// Options that are fine alone.
fn check_together(metas: &Punctuated<Meta, Token![,]>) -> Result<()> {
    let given = |name: &str| metas.iter().find(|meta| meta.path().is_ident(name));
    if let (Some(soft), Some(hard)) = (given("soft_time_limit"), given("time_limit"))
        && let (Ok(told), Ok(ended)) = (value::length(soft), value::length(hard))
        && told > ended
    {
        let text = "`soft_time_limit` is over `time_limit`: the run would end before it is told";
        return Err(Error::new_spanned(soft, text));
    }
    if let (Some(most), None) = (given("retry_backoff_max"), given("retry_backoff")) {
        let text = "`retry_backoff_max` means nothing without `retry_backoff`";
        return Err(Error::new_spanned(most, text));
    }
    Ok(())
}

fn option_name(meta: &Meta) -> String {
    meta.path()
        .get_ident()
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// The option that a mistyped name most likely means.
fn nearest(name: &str) -> Option<&'static str> {
    let close = |known: &&str| strsim::normalized_damerau_levenshtein(name, known);
    let best = KNOWN
        .iter()
        .max_by(|one, other| close(one).total_cmp(&close(other)))?;
    (close(best) >= 0.75).then_some(best)
}

fn unknown(name: &str, meta: &Meta) -> Error {
    let hint = match name {
        "bind" => "; to know the running task, add a parameter `ctx: Context`".to_owned(),
        "retry_kwargs" => "; use `max_retries` and `default_retry_delay`".to_owned(),
        _ => nearest(name).map_or_else(
            || {
                let known: Vec<_> = KNOWN.iter().map(|name| format!("`{name}`")).collect();
                format!("; known are {}", known.join(", "))
            },
            |meant| format!("; did you mean `{meant}`?"),
        ),
    };
    Error::new_spanned(
        meta.path(),
        format!("`#[task]` has no option `{name}`{hint}"),
    )
}

/// `ErrorType::of`, or `of_other` for a type that is no `std::error::Error`: the compiler takes the
/// trait of the fewest references.
fn error_type(of: &Type) -> TokenStream {
    quote_spanned! {of.span()=> {
        #[allow(unused_imports, reason = "one of them is used")]
        use ::celeriac::__private::core::macro_support::{OfError as _, OfOther as _};
        (&&::celeriac::__private::core::macro_support::Of::<#of>::NEW).error_type()
    }}
}
