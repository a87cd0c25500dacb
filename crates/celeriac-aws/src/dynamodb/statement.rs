use aws_sdk_dynamodb::types::{
    AttributeValue, BatchStatementRequest, ReturnValuesOnConditionCheckFailure,
};

use super::item::{
    ATTEMPT, Attribute, HOLDER, ID, LEASE, MAX_ITEM_BYTES, NONCE, TTL, VERSION, value_size,
};

/// One conditional write: which item, under which condition, and what it sets.
///
/// Values are parameters, always; names are our own constants and the table's checked name.
#[derive(Clone, Debug)]
pub(super) struct Write {
    pub(super) id: String,
    pub(super) condition: Condition,
    pub(super) set: Vec<Attribute>,
}

/// What must hold of the item.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    /// It is not there.
    Absent,
    /// This attempt holds it.
    Held { attempt: u64 },
    /// This attempt holds it, and no longer than until then: a renewal that was long under way must
    /// not shorten the lease.
    Renewable { attempt: u64, until_millis: i64 },
    /// It is as it was seen: claimed, completed and renewed by nobody since.
    Seen {
        attempt: u64,
        nonce: String,
        lease_millis: i64,
    },
    /// Python wrote it, and nobody since. The timestamp as stored.
    Foreign { timestamp: String },
    /// It is a document of this version.
    Version { version: u64 },
    /// It is a document of this version, and has not expired at this second.
    Living { version: u64, seconds: i64 },
    /// It is a document of this holder, has not expired at this second, and has an older version
    /// than it is to get.
    HeldBy {
        holder: String,
        below: u64,
        seconds: i64,
    },
}

impl Write {
    /// An upper bound of the item's size in bytes, as far as this write sets it.
    pub(super) fn size(&self) -> usize {
        let set: usize = self
            .set
            .iter()
            .map(|(name, value)| name.len() + value_size(value))
            .sum();
        ID.len() + self.id.len() + set
    }

    /// The item's size where it is over DynamoDB's limit.
    pub(super) fn over_limit(&self) -> Option<usize> {
        Some(self.size()).filter(|size| *size > MAX_ITEM_BYTES)
    }

    /// The write in PartiQL.
    pub(super) fn to_statement(&self, table: &str) -> BatchStatementRequest {
        let (statement, parameters) = match &self.condition {
            Condition::Absent => self.to_insert(table),
            condition => self.to_update(table, condition),
        };
        BatchStatementRequest::builder()
            .statement(statement)
            .set_parameters(Some(parameters))
            .set_return_values_on_condition_check_failure(self.condition.shows_what_stands())
            .build()
            .expect("the statement is set")
    }

    fn to_insert(&self, table: &str) -> (String, Vec<AttributeValue>) {
        let mut statement = format!("INSERT INTO \"{table}\" VALUE {{'{ID}': ?");
        let mut parameters = vec![AttributeValue::S(self.id.clone())];
        for (name, value) in &self.set {
            statement.extend([", '", name, "': ?"]);
            parameters.push(value.clone());
        }
        statement.push('}');
        (statement, parameters)
    }

    fn to_update(&self, table: &str, condition: &Condition) -> (String, Vec<AttributeValue>) {
        let mut statement = format!("UPDATE \"{table}\"");
        let mut parameters = Vec::with_capacity(self.set.len() + 4);
        for (name, value) in &self.set {
            statement.extend([" SET \"", name, "\" = ?"]);
            parameters.push(value.clone());
        }
        statement.extend([" WHERE \"", ID, "\" = ?"]);
        parameters.push(AttributeValue::S(self.id.clone()));
        for (test, value) in condition.tests() {
            statement.extend([" AND ", test]);
            parameters.extend(value);
        }
        (statement, parameters)
    }
}

