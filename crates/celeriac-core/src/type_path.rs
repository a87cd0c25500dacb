//! Rust's type names in a form for people: `alloc::vec::Vec<shop::Item>` is `Vec<Item>`.

/// The type without any module paths.
pub(crate) fn short(full: &str) -> String {
    let mut out = String::with_capacity(full.len());
    let mut word = String::new();
    for character in full.chars() {
        match character {
            ':' => word.clear(),
            letter if letter.is_alphanumeric() || letter == '_' => word.push(letter),
            other => {
                out.push_str(&word);
                word.clear();
                out.push(other);
            }
        }
    }
    out.push_str(&word);
    out
}

/// Module and last name, generics stripped: `shop::error::Broken<u8>` is (`shop.error`, `Broken`).
pub(crate) fn split(full: &str) -> (String, String) {
    let plain = full
        .split('<')
        .next()
        .unwrap_or(full)
        .trim_start_matches('&');
    match plain.rsplit_once("::") {
        Some((module, name)) => (module.replace("::", "."), name.to_owned()),
        None => (String::new(), plain.to_owned()),
    }
}

/// Numbers, booleans, texts, and options of them: what does not fit is plain from the value alone.
pub(crate) fn is_scalar(full: &str) -> bool {
    let short = short(full);
    let inner = short
        .strip_prefix("Option<")
        .and_then(|rest| rest.strip_suffix('>'))
        .unwrap_or(&short);
    matches!(
        inner,
        "bool"
            | "char"
            | "String"
            | "()"
            | "f32"
            | "f64"
            | "i8"
            | "i16"
            | "i32"
            | "i64"
            | "i128"
            | "isize"
            | "u8"
            | "u16"
            | "u32"
            | "u64"
            | "u128"
            | "usize"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_dropped() {
        assert_eq!(
            short("core::option::Option<alloc::vec::Vec<shop::Item>>"),
            "Option<Vec<Item>>"
        );
        assert_eq!(short("(i64, alloc::string::String)"), "(i64, String)");
        assert_eq!(short("i64"), "i64");
    }

    #[test]
    fn module_and_name() {
        assert_eq!(
            split("shop::error::Broken<a::B>"),
            ("shop.error".to_owned(), "Broken".to_owned())
        );
        assert_eq!(split("Broken"), (String::new(), "Broken".to_owned()));
    }

    #[test]
    fn scalars() {
        assert!(is_scalar("core::option::Option<alloc::string::String>"));
        assert!(!is_scalar("alloc::vec::Vec<i64>"));
    }
}
