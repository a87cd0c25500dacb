use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{Attribute, Error, Item, ItemMod, LitStr, Meta, Result, parse_quote};

/// A module whose tasks have names with a common prefix.
pub(crate) fn tasks(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let prefix = prefix(attribute)?;
    let mut module: ItemMod = syn::parse2(item).map_err(|error| {
        Error::new(
            error.span(),
            format!("`#[tasks(..)]` goes on a module: {error}"),
        )
    })?;
    let Some((_, items)) = &mut module.content else {
        return Err(Error::new_spanned(
            &module,
            "`#[tasks(..)]` needs the module's tasks in it: `mod tasks { .. }`, not `mod tasks;`",
        ));
    };
    for item in items {
        let Item::Fn(function) = item else { continue };
        let name = format!("{prefix}.{}", function.sig.ident.unraw());
        for attribute in &mut function.attrs {
            name_task(attribute, &name)?;
        }
    }
    Ok(module.into_token_stream())
}

fn prefix(attribute: TokenStream) -> Result<String> {
    let expected = "expected `#[tasks(prefix = \"shop.tasks\")]`";
    let span = proc_macro2::Span::call_site();
    let meta: Meta = syn::parse2(attribute).map_err(|_| Error::new(span, expected))?;
    let pair = meta.require_name_value()?;
    if !pair.path.is_ident("prefix") {
        return Err(Error::new_spanned(&pair.path, expected));
    }
    let text: LitStr = syn::parse2(pair.value.to_token_stream())?;
    let prefix = text.value();
    if prefix.is_empty() || prefix.ends_with('.') {
        return Err(Error::new_spanned(
            &text,
            "the prefix is a dotted name without a dot at its end: the task's name comes behind one",
        ));
    }
    Ok(prefix)
}

/// Gives a `#[task]` its name, unless it has one.
fn name_task(attribute: &mut Attribute, name: &str) -> Result<()> {
    if attribute
        .path()
        .segments
        .last()
        .is_none_or(|last| last.ident != "task")
    {
        return Ok(());
    }
    let path = attribute.path().clone();
    let options = match &attribute.meta {
        Meta::Path(_) => TokenStream::new(),
        meta => meta.require_list()?.tokens.clone(),
    };
    let named = options.to_string();
    let has_name = named
        .split(',')
        .any(|option| option.trim_start().starts_with("name ="));
    if !has_name {
        let options = quote!(name = #name, #options);
        *attribute = parse_quote!(#[#path(#options)]);
    }
    Ok(())
}
