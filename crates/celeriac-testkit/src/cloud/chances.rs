use std::fmt::Debug;

/// What AWS leaves open: how a standard queue orders, which entry of a batch fails today.
pub trait Chances: Debug + Send + Sync + 'static {
    /// A number below `bound`, which is at least 1.
    fn below(&self, bound: usize) -> usize;

    /// Whether this message of a standard queue is handed out again although it is in flight.
    fn duplicates(&self) -> bool {
        false
    }

    /// Whether this deletion is answered and does not hold: the message comes again.
    fn forgets_deletion(&self) -> bool {
        false
    }

    /// Whether a deletion by an older receipt than the last deletes the message of a standard
    /// queue: SQS says that it may not.
    fn old_receipt_deletes(&self) -> bool {
        false
    }

    /// Whether this entry of an SQS batch fails by SQS's own fault.
    fn entry_fails(&self) -> bool {
        false
    }

    /// Whether this statement of a DynamoDB batch is throttled, inside of an answer that is a
    /// success.
    fn statement_fails(&self) -> bool {
        false
    }

    /// Whether this key of a DynamoDB batch is left unprocessed.
    fn key_is_left(&self) -> bool {
        false
    }
}

/// Everything in order, and nothing fails.
#[derive(Clone, Copy, Debug)]
pub struct NoChances;

impl Chances for NoChances {
    fn below(&self, _bound: usize) -> usize {
        0
    }
}
