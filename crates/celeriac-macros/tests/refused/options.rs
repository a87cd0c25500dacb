use celeriac_macros::task;

#[task(nmae = "tasks.add")]
fn unknown() {}

#[task(bind = true)]
fn celerys_own() {}

#[task(queue = "a", queue = "b")]
fn twice() {}

#[task(
    name = 5,
    queue = "",
    max_retries = -1,
    default_retry_delay = "soon",
    retry_backoff = "often",
    retry_jitter = 1,
    autoretry_for = "Error",
    dont_autoretry_for(),
    time_limit = 0,
    acks_late(true),
    priority = 10,
    serializer = "pickle",
    compression = "rar"
)]
fn wrong_values() {}

#[task(time_limit = "1m", soft_time_limit = 90)]
fn told_after_its_end() {}

#[task(retry_backoff_max = 600)]
fn no_backoff() {}

fn main() {}
