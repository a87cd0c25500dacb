//! The part of PartiQL that conditional writes need: `INSERT INTO .. VALUE {..}` and `UPDATE .. SET
//! .. WHERE ..`.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value as Json;

use super::attribute::{self, Attribute, Item};

/// DynamoDB: 400 KB an item.
const MAX_ITEM_BYTES: usize = 409_600;

/// One statement with its parameters in place.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) table: String,
    pub(super) id: String,
    /// A refused condition shows the item: `ReturnValuesOnConditionCheckFailure`.
    pub(super) shows_item: bool,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Insert(Item),
    Update {
        set: Vec<(String, Attribute)>,
        tests: Vec<Test>,
    },
}

#[derive(Clone, Debug)]
enum Test {
    Compare(String, Comparison, Attribute),
    Missing(String),
}

#[derive(Clone, Copy, Debug)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Why a statement has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Duplicate,
    Condition,
    TooLarge,
}

impl Statement {
    /// Reads an entry of `Statements`.
    pub(super) fn read(entry: &Json) -> Result<Self, String> {
        let text = entry["Statement"]
            .as_str()
            .ok_or("a statement has a text")?;
        let parameters = entry["Parameters"].as_array();
        let parameters = parameters
            .into_iter()
            .flatten()
            .map(attribute::value_from_json);
        let mut reader = Reader {
            tokens: tokens(text)?.into_iter().peekable(),
            parameters: parameters.collect::<Result<Vec<_>, _>>()?.into_iter(),
        };
        let statement = match &*reader.word()? {
            "INSERT" => reader.insert(),
            "UPDATE" => reader.update(),
            other => Err(format!("`{other}` statements are not here")),
        }?;
        match (reader.tokens.next(), reader.parameters.next()) {
            (None, None) => Ok(Self {
                shows_item: entry["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD",
                ..statement
            }),
            (Some(token), _) => Err(format!("unexpected {token:?}")),
            (None, Some(_)) => Err("there are more parameters than question marks".to_owned()),
        }
    }

    /// The item after this statement.
    pub(super) fn apply(self, before: Option<&Item>) -> Result<Item, Refusal> {
        let after = match (self.kind, before) {
            (Kind::Insert(_), Some(_)) => return Err(Refusal::Duplicate),
            (Kind::Insert(item), None) => item,
            (Kind::Update { .. }, None) => return Err(Refusal::Condition),
            (Kind::Update { set, tests }, Some(item)) => {
                if !tests.iter().all(|test| test.holds(item)) {
                    return Err(Refusal::Condition);
                }
                let mut item = item.clone();
                item.extend(set);
                item
            }
        };
        if attribute::size(&after) > MAX_ITEM_BYTES {
            return Err(Refusal::TooLarge);
        }
        Ok(after)
    }
}

impl Test {
    fn holds(&self, item: &Item) -> bool {
        match self {
            Self::Missing(name) => !item.contains_key(name),
            Self::Compare(name, comparison, value) => item
                .get(name)
                .and_then(|stored| stored.order(value))
                .is_some_and(|order| comparison.holds(order)),
        }
    }
}

impl Comparison {
    fn read(sign: &str) -> Option<Self> {
        Some(match sign {
            "=" => Self::Equal,
            "<>" => Self::NotEqual,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
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
    parameters: std::vec::IntoIter<Attribute>,
}

impl<'a> Reader<'a> {
    fn insert(&mut self) -> Result<Statement, String> {
        self.expect(&Token::Word("INTO".into()))?;
        let table = self.name()?;
        self.expect(&Token::Word("VALUE".into()))?;
        self.expect(&Token::Sign("{"))?;
        let mut item = Item::new();
        loop {
            let name = self.name()?;
            self.expect(&Token::Sign(":"))?;
            item.insert(name, self.parameter()?);
            if !self.takes(&Token::Sign(",")) {
                break;
            }
        }
        self.expect(&Token::Sign("}"))?;
        let id = match item.get("id") {
            Some(Attribute::S(id)) => id.clone(),
            _ => return Err("the item has no key `id`".to_owned()),
        };
        Ok(Statement {
            table,
            id,
            shows_item: false,
            kind: Kind::Insert(item),
        })
    }

    fn update(&mut self) -> Result<Statement, String> {
        let table = self.name()?;
        let mut set = Vec::new();
        while self.takes(&Token::Word("SET".into())) {
            let name = self.name()?;
            self.expect(&Token::Sign("="))?;
            set.push((name, self.parameter()?));
        }
        self.expect(&Token::Word("WHERE".into()))?;
        let (mut id, mut tests) = (None, Vec::new());
        loop {
            match self.test()? {
                Test::Compare(name, Comparison::Equal, Attribute::S(key)) if name == "id" => {
                    id = Some(key);
                }
                test => tests.push(test),
            }
            if !self.takes(&Token::Word("AND".into())) {
                break;
            }
        }
        Ok(Statement {
            table,
            id: id.ok_or("an update names its item by `id`")?,
            shows_item: false,
            kind: Kind::Update { set, tests },
        })
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

    fn name(&mut self) -> Result<String, String> {
        match self.next()? {
            Token::Name(name) => Ok(name.to_owned()),
            other => Err(format!("expected a name in quotes, got {other:?}")),
        }
    }

    fn parameter(&mut self) -> Result<Attribute, String> {
        self.expect(&Token::Sign("?"))?;
        let parameter = self.parameters.next();
        parameter.ok_or("there are fewer parameters than question marks".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(pairs: &[(&str, &str)]) -> Item {
        let number =
            |(name, value): &(&str, &str)| ((*name).to_owned(), Attribute::N((*value).to_owned()));
        pairs.iter().map(number).collect()
    }

    fn update(condition: &str, value: Json) -> Statement {
        let text = format!("UPDATE \"t\" SET \"a\" = ? WHERE \"id\" = ? AND {condition}");
        let mut parameters = vec![json!({"N": "9"}), json!({"S": "k"})];
        parameters.extend((!value.is_null()).then_some(value));
        Statement::read(&json!({"Statement": text, "Parameters": parameters})).expect("readable")
    }

    #[test]
    fn an_update_needs_its_item_and_its_conditions() {
        let two = item(&[("n", "2")]);
        for (test, value, holds) in [
            ("\"n\" = ?", json!({"N": "2"}), true),
            ("\"n\" = ?", json!({"S": "2"}), false),
            ("\"n\" > ?", json!({"N": "2"}), false),
            ("\"n\" >= ?", json!({"N": "2.0"}), true),
            ("\"n\" <> ?", json!({"N": "3"}), true),
            ("\"m\" = ?", json!({"N": "2"}), false),
            ("\"m\" IS MISSING", Json::Null, true),
            ("\"n\" IS MISSING", Json::Null, false),
        ] {
            let statement = update(test, value);
            assert_eq!(
                (statement.table.as_str(), statement.id.as_str()),
                ("t", "k")
            );
            assert_eq!(statement.clone().apply(Some(&two)).is_ok(), holds, "{test}");
            assert_eq!(statement.apply(None), Err(Refusal::Condition));
        }
    }

    #[test]
    fn an_insert_needs_a_free_key() {
        let text = "INSERT INTO \"t\" VALUE {'id': ?, 'a': ?}";
        let parameters = json!([{"S": "k"}, {"B": "AAE="}]);
        let statement = Statement::read(&json!({"Statement": text, "Parameters": parameters}))
            .expect("readable");
        let put = statement.clone().apply(None).expect("free");
        assert_eq!(put["a"], Attribute::B(vec![0, 1]));
        assert_eq!(statement.apply(Some(&put)), Err(Refusal::Duplicate));
    }

    #[test]
    fn what_is_no_such_statement_is_refused() {
        for text in [
            "",
            "SELECT 1",
            "UPDATE \"t\" SET \"a\" = ?",
            "INSERT INTO t",
            "UPDATE \"t",
        ] {
            let entry = json!({"Statement": text, "Parameters": [{"N": "1"}]});
            assert!(Statement::read(&entry).is_err(), "{text}");
        }
    }
}
