use std::time::Duration;

/// Attempts of one entry of a batch whose request itself went through.
pub(crate) const MAX_ENTRY_ATTEMPTS: u32 = 8;
const BASE: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(3);

/// Waits before the next try: exponential, up to 3 s, with full jitter so that workers do not come
/// back together.
pub(crate) async fn pause(attempt: u32) {
    let ceiling = BASE.saturating_mul(1 << attempt.min(16)).min(LONGEST);
    tokio::time::sleep(ceiling.mul_f64(0.1 + 0.9 * celeriac_core::random::fraction())).await;
}
