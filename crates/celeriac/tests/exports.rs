//! Everything that the facade's own functions take or return has a name in the facade.
#![allow(
    clippy::no_effect_underscore_binding,
    reason = "names are all that is looked at"
)]

/// Names each type; that it compiles is the test.
macro_rules! named {
    ($($Type:ty),+ $(,)?) => {
        $(const _: fn($Type) = drop::<$Type>;)+
    };
}

/// Names each trait, as an object of which programs hold it.
macro_rules! objects {
    ($($Trait:path),+ $(,)?) => {
        $(const _: Option<&'static dyn $Trait> = None;)+
    };
}

mod app_and_tasks {
    use celeriac::*;

    named!(
        AcceptContent,
        App,
        Arguments,
        ArgumentError,
        BrokerTransportOptions,
        Connection,
        Context,
        Error,
        ErrorType,
        RaisedError,
        testing::TestContext,
        Failure,
        LogFormat,
        MessageForm,
        MetricsFormat,
        MissingState,
        Param,
        Params,
        QueueOrder,
        Registry,
        RegistryError,
        ResultBackendTransportOptions,
        RetryPolicy,
        Route,
        RouteTarget,
        Router,
        RouterError,
        RunFuture,
        Setting,
        SettingList,
        Settings,
        SettingsError,
        State<String>,
        StateMap,
        SystemClock,
        TaskDefinition,
        TaskError,
        TaskKind,
        TaskOptions,
        TaskResult<i64>,
        UnknownTask,
        jiff::Zoned,
    );
    objects!(Clock, TaskSender);

    #[test]
    fn tasks_can_be_named() {
        fn _is_task<T: Task<Output = U>, U: IntoTaskResult>() {}
    }
}

mod client {
    use std::time::Duration;

    use celeriac::*;

    named!(
        AsyncResult<i64>,
        Client,
        ClientParts,
        Compression,
        DecodeError,
        DecodeErrorKind,
        Dict,
        EncodeError,
        ExceptionInfo,
        Extended,
        Message,
        MessageBuilder,
        ResultError,
        ResultMeta,
        ResultSet<i64>,
        SendError,
        SendOptions,
        Serializer,
        Signature,
        TaskSignature<i64>,
        TaskState,
        UtcTime,
        Value,
        ValueError,
        BigInt,
        protocol::Envelope,
        protocol::WireForm,
    );

    #[test]
    fn a_state_can_be_compared_with_celerys() {
        assert_eq!(TaskState::Success.as_str(), "SUCCESS");
        let none = Vec::<AsyncResult<i64>>::new;
        drop((
            join(none(), Duration::ZERO),
            join_all(none(), Duration::ZERO),
        ));
    }
}

mod seams {
    use celeriac::{broker, documents, results, scheduler};

    named!(
        broker::BrokerError,
        broker::BrokerErrorKind,
        broker::Capabilities,
        broker::DeadLetter,
        broker::Delivery,
        broker::Outgoing,
        broker::QueueChange,
        broker::QueueSpec,
        broker::QueueStats,
        broker::Receipt,
        broker::SetVisibility,
        documents::Advance,
        documents::Advanced,
        documents::Cursor,
        documents::Document,
        documents::Each<documents::Page>,
        documents::Expect,
        documents::Key,
        documents::Put,
        documents::PutOutcome,
        documents::Remove,
        results::Claim,
        results::ClaimOutcome,
        results::Claimed,
        results::Completion,
        results::CompletionKind,
        results::CompletionOutcome,
        results::Lease,
        results::LeaseOutcome,
        results::Record,
        results::StateUpdate,
        results::StoreError,
        results::StoreErrorKind,
        scheduler::ListedSchedule,
        scheduler::PutOutcome,
        scheduler::ScheduleSpec,
        scheduler::ScheduleTarget,
        scheduler::SchedulerError,
        scheduler::SchedulerErrorKind,
    );
    objects!(
        broker::Broker,
        broker::QueueAdmin,
        documents::Documents,
        results::Ledger,
        scheduler::Scheduler
    );
}

mod worker {
    use celeriac::worker::*;

    objects!(Threads);
    named!(
        Answer,
        BlockingWork,
        DeadLettered,
        CancellationToken,
        Deadline,
        Ending,
        Executed,
        Executor,
        ExecutorParts,
        Outcome,
        Shutdown,
        VisibilityKeeper,
        Worker,
        WorkerError,
        WorkerOptions,
        WorkerQueue,
        WorkerReport,
    );
}

#[cfg(feature = "beat")]
mod beat {
    use celeriac::beat::*;

    named!(
        Beat,
        BeatParts,
        CatchUp,
        Crontab,
        CrontabError,
        CrontabField,
        CrontabFields,
        Entry,
        EntryError,
        FieldProblem,
        Interval,
        IntervalError,
        Pauses,
        Schedule,
        Solar,
        SolarError,
        SolarEvent,
        ValueSet,
        jiff::Timestamp,
    );

    #[test]
    fn schedules_can_be_named() {
        fn _is_schedule<T: IntoSchedule>() {}
    }
}

#[cfg(feature = "local")]
mod local {
    use celeriac::local::*;

    named!(Database, DatabaseError, LocalBroker, LocalStore);
}

#[cfg(feature = "aws")]
mod aws {
    use celeriac::aws::*;
    use celeriac::manifest::*;

    named!(
        AwsConfig,
        AwsConfigError,
        DynamoStore,
        Manifest,
        ManifestQueue,
        ManifestSchedule,
        ManifestTable,
        Role,
        ScheduleDelivery,
        SqsBroker,
        Statement,
        UniversalTarget,
    );
}

#[cfg(feature = "lambda")]
mod lambda {
    use celeriac::lambda::*;

    named!(Diagnostic, Function, Box<RawValue>);
}