impl Condition {
    /// A refused change of a document brings the document, so that it need not be read.
    fn shows_what_stands(&self) -> Option<ReturnValuesOnConditionCheckFailure> {
        matches!(
            self,
            Self::Version { .. } | Self::Living { .. } | Self::HeldBy { .. }
        )
        .then_some(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    fn tests(&self) -> Vec<(&'static str, Option<AttributeValue>)> {
        const IS_ATTEMPT: &str = "\"c_attempt\" = ?";
        const IS_VERSION: &str = "\"c_version\" = ?";
        const LIVES: &str = "\"ttl\" > ?";
        let number = |value: String| Some(AttributeValue::N(value));
        let held = |attempt: &u64| {
            let is_leased = ("\"c_lease\" > ?", number("0".to_owned()));
            [(IS_ATTEMPT, number(attempt.to_string())), is_leased]
        };
        match self {
            Self::Absent => Vec::new(),
            Self::Held { attempt } => held(attempt).into(),
            Self::Renewable {
                attempt,
                until_millis,
            } => {
                let no_longer = ("\"c_lease\" <= ?", number(until_millis.to_string()));
                held(attempt).into_iter().chain([no_longer]).collect()
            }
            Self::Seen {
                attempt,
                nonce,
                lease_millis,
            } => vec![
                (IS_ATTEMPT, number(attempt.to_string())),
                ("\"c_nonce\" = ?", Some(AttributeValue::S(nonce.clone()))),
                ("\"c_lease\" = ?", number(lease_millis.to_string())),
            ],
            Self::Foreign { timestamp } => vec![
                match timestamp.as_str() {
                    "" => ("\"timestamp\" IS MISSING", None),
                    _ => ("\"timestamp\" = ?", number(timestamp.clone())),
                },
                ("\"c_attempt\" IS MISSING", None),
            ],
            Self::Version { version } => vec![(IS_VERSION, number(version.to_string()))],
            Self::Living { version, seconds } => vec![
                (IS_VERSION, number(version.to_string())),
                (LIVES, number(seconds.to_string())),
            ],
            Self::HeldBy {
                holder,
                below,
                seconds,
            } => vec![
                ("\"c_holder\" = ?", Some(AttributeValue::S(holder.clone()))),
                ("\"c_version\" < ?", number(below.to_string())),
                (LIVES, number(seconds.to_string())),
            ],
        }
    }
}

const _: () = {
    // the tests above spell the names out
    assert!(matches!(ATTEMPT.as_bytes(), b"c_attempt"));
    assert!(matches!(LEASE.as_bytes(), b"c_lease"));
    assert!(matches!(NONCE.as_bytes(), b"c_nonce"));
    assert!(matches!(VERSION.as_bytes(), b"c_version"));
    assert!(matches!(HOLDER.as_bytes(), b"c_holder"));
    assert!(matches!(TTL.as_bytes(), b"ttl"));
};

#[cfg(test)]
mod tests {
    use super::super::item::{RESULT, RUNS, binary, number};
    use super::*;

    fn write(condition: Condition) -> Write {
        Write {
            id: "b'k'".to_owned(),
            condition,
            set: vec![(RESULT, binary(b"{}".to_vec())), (RUNS, number(1))],
        }
    }

    #[test]
    fn writes_are_parametrized() {
        let insert = write(Condition::Absent).to_statement("celery");
        assert_eq!(
            insert.statement(),
            r#"INSERT INTO "celery" VALUE {'id': ?, 'result': ?, 'c_runs': ?}"#
        );
        assert_eq!(insert.parameters().len(), 3);
        let held = write(Condition::Held { attempt: 7 }).to_statement("celery");
        assert_eq!(
            held.statement(),
            r#"UPDATE "celery" SET "result" = ? SET "c_runs" = ? WHERE "id" = ? AND "c_attempt" = ? AND "c_lease" > ?"#
        );
        assert_eq!(held.parameters().len(), 5);
        let foreign = write(Condition::Foreign {
            timestamp: "1.5".to_owned(),
        })
        .to_statement("celery");
        assert!(
            foreign
                .statement()
                .ends_with(r#"WHERE "id" = ? AND "timestamp" = ? AND "c_attempt" IS MISSING"#)
        );
        let untimed = write(Condition::Foreign {
            timestamp: String::new(),
        })
        .to_statement("celery");
        assert!(
            untimed
                .statement()
                .ends_with(r#"AND "timestamp" IS MISSING AND "c_attempt" IS MISSING"#)
        );
        let seen = write(Condition::Seen {
            attempt: 1,
            nonce: "n".to_owned(),
            lease_millis: 5,
        })
        .to_statement("celery");
        assert_eq!(seen.parameters().len(), 6);
        assert!(seen.statement().ends_with(
            r#" WHERE "id" = ? AND "c_attempt" = ? AND "c_nonce" = ? AND "c_lease" = ?"#
        ));
        let version = write(Condition::Version { version: 4 }).to_statement("celery");
        assert!(
            version
                .statement()
                .ends_with(r#" WHERE "id" = ? AND "c_version" = ?"#)
        );
        assert_eq!(
            version.parameters().last(),
            Some(&AttributeValue::N("4".to_owned()))
        );
    }

    #[test]
    fn items_over_400_kb_are_noticed() {
        let mut large = write(Condition::Absent);
        assert_eq!(large.over_limit(), None);
        large.set[0].1 = binary(vec![0; MAX_ITEM_BYTES]);
        assert!(large.over_limit().is_some_and(|size| size > MAX_ITEM_BYTES));
    }
}
