//! The part of PartiQL that conditional writes need: `INSERT INTO .. VALUE {..}` and `UPDATE .. SET
//! .. WHERE ..`.

use std::borrow::Cow;
use std::sync::Arc;

use super::statement::{Comparison, Kind, Statement, Test};

/// Reads a statement's text.
pub(super) fn read(text: &str) -> Result<Statement, String> {
    let mut reader = Reader {
        tokens: tokens(text)?.into_iter().peekable(),
        parameters: 0,
    };
    let (table, kind) = match &*reader.word()? {
        "INSERT" => reader.insert(),
        "UPDATE" => reader.update(),
        other => Err(format!("`{other}` statements are not here")),
    }?;
    match reader.tokens.next() {
        None => Ok(Statement {
            table,
            kind,
            parameters: reader.parameters,
        }),
        Some(token) => Err(format!("unexpected {token:?}")),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token<'a> {
    /// A key word, in capitals.
    Word(Cow<'a, str>),
    /// In quotes of either kind.
    Name(&'a str),
    Sign(&'a str),
}

fn tokens(text: &str) -> Result<Vec<Token<'_>>, String> {
    let mut rest = text.trim_start();
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '\'' => {
                let end = rest[1..].find(first).ok_or("a quote is not closed")?;
                tokens.push(Token::Name(&rest[1..=end]));
                end + 2
            }
            '<' | '>' | '=' => {
                let is_sign = |c: char| matches!(c, '<' | '>' | '=');
                let length = rest.find(|c| !is_sign(c)).unwrap_or(rest.len());
                tokens.push(Token::Sign(&rest[..length]));
                length
            }
            c if c.is_ascii_alphabetic() => {
                let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                tokens.push(Token::Word(capitals(&rest[..length])));
                length
            }
            '?' | ',' | ':' | '{' | '}' => {
                tokens.push(Token::Sign(&rest[..1]));
                1
            }
            other => return Err(format!("unexpected `{other}`")),
        };
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

fn capitals(word: &str) -> Cow<'_, str> {
    if word.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return Cow::Owned(word.to_ascii_uppercase());
    }
    Cow::Borrowed(word)
}

struct Reader<'a> {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token<'a>>>,
    /// Question marks so far.
    parameters: usize,
}

impl<'a> Reader<'a> {
    fn insert(&mut self) -> Result<(Arc<str>, Kind), String> {
        self.expect(&Token::Word("INTO".into()))?;
        let table = self.name()?;
        self.expect(&Token::Word("VALUE".into()))?;
        self.expect(&Token::Sign("{"))?;
        let mut names = Vec::new();
        loop {
            names.push(self.name()?);
            self.expect(&Token::Sign(":"))?;
            self.parameter()?;
            if !self.takes(&Token::Sign(",")) {
                break;
            }
        }
        self.expect(&Token::Sign("}"))?;
        Ok((table, Kind::Insert(names)))
    }

    fn update(&mut self) -> Result<(Arc<str>, Kind), String> {
        let table = self.name()?;
        let mut set = Vec::new();
        while self.takes(&Token::Word("SET".into())) {
            set.push(self.name()?);
            self.expect(&Token::Sign("="))?;
            self.parameter()?;
        }
        self.expect(&Token::Word("WHERE".into()))?;
        let (mut id, mut tests) = (None, Vec::new());
        loop {
            match self.test()? {
                Test::Compare(name, Comparison::Equal, key) if *name == *"id" => id = Some(key),
                test => tests.push(test),
            }
            if !self.takes(&Token::Word("AND".into())) {
                break;
            }
        }
        let id = id.ok_or("an update names its item by `id`")?;
        Ok((table, Kind::Update { set, tests, id }))
    }

    fn test(&mut self) -> Result<Test, String> {
        let name = self.name()?;
        if self.takes(&Token::Word("IS".into())) {
            self.expect(&Token::Word("MISSING".into()))?;
            return Ok(Test::Missing(name));
        }
        let comparison = match self.next()? {
            Token::Sign(sign) => Comparison::read(sign),
            _ => None,
        };
        let comparison = comparison.ok_or("a comparison is missing")?;
        Ok(Test::Compare(name, comparison, self.parameter()?))
    }

    fn next(&mut self) -> Result<Token<'a>, String> {
        self.tokens
            .next()
            .ok_or("the statement ends too early".to_owned())
    }

    fn takes(&mut self, token: &Token<'_>) -> bool {
        self.tokens.next_if(|next| next == token).is_some()
    }

    fn expect(&mut self, token: &Token<'_>) -> Result<(), String> {
        let next = self.next()?;
        (next == *token)
            .then_some(())
            .ok_or_else(|| format!("expected {token:?}, got {next:?}"))
    }

    fn word(&mut self) -> Result<Cow<'a, str>, String> {
        match self.next()? {
            Token::Word(word) => Ok(word),
            other => Err(format!("expected a key word, got {other:?}")),
        }
    }

    fn name(&mut self) -> Result<Arc<str>, String> {
        match self.next()? {
            Token::Name(name) => Ok(name.into()),
            other => Err(format!("expected a name in quotes, got {other:?}")),
        }
    }

    /// The number of the parameter of a question mark.
    fn parameter(&mut self) -> Result<usize, String> {
        self.expect(&Token::Sign("?"))?;
        self.parameters += 1;
        Ok(self.parameters - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_such_statement_is_refused() {
        for text in [
            "",
            "SELECT 1",
            "UPDATE \"t\" SET \"a\" = ?",
            "INSERT INTO t",
            "UPDATE \"t",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
