use crate::{
    Value,
    limits::{DICT, ENTRY, LIST, VALUE, of_text},
};

impl Value {
    /// Bytes that it takes at least when it is serialized, in whatever format: its texts as they
    /// are, and one for anything else. Tells what is far too large before it is written.
    pub fn least_bytes(&self) -> usize {
        match self {
            Self::Str(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::List(items) => 1 + items.iter().map(Self::least_bytes).sum::<usize>(),
            Self::Dict(entries) => {
                let each = |(key, value): (&String, &Self)| key.len() + value.least_bytes();
                1 + entries.iter().map(each).sum::<usize>()
            }
            _ => 1,
        }
    }

    /// Bytes of memory that it takes, by the count of [`Limits::max_memory`](crate::Limits).
    pub fn memory(&self) -> usize {
        VALUE
            + match self {
                Self::Str(text)
                | Self::DateTime(text)
                | Self::Date(text)
                | Self::Time(text)
                | Self::Decimal(text)
                | Self::Uuid(text) => of_text(text.len()),
                Self::BigInt(number) => of_text(number.as_str().len()),
                Self::Bytes(bytes) => of_text(bytes.len()),
                Self::List(items) if !items.is_empty() => {
                    LIST + items.iter().map(Self::memory).sum::<usize>()
                }
                Self::Dict(entries) if !entries.is_empty() => {
                    let each = |(key, value): (&String, &Self)| {
                        ENTRY + of_text(key.len()) + value.memory()
                    };
                    DICT + entries.iter().map(each).sum::<usize>()
                }
                _ => 0,
            }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Limits, json_reader};

    /// As the reader charges it.
    #[test]
    fn memory_is_what_a_reader_has_to_allow() {
        for text in [
            "null",
            r#"["", "a", 1, 1.5, [], {}]"#,
            r#"{"": {"key": ["text", {"a": 1}]}}"#,
            "[123456789012345678901234567890]",
        ] {
            let read = |max_memory| {
                let limits = Limits {
                    max_memory,
                    ..Limits::default()
                };
                json_reader::read(text.as_bytes(), &limits)
            };
            let value = read(usize::MAX).expect("a value");
            assert!(read(value.memory()).is_ok(), "{text}");
            assert!(read(value.memory() - 1).is_err(), "{text}");
        }
    }
}
