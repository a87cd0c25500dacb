use proc_macro2::TokenStream;
use syn::{Attribute, Block, Error, Ident, ItemFn, Result, Signature, Visibility};

use crate::parameter::{Parameter, ParameterKind};
use crate::return_type::ReturnType;

/// The function under a `#[task]`.
pub(crate) struct TaskFunction {
    pub(crate) name: Ident,
    pub(crate) visibility: Visibility,
    /// Its doc comments.
    pub(crate) docs: Vec<Attribute>,
    /// `#[cfg]`s, which all that is generated must share.
    pub(crate) cfgs: Vec<Attribute>,
    /// Its other attributes.
    pub(crate) attributes: Vec<Attribute>,
    /// Without the attributes that are ours.
    pub(crate) signature: Signature,
    pub(crate) body: Box<Block>,
    /// All, in order.
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) return_type: ReturnType,
}

impl TaskFunction {
    pub(crate) fn parse(item: TokenStream) -> Result<Self> {
        let ItemFn {
            attrs,
            vis,
            mut sig,
            block,
        } = syn::parse2(item).map_err(|error| {
            Error::new(
                error.span(),
                format!("`#[task]` goes on a function: {error}"),
            )
        })?;
        check_plain(&sig)?;
        let (docs, others): (Vec<_>, Vec<_>) = attrs
            .into_iter()
            .partition(|attribute| attribute.path().is_ident("doc"));
        let (cfgs, attributes) = others
            .into_iter()
            .partition(|attribute| attribute.path().is_ident("cfg"));
        let parameters = parameters(&mut sig)?;
        Ok(Self {
            name: sig.ident.clone(),
            visibility: vis,
            docs,
            cfgs,
            attributes,
            return_type: ReturnType::of(&sig.output)?,
            signature: sig,
            body: block,
            parameters,
        })
    }

    /// The parameters that callers give, in order.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters
            .iter()
            .filter(|parameter| parameter.is_argument())
    }
}

/// Reads all parameters, so that the mistakes of all are shown.
fn parameters(signature: &mut Signature) -> Result<Vec<Parameter>> {
    let mut parameters = Vec::new();
    let mut errors: Option<Error> = None;
    for argument in &mut signature.inputs {
        match (Parameter::parse(argument), &mut errors) {
            (Ok(parameter), _) => parameters.push(parameter),
            (Err(error), Some(errors)) => errors.combine(error),
            (Err(error), none) => *none = Some(error),
        }
    }
    if errors.is_none() {
        check_order(&parameters)?;
    }
    errors.map_or(Ok(parameters), Err)
}

/// As in Python: `*args` behind all others, `**kwargs` behind that.
fn check_order(parameters: &[Parameter]) -> Result<()> {
    let rank = |parameter: &Parameter| match parameter.kind {
        ParameterKind::VarArgs => 1,
        ParameterKind::VarKwargs => 2,
        _ => 0,
    };
    let arguments = || {
        parameters
            .iter()
            .filter(|parameter| parameter.is_argument())
    };
    for (before, after) in arguments().zip(arguments().skip(1)) {
        if rank(before) > rank(after) || rank(before) == rank(after) && rank(after) > 0 {
            return Err(Error::new_spanned(
                &after.name,
                "`#[args]` comes once, behind all other arguments, and `#[kwargs]` once, as the last of all",
            ));
        }
    }
    Ok(())
}

/// What a worker calls has one form only.
fn check_plain(signature: &Signature) -> Result<()> {
    let refuse = |tokens: &dyn quote::ToTokens, what: &str| Err(Error::new_spanned(tokens, what));
    if let Some(token) = &signature.constness {
        return refuse(token, "a task cannot be `const`");
    }
    if let Some(token) = &signature.unsafety {
        return refuse(
            token,
            "a task cannot be `unsafe`: the worker gives no guarantees but the arguments' types",
        );
    }
    if let Some(abi) = &signature.abi {
        return refuse(abi, "a task is a Rust function");
    }
    if !signature.generics.params.is_empty() || signature.generics.where_clause.is_some() {
        return refuse(
            &signature.generics,
            "a task cannot be generic: the worker must know what to decode",
        );
    }
    match &signature.variadic {
        Some(variadic) => refuse(variadic, "a task cannot be variadic"),
        None => Ok(()),
    }
}
