//! Tasks that become others, or send them.

pub(crate) use self::all::*;

#[celeriac::tasks(prefix = "t.integration.tasks")]
mod all {
    use celeriac::prelude::*;
    use celeriac::protocol::{Signature, Workflow};

    use super::super::counters::redis_echo;
    use super::super::numbers::{add, identity, tsum};
    use super::super::outcomes::{fail, raise_error, replaced_with_me};
    use crate::redis::Redis;

    #[task]
    pub(crate) async fn add_replaced(ctx: Context, x: Value, y: Value) -> TaskResult<Value> {
        Err(ctx.replace(add::s(x, y)))
    }

    #[task]
    pub(crate) async fn add_replaced_with_chain(
        ctx: Context,
        x: Value,
        y: Value,
    ) -> TaskResult<Value> {
        Err(ctx.replace(add::s(x, y) | identity::step()))
    }

    #[task]
    pub(crate) async fn record_replaced_task_nesting(
        ctx: Context,
        replacements: i64,
        nesting: Option<Vec<i64>>,
    ) -> TaskResult<Vec<i64>> {
        let mut nesting = nesting.unwrap_or_default();
        nesting.push(ctx.replaced_task_nesting());
        if replacements > 0 {
            let next = record_replaced_task_nesting::s(replacements - 1).kwarg("nesting", nesting);
            return Err(ctx.replace(next));
        }
        Ok(nesting)
    }

    /// `redis_echo`, with a message of its own if there is one.
    fn echo_of(options: &Dict) -> Workflow {
        let message = options.get("link_msg").filter(|message| !message.is_null());
        let echo = TaskSignature::<Value>::new("t.integration.tasks.redis_echo");
        let echo = match message {
            Some(message) => echo.arg(message.clone()).immutable().into_workflow(),
            None => echo.into_workflow(),
        };
        echo.unwrap_or_else(|_| Workflow::Task(Signature::default()))
    }

    /// `identity` of all arguments, some of which it may not have.
    fn identity_of(args: Vec<Value>) -> TaskSignature {
        let identity = TaskSignature::new("t.integration.tasks.identity");
        args.into_iter().fold(identity, TaskSignature::arg)
    }

    #[task]
    pub(crate) async fn replace_with_chain(
        ctx: Context,
        #[args] args: Vec<Value>,
        #[kwargs] options: Dict,
    ) -> TaskResult<Value> {
        let link = echo_of(&options);
        Err(ctx.replace(chain![identity_of(args), identity::step()].link(link)))
    }

    #[task]
    pub(crate) async fn replace_with_chain_which_raises(
        ctx: Context,
        #[args] args: Vec<Value>,
        #[kwargs] options: Dict,
    ) -> TaskResult<Value> {
        let link = echo_of(&options);
        Err(ctx.replace(chain![identity_of(args), raise_error::step()].link_error(link)))
    }

    #[task]
    pub(crate) async fn replace_with_empty_chain(
        ctx: Context,
        #[args] _args: Vec<Value>,
    ) -> TaskResult<Value> {
        Err(ctx.replace(Workflow::chain([])))
    }

    #[task]
    pub(crate) async fn replace_with_chain_which_contains_a_group(
        ctx: Context,
    ) -> TaskResult<Value> {
        let more = group![add::step(Value::Int(1)), add::step(Value::Int(1))];
        Err(ctx.replace(add::s(Value::Int(1), Value::Int(2)) | more))
    }

    #[task]
    pub(crate) async fn add_to_all(
        ctx: Context,
        nums: Vec<Value>,
        val: Value,
    ) -> TaskResult<Value> {
        Err(ctx.replace(group(nums.into_iter().map(|num| add::s(num, val.clone())))))
    }

    #[task]
    pub(crate) async fn add_to_all_to_chord(
        ctx: Context,
        nums: Vec<Value>,
        val: Value,
    ) -> TaskResult<i64> {
        for num in nums {
            ctx.add_to_chord(add::s(num, val.clone()))?;
        }
        Ok(0)
    }

    #[task]
    pub(crate) async fn add_chord_to_chord(
        ctx: Context,
        nums: Vec<Value>,
        val: Value,
    ) -> TaskResult<i64> {
        let sums = nums
            .into_iter()
            .map(|num| add::s(num, val.clone()).returns::<Value>());
        let sums = Workflow::group(
            sums.map(Canvas::into_workflow)
                .collect::<Result<Vec<_>, _>>()?,
        );
        ctx.add_to_chord(sums.then(tsum::step().into_workflow()?))?;
        Ok(0)
    }

    #[task]
    pub(crate) async fn fail_replaced(ctx: Context, #[args] args: Vec<Value>) -> TaskResult<Value> {
        let fail = args.into_iter().fold(fail::s(), TaskSignature::arg);
        Err(ctx.replace(fail.immutable()))
    }

    #[task]
    pub(crate) async fn chain_add(ctx: Context, x: Value, y: Value) -> TaskResult {
        ctx.send(add::s(x.clone(), x) | add::step(y)).await?;
        Ok(())
    }

    #[task]
    pub(crate) async fn chord_add(ctx: Context, x: Value, y: Value) -> TaskResult {
        let body = TaskSignature::<Value>::new("t.integration.tasks.add").arg(y);
        ctx.send(chord([add::s(x.clone(), x)], body)).await?;
        Ok(())
    }

    #[task]
    pub(crate) async fn build_chain_inside_task(ctx: Context) -> TaskResult<Value> {
        let int = Value::Int;
        let middle = group![add::step(int(3)), add::step(int(4))];
        let last = TaskSignature::<Value>::new("t.integration.tasks.add").arg(5);
        ctx.send(add::s(int(1), int(1)) | add::step(int(2)) | (middle | last))
            .await?;
        Ok(ctx.child_results().pop().unwrap_or_default())
    }

    #[task]
    pub(crate) async fn second_order_replace1(
        ctx: Context,
        redis: State<Redis>,
        state: Option<bool>,
    ) -> TaskResult<Value> {
        if state == Some(true) {
            redis.push("redis-echo", "Out A").await?;
            return Ok(Value::Null);
        }
        redis.push("redis-echo", "In A").await?;
        let again = second_order_replace1::si().kwarg("state", true);
        Err(ctx.replace(second_order_replace2::s() | again))
    }

    #[task]
    pub(crate) async fn second_order_replace2(
        ctx: Context,
        redis: State<Redis>,
        state: Option<bool>,
    ) -> TaskResult<Value> {
        if state == Some(true) {
            redis.push("redis-echo", "Out B").await?;
            return Ok(Value::Null);
        }
        redis.push("redis-echo", "In B").await?;
        let again = second_order_replace2::si().kwarg("state", true);
        Err(ctx.replace(redis_echo::s(Value::Str("In/Out C".to_owned())) | again))
    }

    #[task]
    pub(crate) async fn replace_with_stamped_task(
        ctx: Context,
        replace_with: Option<Value>,
    ) -> TaskResult<Value> {
        let mut workflow = match replace_with {
            Some(value) => Workflow::read(Signature::from_value(value)?)?,
            None => replaced_with_me::s().into_workflow()?,
        };
        let stamp = Value::Str("This is the replaced task".to_owned());
        workflow.for_each_task(&mut |task| task.stamp("StampOnReplace", stamp.clone()));
        Err(ctx.replace(workflow))
    }

    #[task]
    pub(crate) async fn rebuild_signature(sig_dict: Value) -> TaskResult {
        Workflow::read(Signature::from_value(sig_dict)?)?;
        Ok(())
    }
}
