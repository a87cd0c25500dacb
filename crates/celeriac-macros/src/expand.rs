use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Result, Type};

use crate::parameter::{Parameter, ParameterKind};
use crate::return_type::ReturnType;
use crate::task_attribute::TaskAttribute;
use crate::task_function::TaskFunction;

/// The type that stands for the task, its signatures and its `Task` implementation.
pub(crate) fn task(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    // both are looked at, so that all mistakes are shown at once
    let (attribute, function) = match (TaskAttribute::parse(attribute), TaskFunction::parse(item)) {
        (Ok(attribute), Ok(function)) => (attribute, function),
        (Err(mut error), Err(other)) => {
            error.combine(other);
            return Err(error);
        }
        (Err(error), _) | (_, Err(error)) => return Err(error),
    };
    let parts = [
        marker(&attribute, &function),
        the_call(&function),
        signatures(&function),
        implementation(&attribute, &function),
    ];
    Ok(parts.into_iter().collect())
}

fn marker(attribute: &TaskAttribute, function: &TaskFunction) -> TokenStream {
    let TaskFunction {
        name,
        visibility,
        docs,
        cfgs,
        ..
    } = function;
    let wire_name = attribute
        .name
        .as_ref()
        .map_or_else(|| name.unraw().to_string(), syn::LitStr::value);
    let title = format!("The task `{wire_name}`: send it with `{name}::s(..)`.");
    quote! {
        #(#cfgs)*
        #(#docs)*
        #[doc = ""]
        #[doc = #title]
        #[allow(non_camel_case_types, dead_code, reason = "a task is named as its function")]
        #[derive(Clone, Copy, Debug)]
        #visibility struct #name {}

        // the name as a value, for `App::task(name)`: of a unit struct, no parameter or variable
        // nearby could have the name
        #(#cfgs)*
        #[doc(hidden)]
        #[allow(dead_code, clippy::must_use_candidate, clippy::missing_const_for_fn, reason = "generated")]
        #visibility fn #name() -> #name {
            #name {}
        }
    }
}

/// The user's function, as it was.
fn the_call(function: &TaskFunction) -> TokenStream {
    let TaskFunction {
        name,
        visibility,
        cfgs,
        attributes,
        body,
        ..
    } = function;
    let mut signature = function.signature.clone();
    signature.ident = format_ident!("call", span = name.span());
    quote! {
        #(#cfgs)*
        impl #name {
            /// The task's function itself.
            #[allow(
                dead_code,
                clippy::unused_async,
                clippy::needless_pass_by_value,
                clippy::unnecessary_wraps,
                reason = "a task is called by the worker: async says where it runs, its arguments are its own, and it may fail one day"
            )]
            #(#attributes)*
            #visibility #signature #body
        }
    }
}

fn signatures(function: &TaskFunction) -> TokenStream {
    let TaskFunction {
        name,
        visibility,
        cfgs,
        ..
    } = function;
    let required: Vec<&Parameter> = function
        .arguments()
        .filter(|argument| argument.is_required())
        .collect();
    let names: Vec<_> = required.iter().map(|argument| &argument.name).collect();
    let types = required.iter().map(|argument| argument.accepted_type());
    let types2 = types.clone();
    // what comes after an optional parameter cannot go by position
    let positional = function
        .arguments()
        .take_while(|argument| argument.is_required())
        .count();
    let adds = adds(&required, positional);
    let optional: Vec<String> = function
        .arguments()
        .filter(|argument| !argument.is_required() && !argument.is_variadic())
        .map(|argument| format!("`.kwarg(\"{}\", ..)`", argument.keyword()))
        .collect();
    let hint = if optional.is_empty() {
        String::new()
    } else {
        format!("Optional arguments: {}.", optional.join(", "))
    };
    let step = step(function, &hint);
    let bare = bare(function);
    quote! {
        #(#cfgs)*
        #[allow(dead_code, clippy::all, clippy::pedantic, reason = "generated")]
        impl #name {
            #step
            #bare

            /// A call of this task, to be sent.
            #[doc = ""]
            #[doc = #hint]
            #visibility fn s(#(#names: #types),*)
                -> ::celeriac::__private::core::TaskSignature<
                    <Self as ::celeriac::__private::core::Task>::Output,
                    ::celeriac::__private::core::canvas::Full,
                >
            {
                ::celeriac::__private::core::TaskSignature::of::<Self>() #(#adds)*
            }

            /// An immutable call of this task: as a callback it drops the result it would be given.
            #[doc = ""]
            #[doc = #hint]
            #visibility fn si(#(#names: #types2),*)
                -> ::celeriac::__private::core::TaskSignature<
                    <Self as ::celeriac::__private::core::Task>::Output,
                    ::celeriac::__private::core::canvas::Ignores,
                >
            {
                Self::s(#(#names),*).immutable()
            }
        }
    }
}

