use celeriac::prelude::*;
use celeriac::testing::TestContext;

struct Shelf {
    apples: i64,
}

#[task(name = "shop.mail")]
async fn mail(to: String) -> String {
    format!("to {to}")
}

#[task(name = "shop.sell", max_retries = 5)]
async fn sell(ctx: Context, shelf: State<Shelf>, count: i64) -> TaskResult<i64> {
    if count > shelf.apples {
        return Err(TaskError::failure(
            "shop.OutOfStock",
            format!("{} left", shelf.apples),
        ));
    }
    ctx.progress(json!({"packed": count})).await?;
    ctx.send(mail::s("ada@example.org")).await?;
    Ok(shelf.apples - count)
}

#[tokio::test]
async fn apples_are_sold() {
    let test = TestContext::new().retries(1);
    let left = sell::call(test.context(), State::new(Shelf { apples: 3 }), 2).await;
    assert_eq!(left.expect("sold"), 1);
    assert_eq!(test.shown()[0].0, "PROGRESS");
    assert_eq!(test.sent()[0].task, "shop.mail");

    let sold_out = sell::call(test.context(), State::new(Shelf { apples: 0 }), 1).await;
    assert!(
        matches!(sold_out, Err(TaskError::Failure(failure)) if failure.exception.exc_type == "OutOfStock")
    );
}
