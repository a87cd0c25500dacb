//! A small shop: the kinds of work that a web application hands to its workers. See README.md
//! beside this crate.

mod billing;
mod catalog;
mod images;
mod mail;
mod orders;
mod reports;

use celeriac::beat::CrontabError;
use celeriac::prelude::*;

use billing::{Payments, charge_card};
use catalog::Catalog;
use images::resize_image;
use mail::send_email;
use orders::{import_order, import_orders};
use reports::generate_report;

#[tokio::main]
async fn main() -> ExitCode {
    App::new("shop")
        .task(charge_card)
        .task(generate_report)
        .task(import_order)
        .task(import_orders)
        .task(resize_image)
        .task(send_email)
        .state(Catalog::sample())
        .state(Payments::default())
        .beat("daily-report", every_morning(), generate_report::s())
        .run()
        .await
}

/// At nine in the shop's own time zone, on whatever side of the world the worker is.
fn every_morning() -> Result<Crontab, CrontabError> {
    Ok(Crontab::new("0 9 * * *")?.tz("Asia/Seoul"))
}
