use celeriac::prelude::*;
use serde::{Deserialize, Serialize};

use crate::billing::charge_card;
use crate::catalog::Catalog;
use crate::mail::send_email;

/// An order as it comes in: a dict for Python.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    id: String,
    product: String,
    count: u32,
    cents: u64,
    email: String,
}

/// Sends a task of its own for each order, so that one bad order spoils no other. Returns their
/// ids.
#[task(name = "shop.import_orders", time_limit = "2m")]
pub(crate) async fn import_orders(ctx: Context, orders: Vec<Order>) -> TaskResult<Vec<String>> {
    let mut children = Vec::with_capacity(orders.len());
    for order in orders {
        children.push(ctx.send(import_order::s(order)).await?);
    }
    Ok(children)
}

/// Checks one order, then has it paid and confirmed.
#[task(name = "shop.import_order", time_limit = "1m")]
pub(crate) async fn import_order(
    ctx: Context,
    catalog: State<Catalog>,
    order: Order,
) -> TaskResult<String> {
    catalog.check(&order.product, order.count)?; // OutOfStock: FAILURE, with the error's own text
    ctx.send(charge_card::s(order.id.clone(), order.cents))
        .await?;
    let subject = format!("Your order {}", order.id);
    ctx.send(send_email::s(order.email, subject)).await?;
    Ok(order.id)
}
