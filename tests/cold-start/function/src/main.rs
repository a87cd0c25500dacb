//! The smallest app, as a Lambda function.

use celeriac::prelude::*;

#[task(name = "cold.echo")]
async fn echo(value: Value) -> Value {
    value
}

#[tokio::main]
async fn main() -> ExitCode {
    App::new("cold-start").task(echo).run().await
}
