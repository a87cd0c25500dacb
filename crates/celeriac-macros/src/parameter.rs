use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{
    Attribute, Error, Expr, FnArg, GenericArgument, Ident, Meta, Pat, PatType, PathArguments,
    PathSegment, Result, Type,
};

/// A parameter of a task's function.
pub(crate) struct Parameter {
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    pub(crate) kind: ParameterKind,
}

/// Where a parameter's value comes from.
pub(crate) enum ParameterKind {
    /// The caller must give it.
    Required,
    /// An `Option`.
    Optional,
    /// With `#[default]`.
    Defaulted(TokenStream),
    /// Further positional arguments: `#[args]`, Python's `*args`.
    VarArgs,
    /// Further keyword arguments: `#[kwargs]`, Python's `**kwargs`.
    VarKwargs,
    /// The running task.
    Context,
    /// The app's shared value of this type.
    State(Box<Type>),
}

impl Parameter {
    /// Reads a parameter, and takes the `#[default]` off it.
    pub(crate) fn parse(argument: &mut FnArg) -> Result<Self> {
        let PatType { attrs, pat, ty, .. } = match argument {
            FnArg::Typed(typed) => typed,
            FnArg::Receiver(receiver) => {
                return Err(Error::new_spanned(
                    receiver,
                    "a task is a free function: it has no `self`",
                ));
            }
        };
        let Pat::Ident(syn::PatIdent {
            ident,
            by_ref: None,
            subpat: None,
            ..
        }) = &**pat
        else {
            return Err(Error::new_spanned(
                pat,
                "a task's parameter needs a plain name: callers may give it by keyword",
            ));
        };
        let default = take_default(attrs, ty)?;
        let variadic = take_variadic(attrs)?;
        check_owned(ty)?;
        let kind = match (kind_of(ty), default) {
            (_, Some(_)) if variadic.is_some() => {
                return Err(Error::new_spanned(
                    ty,
                    "`#[args]` and `#[kwargs]` are empty where nothing is given: they have no default",
                ));
            }
            (ParameterKind::Context | ParameterKind::State(_), None) if variadic.is_some() => {
                return Err(Error::new_spanned(
                    ty,
                    "`Context` and `State` are no arguments",
                ));
            }
            (_, None) if let Some(variadic) = variadic => variadic,
            (ParameterKind::Context | ParameterKind::State(_), Some(_)) => {
                return Err(Error::new_spanned(
                    ty,
                    "`Context` and `State` are no arguments: they have no default",
                ));
            }
            (_, Some(default)) => ParameterKind::Defaulted(default),
            (kind, None) => kind,
        };
        Ok(Self {
            name: ident.clone(),
            ty: (**ty).clone(),
            kind,
        })
    }

    /// The type of its `State`.
    pub(crate) fn state(&self) -> Option<&Type> {
        match &self.kind {
            ParameterKind::State(inner) => Some(inner),
            _ => None,
        }
    }

    /// Whether callers give it.
    pub(crate) fn is_argument(&self) -> bool {
        !matches!(self.kind, ParameterKind::Context | ParameterKind::State(_))
    }

    /// Whether it takes what has no parameter of its own.
    pub(crate) fn is_variadic(&self) -> bool {
        matches!(self.kind, ParameterKind::VarArgs | ParameterKind::VarKwargs)
    }

    pub(crate) fn is_required(&self) -> bool {
        matches!(self.kind, ParameterKind::Required)
    }

    /// The name on the wire: without the underscore by which Rust is told that it is not used.
    pub(crate) fn keyword(&self) -> String {
        let name = self.name.unraw().to_string();
        match name.trim_start_matches('_') {
            "" => name,
            keyword => keyword.to_owned(),
        }
    }

