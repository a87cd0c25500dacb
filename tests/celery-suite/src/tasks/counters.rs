//! Tasks that leave something in Redis.

pub(crate) use self::all::*;

#[celeriac::tasks(prefix = "t.integration.tasks")]
mod all {
    use std::collections::HashMap;
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use celeriac::prelude::*;

    use crate::number;
    use crate::redis::Redis;

    /// How often a task of this process was tried.
    #[derive(Default)]
    pub(crate) struct Attempts(Mutex<HashMap<String, u32>>);

    impl Attempts {
        pub(crate) fn lock(&self) -> MutexGuard<'_, HashMap<String, u32>> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    fn shown(value: &Value) -> String {
        match value {
            Value::Str(text) => text.clone(),
            Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Value::Int(number) => number.to_string(),
            other => other.describe(),
        }
    }

    #[task]
    pub(crate) async fn redis_echo(
        redis: State<Redis>,
        message: Value,
        #[default("redis-echo")] redis_key: String,
    ) -> TaskResult {
        redis.push(&redis_key, &shown(&message)).await
    }

    #[task]
    pub(crate) async fn redis_echo_group_id(
        ctx: Context,
        redis: State<Redis>,
        _x: Value,
        #[default("redis-group-ids")] redis_key: String,
    ) -> TaskResult {
        redis.push(&redis_key, ctx.group().unwrap_or("None")).await
    }

    #[task]
    pub(crate) async fn redis_count(
        redis: State<Redis>,
        #[default("redis-count")] redis_key: String,
    ) -> TaskResult {
        redis.increment(&redis_key).await
    }

    #[task]
    pub(crate) async fn sum_and_record(
        ctx: Context,
        redis: State<Redis>,
        values: Value,
        redis_key: String,
    ) -> TaskResult<Value> {
        let sum = number::sum(number::items(&values)?)?;
        redis.push(&redis_key, ctx.id()).await?;
        Ok(sum)
    }

    #[task]
    pub(crate) async fn errback_old_style(
        redis: State<Redis>,
        request_id: String,
    ) -> TaskResult<String> {
        redis.increment(&request_id).await?;
        Ok(request_id)
    }

    #[task]
    pub(crate) async fn errback_old_style_with_args(
        redis: State<Redis>,
        request_id: String,
        label: Value,
    ) -> TaskResult {
        redis.push(&request_id, &shown(&label)).await
    }

    #[task]
    pub(crate) async fn errback_new_style(
        redis: State<Redis>,
        request: Dict,
        exc: Value,
        tb: Option<String>,
    ) -> TaskResult<String> {
        let _ = (exc, tb);
        let id = request.get("id").map(shown).unwrap_or_default();
        redis.increment(&id).await?;
        Ok(id)
    }

    #[task]
    pub(crate) async fn errback_new_style_with_args(
        redis: State<Redis>,
        request: Dict,
        exc: Value,
        tb: Option<String>,
        label: Value,
    ) -> TaskResult {
        let _ = (exc, tb);
        let id = request.get("id").map(shown).unwrap_or_default();
        redis.push(&id, &shown(&label)).await
    }
}
