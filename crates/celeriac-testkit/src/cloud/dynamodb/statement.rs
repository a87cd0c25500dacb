use std::cmp::Ordering;
use std::sync::Arc;

use super::attribute::{self, Attribute, Item};

/// DynamoDB: 400 KB an item.
const MAX_ITEM_BYTES: usize = 409_600;

/// A conditional write without its parameters.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) table: Arc<str>,
    pub(super) kind: Kind,
    /// How many parameters it has.
    pub(super) parameters: usize,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// The attributes, each with a parameter.
    Insert(Vec<Arc<str>>),
    Update {
        /// The attributes that change, with the first parameters.
        set: Vec<Arc<str>>,
        tests: Vec<Test>,
        /// Which parameter is the item's key.
        id: usize,
    },
}

#[derive(Debug)]
pub(super) enum Test {
    /// An attribute is compared to the parameter of this number.
    Compare(Arc<str>, Comparison, usize),
    Missing(Arc<str>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A statement with its parameters.
#[derive(Clone, Debug)]
pub(super) struct Write {
    pub(super) statement: Arc<Statement>,
    /// The item's key.
    pub(super) id: Arc<str>,
    parameters: Vec<Attribute>,
    /// A refused condition shows the item: `ReturnValuesOnConditionCheckFailure`.
    pub(super) shows_item: bool,
}

/// Why a statement has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Duplicate,
    Condition,
    TooLarge,
}

impl Write {
    pub(super) fn new(
        statement: Arc<Statement>,
        parameters: Vec<Attribute>,
        shows_item: bool,
    ) -> Result<Self, String> {
        match parameters.len().cmp(&statement.parameters) {
            Ordering::Less => return Err("there are fewer parameters than question marks".into()),
            Ordering::Greater => return Err("there are more parameters than question marks".into()),
            Ordering::Equal => {}
        }
        let (at, missing) = match &statement.kind {
            Kind::Insert(names) => (
                names.iter().rposition(|name| **name == *"id"),
                "the item has no key `id`",
            ),
            Kind::Update { id, .. } => (Some(*id), "an update names its item by `id`"),
        };
        let Some(Attribute::S(id)) = at.and_then(|at| parameters.get(at)) else {
            return Err(missing.to_owned());
        };
        Ok(Self {
            id: Arc::clone(id),
            statement,
            parameters,
            shows_item,
        })
    }

    /// The item after this.
    pub(super) fn apply(&self, before: Option<&Item>) -> Result<Item, Refusal> {
        let (mut after, names) = match (&self.statement.kind, before) {
            (Kind::Insert(_), Some(_)) => return Err(Refusal::Duplicate),
            (Kind::Insert(names), None) => (Item::new(), names),
            (Kind::Update { .. }, None) => return Err(Refusal::Condition),
            (Kind::Update { set, tests, .. }, Some(item)) => {
                if !tests.iter().all(|test| test.holds(item, &self.parameters)) {
                    return Err(Refusal::Condition);
                }
                (item.clone(), set)
            }
        };
        let values = self.parameters.iter().cloned();
        after.extend(names.iter().cloned().zip(values));
        if attribute::size(&after) > MAX_ITEM_BYTES {
            return Err(Refusal::TooLarge);
        }
        Ok(after)
    }
}

impl Test {
    fn holds(&self, item: &Item, parameters: &[Attribute]) -> bool {
        match self {
            Self::Missing(name) => !item.contains_key(name),
            Self::Compare(name, comparison, parameter) => {
                let (stored, value) = (item.get(name), parameters.get(*parameter));
                stored
                    .zip(value)
                    .and_then(|(stored, value)| stored.order(value))
                    .is_some_and(|order| comparison.holds(order))
            }
        }
    }
}

impl Comparison {
    pub(super) fn read(sign: &str) -> Option<Self> {
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

#[cfg(test)]
mod tests {
    use super::super::partiql;
    use super::*;

    fn number(value: &str) -> Attribute {
        Attribute::N(value.into())
    }

    fn text(value: &str) -> Attribute {
        Attribute::S(value.into())
    }

    fn write(statement: &str, parameters: Vec<Attribute>) -> Result<Write, String> {
        Write::new(Arc::new(partiql::read(statement)?), parameters, false)
    }

    fn update(condition: &str, value: Option<Attribute>) -> Write {
        let statement = format!("UPDATE \"t\" SET \"a\" = ? WHERE \"id\" = ? AND {condition}");
        let parameters = [number("9"), text("k")].into_iter().chain(value);
        write(&statement, parameters.collect()).expect("readable")
    }

    #[test]
    fn an_update_needs_its_item_and_its_conditions() {
        let two = Item::from([("n".into(), number("2"))]);
        for (test, value, holds) in [
            ("\"n\" = ?", Some(number("2")), true),
            ("\"n\" = ?", Some(text("2")), false),
            ("\"n\" > ?", Some(number("2")), false),
            ("\"n\" >= ?", Some(number("2.0")), true),
            ("\"n\" <> ?", Some(number("3")), true),
            ("\"m\" = ?", Some(number("2")), false),
            ("\"m\" IS MISSING", None, true),
            ("\"n\" IS MISSING", None, false),
        ] {
            let write = update(test, value);
            assert_eq!((&*write.statement.table, &*write.id), ("t", "k"));
            let after = write.apply(Some(&two));
            assert_eq!(
                after.is_ok_and(|item| item["a"] == number("9")),
                holds,
                "{test}"
            );
            assert_eq!(write.apply(None), Err(Refusal::Condition));
        }
    }

    #[test]
    fn an_insert_needs_a_free_key() {
        let statement = "INSERT INTO \"t\" VALUE {'id': ?, 'a': ?}";
        let write = write(statement, vec![text("k"), number("1")]).expect("readable");
        let put = write.apply(None).expect("free");
        assert_eq!(put["a"], number("1"));
        assert_eq!(write.apply(Some(&put)), Err(Refusal::Duplicate));
    }

    #[test]
    fn each_question_mark_has_its_parameter() {
        let statement = "INSERT INTO \"t\" VALUE {'id': ?}";
        assert!(write(statement, vec![text("k")]).is_ok());
        for parameters in [vec![], vec![text("k"), text("l")], vec![number("1")]] {
            assert!(write(statement, parameters).is_err());
        }
    }
}
