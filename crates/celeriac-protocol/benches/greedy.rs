//! What a message of at most 1 MB costs its receiver at the worst: memory and time, for each of
//! many shapes, in each serializer and compression.
//!
//! `cargo bench -p celeriac-protocol --all-features`

#![expect(clippy::print_stdout, reason = "the benchmark prints its figures")]

#[path = "../tests/greedy/shapes.rs"]
mod shapes;

use std::time::Duration;

use celeriac_protocol::Compression;

/// What the longest may take.
const TIME: Duration = Duration::from_millis(300);

fn main() {
    if shapes::is_child() {
        return;
    }
    let messages = shapes::all(&Compression::ALL);
    let mut rows: Vec<_> = messages
        .iter()
        .map(|greedy| (greedy, shapes::taken(greedy, &[])))
        .collect();
    rows.sort_by_key(|(_, taken)| taken.time);
    println!(
        "{:>9} {:>9} {:>8}  read  message",
        "bytes", "peak MiB", "ms"
    );
    for (greedy, taken) in &rows {
        println!(
            "{:>9} {:>9.1} {:>8.1}  {:<4}  {}",
            greedy.body.len(),
            taken.peak as f64 / f64::from(1 << 20),
            taken.time.as_secs_f64() * 1e3,
            if taken.is_read { "yes" } else { "no" },
            greedy.name,
        );
    }
    let most = rows.iter().map(|(_, taken)| taken.peak).max();
    let longest = rows.iter().map(|(_, taken)| taken.time).max();
    println!(
        "\nat most {} MiB (goal {}), {} ms (goal {})",
        most.unwrap_or_default() >> 20,
        shapes::MEMORY >> 20,
        longest.unwrap_or_default().as_millis(),
        TIME.as_millis(),
    );
}
