use celeriac::prelude::*;
use celeriac::testing::InMemory;

#[task(
    name = "shop.flaky",
    max_retries = 3,
    default_retry_delay = 0,
    autoretry_for(std::io::Error)
)]
async fn flaky(ctx: Context) -> TaskResult<u32> {
    if ctx.retries() < 2 {
        return Err(std::io::Error::other("away").into());
    }
    Ok(ctx.retries())
}

#[tokio::test]
async fn the_third_try_succeeds() -> Result<(), Box<dyn std::error::Error>> {
    let app = InMemory::start(App::new("shop").task(flaky)).await?;
    let tries = app.client().send(flaky::s()).await?;
    assert_eq!(tries.get(secs(10)).await?, 2);
    Ok(())
}
