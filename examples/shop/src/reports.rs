use std::io::Write;
use std::path::PathBuf;

use celeriac::prelude::*;
use serde::Serialize;

use crate::catalog::Catalog;

/// Where the report is and what it says: any serializable type may be returned. Python sees a dict.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    path: PathBuf,
    lines: usize,
}

/// A report of one day, written to a file. It shows its progress, and an I/O error is retried after
/// 1, 2, 4, ... seconds (with jitter), five times at most.
#[task(
    name = "shop.generate_report",
    queue = "reports",
    max_retries = 5,
    retry_backoff,
    retry_backoff_max = 600,
    time_limit = "5m"
)]
pub(crate) async fn generate_report(
    ctx: Context,
    catalog: State<Catalog>,
    day: Option<String>,
) -> TaskResult<Report> {
    // the day that the run is for: beat sends it at nine, and a retry may run much later
    let day = day.unwrap_or_else(|| ctx.scheduled_time().date().to_string());
    if !day
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
    {
        // An error with a name that Python knows: the caller's `get()` raises ValueError. Not
        // retried.
        return Err(TaskError::failure(
            "ValueError",
            format!("`{day}` is not a day"),
        ));
    }
    let path = std::env::temp_dir().join(format!("shop-report-{day}.txt"));
    let products: Vec<_> = catalog.products().collect();
    let mut text = Vec::new();
    for (index, (product, left)) in products.iter().enumerate() {
        writeln!(text, "{product}: {left} left")?;
        ctx.progress(json!({"done": index + 1, "of": products.len()}))
            .await?;
    }
    // `?` on any error: a retry where the task's options say so
    tokio::fs::write(&path, text).await?;
    Ok(Report {
        path,
        lines: products.len(),
    })
}
