//! The adapters against emulators: ministack always, LocalStack and fauxqs where `./test` started them.

mod lane;

mod ministack {
    use celeriac_testkit::emulator::Ministack;

    use crate::lane::{BrokerLane, StoreLane};

    async fn broker() -> Option<BrokerLane> {
        Some(BrokerLane::new(
            "ministack",
            Ministack::shared().await.url(),
            &[],
        ))
    }

    async fn store() -> Option<StoreLane> {
        Some(StoreLane::new("ministack", Ministack::shared().await.url(), &[]).await)
    }

    celeriac_testkit::broker_conformance!(broker);
    celeriac_testkit::store_conformance!(store);
}

mod localstack {
    use celeriac_testkit::emulator;

    use crate::lane::{BrokerLane, StoreLane};

    async fn broker() -> Option<BrokerLane> {
        Some(BrokerLane::new("LocalStack", &emulator::localstack()?, &[]))
    }

    /// Its DynamoDB is ministack's.
    async fn store() -> Option<StoreLane> {
        Some(StoreLane::new("LocalStack", &emulator::localstack()?, &[]).await)
    }

    celeriac_testkit::broker_conformance!(broker);
    celeriac_testkit::store_conformance!(store);
}

mod fauxqs {
    use celeriac_testkit::emulator;

    use crate::lane::BrokerLane;

    async fn broker() -> Option<BrokerLane> {
        Some(BrokerLane::new("fauxqs", &emulator::fauxqs()?, &[]))
    }

    celeriac_testkit::broker_conformance!(broker);
}
