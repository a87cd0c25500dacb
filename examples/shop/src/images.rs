use celeriac::prelude::*;

/// Halves a picture until it fits; a picture here is a grid of grey values.
///
/// Not `async`: celeriac runs it on its bounded pool of threads, so that it does not hold up the
/// others. A thread cannot be ended from outside, so it looks at the soft time limit itself.
#[task(
    name = "shop.resize_image",
    soft_time_limit = "20s",
    time_limit = "30s"
)]
pub(crate) fn resize_image(
    ctx: Context,
    pixels: Vec<Vec<u8>>,
    max_width: usize,
) -> TaskResult<Vec<Vec<u8>>> {
    if max_width == 0 {
        return Err(TaskError::failure(
            "ValueError",
            "`max_width` must be 1 or more",
        ));
    }
    let mut picture = pixels;
    while picture.first().is_some_and(|row| row.len() > max_width) {
        if ctx.is_cancelled() {
            return Err(TaskError::failure(
                "SoftTimeLimitExceeded",
                "the picture is too large",
            ));
        }
        picture = halved(&picture);
    }
    Ok(picture)
}

/// Every second row and column.
fn halved(picture: &[Vec<u8>]) -> Vec<Vec<u8>> {
    picture
        .iter()
        .step_by(2)
        .map(|row| row.iter().step_by(2).copied().collect())
        .collect()
}
