use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use celeriac::prelude::*;
use serde::Serialize;

/// The payment service, which takes an idempotency key as they all do.
#[derive(Debug, Default)]
pub(crate) struct Payments {
    charges: Mutex<HashMap<String, u64>>,
}

/// A charge that was made.
#[derive(Debug, Serialize)]
pub(crate) struct Charge {
    order: String,
    cents: u64,
    attempt: u64,
}

impl Payments {
    /// Charges once for each key; a second call with the same key changes nothing.
    fn charge(&self, key: &str, cents: u64) {
        let mut charges = self.charges.lock().unwrap_or_else(PoisonError::into_inner);
        charges.entry(key.to_owned()).or_insert(cents);
    }
}

/// Money must move once. Delivery is at least once: a worker that dies after the charge and before
/// its result is stored leaves a task that runs again. So the effect itself is made unique: the
/// task id, which is the same on every run and retry, is the key. `ctx.attempt()` is larger on
/// every run, for systems that must refuse a run that was taken over.
#[task(
    name = "shop.charge_card",
    max_retries = 8,
    retry_backoff = 2,
    time_limit = "1m"
)]
pub(crate) async fn charge_card(
    ctx: Context,
    payments: State<Payments>,
    order: String,
    cents: u64,
) -> TaskResult<Charge> {
    if cents == 0 {
        return Err(TaskError::failure(
            "shop.NothingToPay",
            format!("order {order} costs nothing"),
        ));
    }
    payments.charge(ctx.id(), cents);
    Ok(Charge {
        order,
        cents,
        attempt: ctx.attempt(),
    })
}