    /// The type that `s()` accepts for it.
    pub(crate) fn accepted_type(&self) -> TokenStream {
        let ty = &self.ty;
        if is_string(ty) {
            quote!(impl ::std::convert::Into<::std::string::String>)
        } else {
            quote!(#ty)
        }
    }

    /// What `s()` makes of what it accepted.
    pub(crate) fn accepted_value(&self) -> TokenStream {
        let name = &self.name;
        if is_string(&self.ty) {
            quote!(::std::convert::Into::<::std::string::String>::into(#name))
        } else {
            quote!(#name)
        }
    }
}

/// The last part of a plain path: `Context` of `celeriac::Context`.
pub(crate) fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        Type::Group(group) => last_segment(&group.elem),
        Type::Paren(paren) => last_segment(&paren.elem),
        _ => None,
    }
}

fn kind_of(ty: &Type) -> ParameterKind {
    let Some(segment) = last_segment(ty) else {
        return ParameterKind::Required;
    };
    match (segment.ident.to_string().as_str(), only_generic(segment)) {
        ("Context", None) if segment.arguments.is_none() => ParameterKind::Context,
        ("State", Some(inner)) => ParameterKind::State(Box::new(inner.clone())),
        ("Option", Some(_)) => ParameterKind::Optional,
        _ => ParameterKind::Required,
    }
}

fn only_generic(segment: &PathSegment) -> Option<&Type> {
    let PathArguments::AngleBracketed(generics) = &segment.arguments else {
        return None;
    };
    match (generics.args.first(), generics.args.len()) {
        (Some(GenericArgument::Type(inner)), 1) => Some(inner),
        _ => None,
    }
}

fn is_string(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|segment| segment.ident == "String" && segment.arguments.is_none())
}

/// What `#[args]` or `#[kwargs]` makes of a parameter.
fn take_variadic(attributes: &mut Vec<Attribute>) -> Result<Option<ParameterKind>> {
    let is_ours = |attribute: &Attribute| {
        attribute.path().is_ident("args") || attribute.path().is_ident("kwargs")
    };
    let Some(at) = attributes.iter().position(is_ours) else {
        return Ok(None);
    };
    let attribute = attributes.remove(at);
    if let Some(other) = attributes.iter().find(|other| is_ours(other)) {
        return Err(Error::new_spanned(
            other,
            "a parameter is one of `#[args]` and `#[kwargs]`",
        ));
    }
    attribute.meta.require_path_only()?;
    Ok(Some(if attribute.path().is_ident("args") {
        ParameterKind::VarArgs
    } else {
        ParameterKind::VarKwargs
    }))
}

/// The value of `#[default]`, `#[default(expression)]` or `#[default = expression]`.
fn take_default(attributes: &mut Vec<Attribute>, ty: &Type) -> Result<Option<TokenStream>> {
    let Some(at) = attributes
        .iter()
        .position(|attribute| attribute.path().is_ident("default"))
    else {
        return Ok(None);
    };
    let expression = match attributes.remove(at).meta {
        Meta::Path(_) => return Ok(Some(quote!(::std::default::Default::default()))),
        Meta::List(list) => list.parse_args::<Expr>()?,
        Meta::NameValue(pair) => pair.value,
    };
    if let Some(other) = attributes
        .iter()
        .find(|attribute| attribute.path().is_ident("default"))
    {
        return Err(Error::new_spanned(other, "a parameter has one default"));
    }
    let text = matches!(&expression, Expr::Lit(literal) if matches!(literal.lit, syn::Lit::Str(_)));
    Ok(Some(if text && is_string(ty) {
        quote!(::std::string::String::from(#expression))
    } else {
        quote!(#expression)
    }))
}

/// Arguments come off the wire: there is nothing that a reference could point to.
fn check_owned(ty: &Type) -> Result<()> {
    match ty {
        Type::Reference(reference) => {
            let owned = owned(&reference.elem);
            Err(Error::new_spanned(
                ty,
                format!(
                    "a task's arguments arrive by message, so it must own them: take `{owned}` instead of a reference"
                ),
            ))
        }
        Type::ImplTrait(_) => Err(Error::new_spanned(
            ty,
            "a task's parameter needs a type with a name: the worker must know what to decode",
        )),
        Type::Group(group) => check_owned(&group.elem),
        _ => Ok(()),
    }
}

fn owned(referred: &Type) -> String {
    match referred {
        Type::Slice(slice) => {
            let element = &slice.elem;
            format!("Vec<{}>", quote!(#element)).replace(' ', "")
        }
        other => match last_segment(other) {
            Some(segment) if segment.ident == "str" => "String".to_owned(),
            Some(segment) if segment.ident == "Path" => "PathBuf".to_owned(),
            _ => quote!(#other).to_string().replace(' ', ""),
        },
    }
}
