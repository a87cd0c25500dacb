//! Tasks that are tried again.

pub(crate) use self::all::*;

#[celeriac::tasks(prefix = "t.integration.tasks")]
mod all {
    use celeriac::prelude::*;

    use super::super::counters::Attempts;
    use super::super::outcomes::expected;

    fn seconds(value: Option<&Value>, or: f64) -> Duration {
        Duration::from_secs_f64(value.and_then(Value::as_f64).unwrap_or(or))
    }

    #[task(default_retry_delay = 1)]
    pub(crate) async fn retry(
        ctx: Context,
        attempts: State<Attempts>,
        return_value: Option<Value>,
    ) -> TaskResult<Value> {
        if let Some(value) = return_value.filter(Value::is_true) {
            let mut attempts = attempts.lock();
            let attempt = attempts.entry("retry".to_owned()).or_default();
            if *attempt >= 3 {
                attempts.remove("retry");
                return Ok(value);
            }
            *attempt += 1;
        }
        let failure = expected("ExpectedException", Vec::new());
        Err(ctx.retry().countdown(secs(5)).failure(failure).into())
    }

    #[task(default_retry_delay = 1)]
    pub(crate) async fn retry_unpickleable(
        ctx: Context,
        foo: Value,
        bar: Value,
        retry_kwargs: Dict,
    ) -> TaskResult {
        let _ = bar;
        let failure = expected("UnpickleableException", vec![foo]);
        let mut again = ctx.retry().failure(failure);
        if let Some(countdown) = retry_kwargs.get("countdown") {
            again = again.countdown(seconds(Some(countdown), 0.0));
        }
        let most = retry_kwargs.get("max_retries").and_then(Value::as_i64);
        if let Some(most) = most.and_then(|most| u32::try_from(most).ok()) {
            again = again.max_retries(most);
        }
        Err(again.into())
    }

    #[task(max_retries = 1)]
    pub(crate) async fn retry_with_args_after_kwargs(
        ctx: Context,
        foo: i64,
        bar: i64,
        label: Option<Value>,
    ) -> TaskResult<Dict> {
        if ctx.retries() == 0 {
            let kwargs: Dict = label
                .map(|label| ("label".to_owned(), label))
                .into_iter()
                .collect();
            let again = ctx.retry().arg(foo + 1).arg(bar + 1).kwargs(kwargs);
            return Err(again.countdown(Duration::ZERO).into());
        }
        Ok(kwargs!(
            foo: foo, bar: bar, label: label, retries: ctx.retries(), is_eager: false,
        ))
    }

    #[task(max_retries = 1)]
    pub(crate) async fn retry_with_kwargs_after_args(
        ctx: Context,
        foo: i64,
        bar: i64,
    ) -> TaskResult<Dict> {
        if ctx.retries() == 0 {
            let again = ctx
                .retry()
                .args(Vec::new())
                .kwargs(kwargs!(foo: foo + 1, bar: bar));
            return Err(again.countdown(Duration::ZERO).into());
        }
        Ok(kwargs!(foo: foo, bar: bar, retries: ctx.retries(), is_eager: false))
    }

    #[task(expires = 120, max_retries = 1)]
    pub(crate) async fn retry_once(
        ctx: Context,
        #[args] _args: Vec<Value>,
        #[kwargs] options: Dict,
    ) -> TaskResult<u32> {
        if ctx.retries() > 0 {
            return Ok(ctx.retries());
        }
        let mut again = ctx
            .retry()
            .countdown(seconds(options.get("countdown"), 0.1));
        let most = options
            .get("max_retries")
            .and_then(Value::as_i64)
            .unwrap_or(1);
        again = again.max_retries(u32::try_from(most).unwrap_or_default());
        if let Some(expires) = options.get("expires").filter(|value| value.is_true()) {
            again = again.expires(seconds(Some(expires), 0.0));
        }
        Err(again.into())
    }

    #[task(ignore_result)]
    pub(crate) async fn retry_once_ignore_result(ctx: Context) -> TaskResult<u32> {
        match ctx.retries() {
            0 => Err(ctx.retry().countdown(Duration::ZERO).into()),
            retries => Ok(retries),
        }
    }

    #[task(ignore_result = false)]
    pub(crate) async fn retry_once_with_result(ctx: Context) -> TaskResult<u32> {
        match ctx.retries() {
            0 => Err(ctx.retry().countdown(Duration::ZERO).into()),
            retries => Ok(retries),
        }
    }

    #[task(max_retries = 1)]
    pub(crate) async fn retry_once_priority(
        ctx: Context,
        #[args] _args: Vec<Value>,
        #[kwargs] options: Dict,
    ) -> TaskResult<i64> {
        match ctx.retries() {
            0 => Err(ctx
                .retry()
                .countdown(seconds(options.get("countdown"), 0.1))
                .into()),
            _ => Ok(ctx.priority().unwrap_or_default()),
        }
    }

    #[task(max_retries = 1)]
    pub(crate) async fn retry_once_headers(
        ctx: Context,
        #[args] _args: Vec<Value>,
        #[kwargs] options: Dict,
    ) -> TaskResult<Dict> {
        match ctx.retries() {
            0 => Err(ctx
                .retry()
                .countdown(seconds(options.get("countdown"), 0.1))
                .into()),
            _ => Ok(ctx.headers().clone()),
        }
    }

    /// Python's only try, and ours where the message had been received before.
    #[task(acks_late)]
    pub(crate) async fn reject_then_succeed(
        ctx: Context,
        attempts: State<Attempts>,
    ) -> TaskResult<String> {
        let mut attempts = attempts.lock();
        if attempts.insert(ctx.id().to_owned(), 1).is_none() {
            return Err(TaskError::requeue("the first delivery"));
        }
        Ok("second-pass".to_owned())
    }

    #[task(name = "auto_retry_class_task", max_retries = 1, retry_backoff)]
    pub(crate) async fn auto_retry_class_task(ctx: Context) -> TaskResult<u32> {
        if ctx.retries() > 0 {
            return Ok(ctx.retries());
        }
        Err(TaskError::other("a ValueError"))
    }
}
