//! The part of DynamoDB's expressions that `UpdateItem` needs here: conditions of comparisons and
//! functions joined by `AND`, `OR` and `NOT`; `SET` of sums and `if_not_exists`, and `ADD`.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::{Attribute, Item};

/// What `#` and `:` stand for.
pub(super) struct Places<'a> {
    pub(super) names: &'a BTreeMap<String, String>,
    pub(super) values: &'a BTreeMap<String, Attribute>,
}

/// An expression being read on an item.
struct Reader<'a> {
    tokens: Vec<&'a str>,
    at: usize,
    item: Option<&'a Item>,
    places: &'a Places<'a>,
}

type Result<T> = std::result::Result<T, String>;

/// Whether a condition holds of an item, or of none.
pub(super) fn holds(condition: &str, item: Option<&Item>, places: &Places<'_>) -> Result<bool> {
    let mut reader = Reader::of(condition, item, places);
    let holds = reader.any()?;
    reader.end()?;
    Ok(holds)
}

/// What an update makes of an item.
pub(super) fn updated(update: &str, item: &Item, places: &Places<'_>) -> Result<Item> {
    let mut reader = Reader::of(update, Some(item), places);
    let mut made = item.clone();
    while let Some(clause) = reader.next() {
        loop {
            let name = reader.name()?;
            let value = match clause.to_ascii_uppercase().as_str() {
                "SET" => {
                    reader.expect("=")?;
                    reader.sum()?
                }
                "ADD" => added(item.get(&name), reader.value()?)?,
                other => return Err(format!("`{other}` is no clause that is known here")),
            };
            made.insert(name, value);
            if !reader.takes(",") {
                break;
            }
        }
    }
    Ok(made)
}

impl<'a> Reader<'a> {
    fn of(text: &'a str, item: Option<&'a Item>, places: &'a Places<'a>) -> Self {
        Self {
            tokens: tokens(text),
            at: 0,
            item,
            places,
        }
    }

    fn any(&mut self) -> Result<bool> {
        let mut holds = self.all()?;
        while self.takes("OR") {
            holds |= self.all()?;
        }
        Ok(holds)
    }

    fn all(&mut self) -> Result<bool> {
        let mut holds = self.one()?;
        while self.takes("AND") {
            holds &= self.one()?;
        }
        Ok(holds)
    }

    fn one(&mut self) -> Result<bool> {
        if self.takes("NOT") {
            return self.one().map(|holds| !holds);
        }
        if self.takes("(") {
            let holds = self.any()?;
            self.expect(")")?;
            return Ok(holds);
        }
        match self.peek() {
            Some("attribute_exists") => self.call_of_name().map(|value| value.is_some()),
            Some("attribute_not_exists") => self.call_of_name().map(|value| value.is_none()),
            Some("begins_with") => {
                self.at += 1;
                self.expect("(")?;
                let name = self.attribute()?;
                self.expect(",")?;
                let value = self.value()?;
                self.expect(")")?;
                Ok(name.is_some_and(|name| text(&name).starts_with(&text(&value))))
            }
            Some("contains") => {
                self.at += 1;
                self.expect("(")?;
                let set = self.attribute()?;
                self.expect(",")?;
                let value = self.value()?;
                self.expect(")")?;
                Ok(set.is_some_and(|set| {
                    members(&set).is_some_and(|all| all.contains(&text(&value)))
                }))
            }
            _ => self.comparison(),
        }
    }

    fn call_of_name(&mut self) -> Result<Option<Attribute>> {
        self.at += 1;
        self.expect("(")?;
        let value = self.attribute()?;
        self.expect(")")?;
        Ok(value)
    }

    fn comparison(&mut self) -> Result<bool> {
        let left = self.attribute()?;
        let operator = self.next().ok_or("an operator is missing")?;
        let right = self.value()?;
        let Some(left) = left else {
            return Ok(false);
        };
        let order = if left == right {
            Some(Ordering::Equal)
        } else {
            left.order(&right)
        };
        match operator {
            "=" => Ok(order == Some(Ordering::Equal)),
            "<=" => Ok(order.is_some_and(Ordering::is_le)),
            "<" => Ok(order == Some(Ordering::Less)),
            other => Err(format!("`{other}` is no operator that is known here")),
        }
    }

    fn sum(&mut self) -> Result<Attribute> {
        let mut sum = self.operand()?;
        while self.takes("+") {
            let more = self.operand()?;
            sum = plus(&sum, &more)?;
        }
        Ok(sum)
    }

    fn operand(&mut self) -> Result<Attribute> {
        if self.takes("if_not_exists") {
            self.expect("(")?;
            let stands = self.attribute()?;
            self.expect(",")?;
            let value = self.value()?;
            self.expect(")")?;
            return Ok(stands.unwrap_or(value));
        }
        if self.peek().is_some_and(|token| token.starts_with(':')) {
            return self.value();
        }
        self.attribute()?
            .ok_or_else(|| "an attribute of the update does not exist in the item".to_owned())
    }

    /// The attribute of a name.
    fn attribute(&mut self) -> Result<Option<Attribute>> {
        let name = self.name()?;
        Ok(self.item.and_then(|item| item.get(&name)).cloned())
    }

