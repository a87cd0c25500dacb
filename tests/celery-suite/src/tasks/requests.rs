//! Tasks that tell of their own request.

pub(crate) use self::all::*;

#[celeriac::tasks(prefix = "t.integration.tasks")]
mod all {
    use celeriac::prelude::*;

    type Ids = (Option<String>, Option<String>, Value);

    fn own_ids(ctx: &Context, i: Value) -> Ids {
        (
            Some(ctx.root_id().to_owned()),
            ctx.parent_id().map(str::to_owned),
            i,
        )
    }

    #[task]
    pub(crate) async fn ids(ctx: Context, i: Value) -> Ids {
        own_ids(&ctx, i)
    }

    #[task]
    pub(crate) async fn collect_ids(ctx: Context, res: Value, i: Value) -> (Value, Ids) {
        (res, own_ids(&ctx, i))
    }

    #[task]
    pub(crate) async fn return_priority(ctx: Context, #[args] _args: Vec<Value>) -> String {
        format!("Priority: {}", ctx.priority().unwrap_or_default())
    }

    #[task]
    pub(crate) async fn return_request_eta(ctx: Context) -> Option<String> {
        ctx.envelope().headers.eta.clone()
    }

    #[task]
    pub(crate) async fn return_properties(ctx: Context) -> Dict {
        ctx.properties().to_dict()
    }

    fn limits(ctx: &Context) -> Value {
        let seconds = |limit: Option<Duration>| {
            limit.map_or(Value::Null, |limit| {
                Value::Int(i64::try_from(limit.as_secs()).unwrap_or(i64::MAX))
            })
        };
        kwargs!(
            time_limit: seconds(ctx.time_limit()),
            soft_time_limit: seconds(ctx.soft_limit()),
        )
        .into()
    }

    #[task]
    pub(crate) async fn return_request_time_limits(ctx: Context) -> Value {
        limits(&ctx)
    }

    #[task(time_limit = 60, soft_time_limit = 45)]
    pub(crate) async fn task_with_declared_time_limits(ctx: Context) -> Value {
        limits(&ctx)
    }
}
