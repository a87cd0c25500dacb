use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, Result, Type};

use crate::parameter::last_segment;

/// What a task's function returns.
pub(crate) enum ReturnType {
    /// Nothing.
    Unit,
    /// A `Result` of any kind, told by its name: the type of its value is found by a trait.
    Result(Type),
    /// The value itself.
    Plain(Type),
}

impl ReturnType {
    pub(crate) fn of(output: &syn::ReturnType) -> Result<Self> {
        match output {
            syn::ReturnType::Default => Ok(Self::Unit),
            syn::ReturnType::Type(_, ty) => match &**ty {
                Type::ImplTrait(_) => Err(Error::new_spanned(
                    ty,
                    "a task must return a type with a name, so that its callers know it",
                )),
                Type::Reference(_) => Err(Error::new_spanned(
                    ty,
                    "a task's result must own what it holds: return `String` instead of `&str`, say",
                )),
                named if is_result(named) => Ok(Self::Result(named.clone())),
                plain => Ok(Self::Plain(plain.clone())),
            },
        }
    }

    /// The type of the task's value.
    pub(crate) fn output(&self) -> TokenStream {
        match self {
            Self::Unit => quote!(()),
            Self::Result(ty) => {
                quote_spanned!(ty.span()=> <#ty as ::celeriac::__private::core::IntoTaskResult>::Value)
            }
            Self::Plain(ty) => quote!(#ty),
        }
    }
}

fn is_result(ty: &Type) -> bool {
    last_segment(ty)
        .is_some_and(|segment| segment.ident == "Result" || segment.ident == "TaskResult")
}