    fn name(&mut self) -> Result<Arc<str>> {
        let token = self.next().ok_or("a name is missing")?;
        if !token.starts_with('#') {
            return Ok(token.into());
        }
        let name = self.places.names.get(token);
        name.map(|name| name.as_str().into())
            .ok_or_else(|| format!("`{token}` stands for no name"))
    }

    fn value(&mut self) -> Result<Attribute> {
        let token = self.next().ok_or("a value is missing")?;
        let value = self.places.values.get(token);
        value
            .cloned()
            .ok_or_else(|| format!("`{token}` stands for no value"))
    }

    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.at).copied()
    }

    fn next(&mut self) -> Option<&'a str> {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn takes(&mut self, token: &str) -> bool {
        let is_it = self.peek() == Some(token);
        self.at += usize::from(is_it);
        is_it
    }

    fn expect(&mut self, token: &str) -> Result<()> {
        if self.takes(token) {
            return Ok(());
        }
        Err(format!("expected `{token}`, got {:?}", self.peek()))
    }

    fn end(&self) -> Result<()> {
        self.peek()
            .map_or(Ok(()), |more| Err(format!("`{more}` is too much")))
    }
}

/// Words, and the marks between them.
fn tokens(text: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '#' | ':');
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let mark = if rest.starts_with("<=") { 2 } else { 1 };
        let (token, more) = rest.split_at(if word > 0 { word } else { mark });
        tokens.push(token);
        rest = more.trim_start();
    }
    tokens
}

fn plus(one: &Attribute, two: &Attribute) -> Result<Attribute> {
    match (one.whole(), two.whole()) {
        (Some(one), Some(two)) => Ok(Attribute::N((one + two).to_string().into())),
        _ => Err("an operand of the update has another type".to_owned()),
    }
}

/// A number is added to, a set grows.
fn added(stands: Option<&Attribute>, value: Attribute) -> Result<Attribute> {
    let Some(stands) = stands else {
        return Ok(value);
    };
    let (Attribute::Other(one), Attribute::Other(two)) = (stands, &value) else {
        return plus(stands, &value);
    };
    let kind = ["NS", "SS"]
        .into_iter()
        .find(|kind| one.get(kind).is_some());
    let kind = kind.filter(|kind| two.get(kind).is_some());
    let kind = kind.ok_or("an operand of the update has another type")?;
    let all = [stands, &value].map(members);
    let all: BTreeSet<String> = all.into_iter().flatten().flatten().collect();
    Ok(Attribute::Other(json!({ kind: all })))
}

/// The texts of a set.
fn members(set: &Attribute) -> Option<BTreeSet<String>> {
    let Attribute::Other(json) = set else {
        return None;
    };
    let list = json.get("NS").or_else(|| json.get("SS"))?.as_array()?;
    Some(
        list.iter()
            .filter_map(Json::as_str)
            .map(str::to_owned)
            .collect(),
    )
}

fn text(value: &Attribute) -> String {
    match value {
        Attribute::S(text) | Attribute::N(text) => text.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item() -> Item {
        Item::from([
            ("n".into(), Attribute::N("2".into())),
            ("set".into(), Attribute::Other(json!({"NS": ["1", "5"]}))),
        ])
    }

    #[test]
    fn conditions_hold_as_dynamodb_says() {
        let values = BTreeMap::from([
            (":two".to_owned(), Attribute::N("2".into())),
            (":five".to_owned(), Attribute::N("5".into())),
        ]);
        let names = BTreeMap::from([("#n".to_owned(), "n".to_owned())]);
        let places = Places {
            names: &names,
            values: &values,
        };
        for (condition, of_item, of_none) in [
            ("attribute_exists(n)", true, false),
            ("attribute_not_exists(n)", false, true),
            ("#n = :two AND n <= :five", true, false),
            ("NOT contains(set, :two)", true, true),
            ("NOT contains(set, :five)", false, true),
            (
                "attribute_exists(n) AND (n = :five OR n <= :two)",
                true,
                false,
            ),
        ] {
            assert_eq!(
                holds(condition, Some(&item()), &places),
                Ok(of_item),
                "{condition}"
            );
            assert_eq!(holds(condition, None, &places), Ok(of_none), "{condition}");
        }
        assert!(holds("n = :none", Some(&item()), &places).is_err());
    }

    #[test]
    fn updates_make_what_dynamodb_makes() {
        let values = BTreeMap::from([
            (":three".to_owned(), Attribute::N("3".into())),
            (
                ":more".to_owned(),
                Attribute::Other(json!({"NS": ["5", "7"]})),
            ),
        ]);
        let places = Places {
            names: &BTreeMap::new(),
            values: &values,
        };
        let update = "SET n = n + :three, m = if_not_exists(m, :three) ADD set :more, new :more";
        let made = updated(update, &item(), &places).expect("an item");
        assert_eq!(made["n"], Attribute::N("5".into()));
        assert_eq!(made["m"], Attribute::N("3".into()));
        assert_eq!(
            made["set"],
            Attribute::Other(json!({"NS": ["1", "5", "7"]}))
        );
        assert_eq!(made["new"], Attribute::Other(json!({"NS": ["5", "7"]})));
    }
}
