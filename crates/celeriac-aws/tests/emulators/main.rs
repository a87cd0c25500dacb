//! The adapters against emulators: ministack always, LocalStack and fauxqs where `./test` started
//! them, and the services of the simulator, which have no quirks.

mod documents;
mod faults;
mod lane;
mod ledger;
mod queues;
#[cfg(feature = "scheduler")]
mod scheduler;
mod simulated;

mod ministack {
    use celeriac_testkit::conformance::Quirk;
    use celeriac_testkit::emulator::Ministack;

    use crate::lane::{BrokerLane, StoreLane};

    async fn broker() -> Option<BrokerLane> {
        let quirks = &[Quirk::VisibleMessageExtends];
        Some(BrokerLane::new(
            "ministack",
            Ministack::shared().await.url(),
            quirks,
        ))
    }

    async fn store() -> Option<StoreLane> {
        Some(StoreLane::new("ministack", Ministack::shared().await.url(), &[]).await)
    }

    celeriac_testkit::broker_conformance!(broker);
    celeriac_testkit::store_conformance!(store);
}

mod localstack {
    use celeriac_testkit::conformance::Quirk;
    use celeriac_testkit::emulator;

    use crate::lane::{BrokerLane, StoreLane};

    async fn broker() -> Option<BrokerLane> {
        let quirks = &[
            Quirk::StaleReceiptDeletes,
            Quirk::StaleReceiptExtends,
            Quirk::VisibleMessageAccepted,
        ];
        Some(BrokerLane::new(
            "LocalStack",
            &emulator::localstack()?,
            quirks,
        ))
    }

    /// Its DynamoDB is ministack's.
    async fn store() -> Option<StoreLane> {
        Some(StoreLane::new("LocalStack", &emulator::localstack()?, &[]).await)
    }

    celeriac_testkit::broker_conformance!(broker);
    celeriac_testkit::store_conformance!(store);
}

mod fauxqs {
    use celeriac_testkit::conformance::Quirk;
    use celeriac_testkit::emulator;

    use crate::lane::BrokerLane;

    async fn broker() -> Option<BrokerLane> {
        let quirks = &[Quirk::VisibleMessageExtends, Quirk::AstralCharactersRefused];
        Some(BrokerLane::new("fauxqs", &emulator::fauxqs()?, quirks))
    }

    celeriac_testkit::broker_conformance!(broker);
}
