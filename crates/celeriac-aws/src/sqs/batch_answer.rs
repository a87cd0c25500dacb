//! One batch request, and what its answer says of each entry. Who asks again for the entries that
//! did not go through is `batch_unordered.rs`, or `batch_fifo.rs` where their order matters.

use std::collections::HashMap;
use std::future::Future;

use aws_sdk_sqs::types::BatchResultErrorEntry;
use celeriac_core::BrokerErrorKind;

use crate::fault::Fault;

/// What is done with each entry of a batch.
pub(super) struct Operation<E> {
    /// AWS's name of the request.
    pub(super) name: &'static str,
    /// How many bytes of a request an entry takes.
    pub(super) size: fn(&E) -> usize,
    /// What it means to the caller that SQS refuses an entry for good: of a message that is sent, in
    /// `send.rs`; of a receipt, in `receipts.rs`.
    pub(super) refusal: fn(Fault) -> BrokerErrorKind,
}

/// The answer of one batch request: which entries went through and which failed, each with its id,
/// which is its position in the request.
pub(super) struct BatchAnswer<T> {
    pub(super) done: Vec<(String, T)>,
    pub(super) failed: Vec<BatchResultErrorEntry>,
}

/// An entry with its index in the caller's batch.
pub(super) type Indexed<E> = (usize, E);
pub(super) type Fate<T> = Result<T, BrokerErrorKind>;

/// What became of one entry in one request.
pub(super) enum Answer<T> {
    /// It went through, or never will.
    Decided(Fate<T>),
    /// Another request may do better; why this one did not.
    NotNow(String),
}

/// Makes the request and answers for each entry, in their order.
///
/// # Errors
/// Where the request itself failed, after the SDK's own attempts.
pub(super) async fn request<E, T, F, Fut>(
    operation: &Operation<E>,
    entries: &[Indexed<E>],
    call: &F,
) -> Result<Vec<Answer<T>>, Fault>
where
    F: Fn(Vec<(String, &E)>) -> Fut,
    Fut: Future<Output = Result<BatchAnswer<T>, Fault>>,
{
    let numbered = entries.iter().enumerate();
    let numbered = numbered.map(|(id, (_, entry))| (id.to_string(), entry));
    let mut answers = by_position(call(numbered.collect()).await?);
    let each = (0..entries.len()).map(|position| match answers.remove(&position) {
        Some(Ok(value)) => Answer::Decided(Ok(value)),
        Some(Err(Fault::Unavailable(reason))) => Answer::NotNow(reason),
        Some(Err(fault)) => Answer::Decided(Err((operation.refusal)(fault))),
        None => Answer::NotNow("the answer leaves the entry out".to_owned()),
    });
    Ok(each.collect())
}

/// The same end for all, whose request failed.
pub(super) fn fail_all<E, T>(
    entries: impl IntoIterator<Item = Indexed<E>>,
    fault: &Fault,
) -> impl Iterator<Item = Indexed<Fate<T>>> {
    let entries = entries.into_iter();
    entries.map(|(index, _)| (index, Err(fault.clone().into())))
}

fn by_position<T>(answer: BatchAnswer<T>) -> HashMap<usize, Result<T, Fault>> {
    let done = answer.done.into_iter().map(|(id, value)| (id, Ok(value)));
    let failed = answer.failed.into_iter().map(|entry| {
        // another request may do better only where SQS itself is at fault; LocalStack says that of
        // bad receipts as well
        let entry_is_at_fault = entry.sender_fault || is_about_the_entry(&entry.code);
        let status = if entry_is_at_fault { 400 } else { 500 };
        (
            entry.id,
            Err(Fault::of_code(
                &entry.code,
                entry.message.as_deref().unwrap_or_default(),
                status,
            )),
        )
    });
    done.chain(failed)
        .filter_map(|(id, fate)| Some((id.parse().ok()?, fate)))
        .collect()
}

/// Whether the code blames the entry, whoever's fault the answer says it is.
fn is_about_the_entry(code: &str) -> bool {
    let codes = [
        "InvalidParameterValue",
        "InvalidMessageContents",
        "MessageNotInflight",
        "ReceiptHandleIsInvalid",
    ];
    codes.iter().any(|known| code.contains(known))
}
