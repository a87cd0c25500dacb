//! `args!` and `kwargs!`: arguments of tasks that are sent by name.

/// Positional arguments for [`Client::send_task`](celeriac_producer::Client::send_task):
/// `args![1, "two", 3.0]`.
///
/// Each is any serializable value.
///
/// # Panics
///
/// If a value cannot be written as JSON, such as a map whose keys are lists.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { ::std::vec![$($crate::__private::value(&$value)),*] };
}

/// Keyword arguments for [`Client::send_task`](celeriac_producer::Client::send_task):
/// `kwargs! { x: 1, y: "two" }`.
///
/// # Panics
///
/// If a value cannot be written as JSON, such as a map whose keys are lists.
#[macro_export]
macro_rules! kwargs {
    ($($name:ident : $value:expr),* $(,)?) => {{
        #[allow(unused_mut, reason = "there may be no arguments")]
        let mut kwargs = $crate::Dict::new();
        $(kwargs.insert(::std::string::String::from(::std::stringify!($name)), $crate::__private::value(&$value));)*
        kwargs
    }};
}

#[cfg(test)]
mod tests {
    use celeriac_protocol::Value;

    #[test]
    fn arguments_become_wire_values() {
        assert_eq!(
            args![1, "two", None::<u8>],
            vec![Value::Int(1), Value::Str("two".into()), Value::Null]
        );
        let kwargs = kwargs! { x: 1, y: [true] };
        assert_eq!(kwargs["x"], Value::Int(1));
        assert_eq!(kwargs["y"], Value::List(vec![Value::Bool(true)]));
        assert!(kwargs! {}.is_empty());
    }
}
