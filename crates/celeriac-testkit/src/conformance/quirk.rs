/// What an implementation does otherwise than the contract says, and the suite knows.
///
/// A fixture lists its quirks; a case that meets one asserts what happens instead and prints one
/// line. A quirk that is listed and does not show is a failure too, so the list stays true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Quirk {
    /// `send` and `receive` create a missing queue: the embedded default needs no declaring.
    CreatesMissingQueues,
    /// `ack` with the receipt of an earlier receive deletes the message that somebody else holds by
    /// now.
    StaleReceiptDeletes,
    /// `set_visibility` takes the receipt of an earlier receive, and changes the message that
    /// somebody else holds.
    StaleReceiptExtends,
    /// `set_visibility` hides a message whose visibility had ended.
    VisibleMessageExtends,
    /// `set_visibility` takes a message whose visibility had ended, to no effect.
    VisibleMessageAccepted,
    /// A FIFO queue hands out a message of a group while an earlier one is in flight.
    FifoGroupNotBlocked,
    /// `send` fails for characters beyond U+FFFF, which SQS takes.
    AstralCharactersRefused,
}