/// Puts each into a call: so many by position, the others by name.
fn adds(required: &[&Parameter], positional: usize) -> impl Iterator<Item = TokenStream> {
    required.iter().enumerate().map(move |(index, argument)| {
        let (value, keyword) = (argument.accepted_value(), argument.keyword());
        if index < positional {
            quote!(.arg(#value))
        } else {
            quote!(.kwarg(#keyword, #value))
        }
    })
}

/// `step(..)`, for a task whose first argument can come from the step before.
fn step(function: &TaskFunction, hint: &str) -> TokenStream {
    let visibility = &function.visibility;
    let mut arguments = function.arguments();
    let first = match arguments.next() {
        Some(first) if !matches!(first.kind, ParameterKind::VarKwargs) => first,
        _ => return TokenStream::new(),
    };
    let first_type = match &first.kind {
        // any number of arguments: the first of them may be of any type
        ParameterKind::VarArgs => quote!(::celeriac::__private::protocol::Value),
        _ => first.ty.to_token_stream(),
    };
    let required: Vec<&Parameter> = arguments
        .filter(|argument| argument.is_required())
        .collect();
    let names: Vec<_> = required.iter().map(|argument| &argument.name).collect();
    let types = required.iter().map(|argument| argument.accepted_type());
    let positional = function
        .arguments()
        .skip(1)
        .take_while(|argument| argument.is_required())
        .count();
    let adds = adds(&required, positional);
    quote! {
        /// A step of a chain: the first argument is the result of the step before.
        #[doc = ""]
        #[doc = #hint]
        #visibility fn step(#(#names: #types),*)
            -> ::celeriac::__private::core::TaskSignature<
                <Self as ::celeriac::__private::core::Task>::Output,
                ::celeriac::__private::core::canvas::Takes<#first_type>,
            >
        {
            ::celeriac::__private::core::TaskSignature::of::<Self>() #(#adds)* .partial()
        }
    }
}

/// `task()`, for a task with arguments of fixed places.
fn bare(function: &TaskFunction) -> TokenStream {
    let required = || {
        function
            .arguments()
            .take_while(|argument| argument.is_required())
    };
    if required().next().is_none() {
        return TokenStream::new();
    }
    let visibility = &function.visibility;
    let types = required().map(|argument| &argument.ty);
    quote! {
        /// This task without arguments, for `map`, `starmap` and `chunks`, which give it those of
        /// each item.
        #visibility fn task() -> ::celeriac::__private::core::TaskSignature<
            <Self as ::celeriac::__private::core::Task>::Output,
            ::celeriac::__private::core::canvas::Bare<(#(#types,)*)>,
        > {
            ::celeriac::__private::core::TaskSignature::of::<Self>().bare()
        }
    }
}

fn implementation(attribute: &TaskAttribute, function: &TaskFunction) -> TokenStream {
    let TaskFunction { name, cfgs, .. } = function;
    let function_name = name.unraw().to_string();
    let wire_name = match &attribute.name {
        Some(given) => quote!(::std::string::String::from(#given)),
        None => {
            quote!(::std::concat!(::std::module_path!(), "::", #function_name).replace("::", "."))
        }
    };
    let params = function
        .arguments()
        .filter(|argument| !argument.is_variadic())
        .map(|argument| {
            let (keyword, required) = (argument.keyword(), argument.is_required());
            quote!(::celeriac::__private::core::Param { name: #keyword, required: #required })
        });
    let has = |kind: fn(&ParameterKind) -> bool| {
        function.arguments().any(|argument| kind(&argument.kind))
    };
    let var_args = has(|kind| matches!(kind, ParameterKind::VarArgs));
    let var_kwargs = has(|kind| matches!(kind, ParameterKind::VarKwargs));
    let output = function.return_type.output();
    let options = &attribute.assignments;
    let kind = kind(function);
    let states = function.parameters.iter().filter_map(Parameter::state);
    quote! {
        #(#cfgs)*
        #[allow(clippy::all, clippy::pedantic, unused_mut, reason = "generated")]
        impl ::celeriac::__private::core::Task for #name {
            type Output = #output;

            fn name() -> ::std::string::String {
                #wire_name
            }

            fn params() -> &'static ::celeriac::__private::core::Params {
                static PARAMS: ::celeriac::__private::core::Params = ::celeriac::__private::core::Params {
                    function: #function_name,
                    list: &[#(#params),*],
                    var_args: #var_args,
                    var_kwargs: #var_kwargs,
                };
                &PARAMS
            }

            fn options() -> ::celeriac::__private::core::TaskOptions {
                let mut __options: ::celeriac::__private::core::TaskOptions = ::std::default::Default::default();
                #(#options)*
                __options
            }

            fn kind() -> ::celeriac::__private::core::TaskKind {
                #kind
            }

            fn states() -> &'static [::celeriac::__private::core::StateCheck] {
                &[#(::celeriac::__private::core::macro_support::has_state::<#states>),*]
            }
        }
    }
}

fn kind(function: &TaskFunction) -> TokenStream {
    let parameters = &function.parameters;
    let locals: Vec<_> = (0..parameters.len())
        .map(|index| format_ident!("__parameter_{index}"))
        .collect();
    let types = parameters.iter().map(|parameter| &parameter.ty);
    let mut index = 0_usize;
    let values = parameters.iter().map(|parameter| {
        let value = taken(parameter, index);
        index += usize::from(parameter.is_argument());
        value
    });
    let takes: TokenStream = quote!(#(let #locals: #types = #values;)*);
    let closure = quote! {
        |__context: ::celeriac::__private::core::Context, mut __arguments: ::celeriac::__private::core::Arguments|
    };
    let unused = quote!(let _ = (&__context, &mut __arguments););
    let is_async = function.signature.asyncness.is_some();
    let dot_await = is_async.then(|| quote!(.await));
    // an error about a future that is not `Send` is shown at the function
    let call = quote_spanned!(function.name.span()=> Self::call(#(#locals),*)#dot_await);
    // and one about its value at the return type
    let span = function.signature.output.span();
    let value = quote_spanned!(span=> ::celeriac::__private::core::macro_support::value(&#call));
    let result = match &function.return_type {
        ReturnType::Result(_) => {
            quote_spanned!(span=> ::celeriac::__private::core::macro_support::result(#call))
        }
        ReturnType::Plain(ty) => {
            let check = plain_value(ty);
            quote_spanned!(span=> { #check #value })
        }
        ReturnType::Unit => value,
    };
    if is_async {
        let future = quote_spanned! {function.name.span()=>
            ::std::boxed::Box::pin(async move { #unused #takes #result })
        };
        quote! {
            ::celeriac::__private::core::TaskKind::Async(::std::sync::Arc::new(
                #closure -> ::celeriac::__private::core::RunFuture { #future }
            ))
        }
    } else {
        quote! {
            ::celeriac::__private::core::TaskKind::Blocking(::std::sync::Arc::new(
                #closure -> ::std::result::Result<
                    ::celeriac::__private::protocol::Value,
                    ::celeriac::__private::core::TaskError,
                > { #unused #takes #result }
            ))
        }
    }
}

/// An alias of `Result` does not look like one here, but to the compiler it does.
fn plain_value(ty: &Type) -> TokenStream {
    quote_spanned! {ty.span()=>
        let _: ::celeriac::__private::core::macro_support::PlainValue = {
            #[allow(unused_imports, reason = "one of them is used")]
            use ::celeriac::__private::core::macro_support::{ReturnsResult as _, ReturnsValue as _};
            (&&::celeriac::__private::core::macro_support::Of::<#ty>::NEW).returned()
        };
    }
}

/// The value of a parameter of a run.
fn taken(parameter: &Parameter, index: usize) -> TokenStream {
    let span = parameter.ty.span();
    match &parameter.kind {
        ParameterKind::Context => quote!(::std::clone::Clone::clone(&__context)),
        ParameterKind::State(inner) => {
            quote_spanned!(span=> ::celeriac::__private::core::macro_support::state::<#inner>(&__context)?)
        }
        ParameterKind::Required
        | ParameterKind::Optional
        | ParameterKind::VarArgs
        | ParameterKind::VarKwargs => {
            quote_spanned!(span=> ::celeriac::__private::core::macro_support::take(&mut __arguments, #index)?)
        }
        ParameterKind::Defaulted(default) => {
            let ty = &parameter.ty;
            quote_spanned! {span=>
                ::celeriac::__private::core::macro_support::take_or(&mut __arguments, #index, || -> #ty { #default })?
            }
        }
    }
}
