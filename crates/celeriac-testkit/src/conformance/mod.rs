//! One suite of cases that every [`Broker`] and [`ResultStore`] passes: SQS and DynamoDB on each emulator, SQLite.
//!
//! A fixture says what is under test; [`broker_conformance!`](crate::broker_conformance) and
//! [`store_conformance!`](crate::store_conformance) make one `#[test]` of each case. What an emulator gets wrong is
//! declared by its fixture as a [`Quirk`]: the case then asserts what the emulator does instead, and says so in one line.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use celeriac_core::Broker;
//! # use celeriac_testkit::conformance::BrokerFixture;
//! struct OnFile(tempfile::TempDir);
//!
//! #[async_trait::async_trait]
//! impl BrokerFixture for OnFile {
//!     fn lane(&self) -> &str { "SQLite file" }
//!     async fn open(&self) -> Arc<dyn Broker> { todo!("a handle on this file's queues") }
//! }
//!
//! async fn on_file() -> Option<OnFile> { Some(OnFile(tempfile::tempdir().ok()?)) }
//!
//! celeriac_testkit::broker_conformance!(on_file);
//! ```
//!
//! [`Broker`]: celeriac_core::Broker
//! [`ResultStore`]: celeriac_core::ResultStore

#![expect(clippy::missing_panics_doc, reason = "a case fails by panicking")]

pub mod broker;
mod broker_bench;
mod case;
mod quirk;
pub mod store;
mod store_bench;

pub use broker_bench::{BrokerBench, BrokerFixture};
pub use case::{run_broker_case, run_store_case};
pub use quirk::Quirk;
pub use store_bench::{StoreBench, StoreFixture, StoreOptions};

/// Makes one `#[test]` per case of a list, in a module per group. For the two macros of this crate.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_cases {
    ($run:ident, $kind:ident, $fixture:expr; $($group:ident { $($case:ident),* $(,)? })*) => {
        $(
            mod $group {
                use super::*;
                $(
                    #[test]
                    fn $case() {
                        $crate::conformance::$run(stringify!($case), $fixture, $crate::conformance::$kind::$group::$case);
                    }
                )*
            }
        )*
    };
}

/// Runs the broker suite against a fixture: an `async fn() -> Option<impl BrokerFixture>`, called once for each case.
/// `None` means that the lane cannot run here; the fixture has said why.
#[macro_export]
macro_rules! broker_conformance {
    ($fixture:expr) => {
        $crate::conformance_cases! { run_broker_case, broker, $fixture;
            messages { round_trip, non_ascii_bodies_round_trip }
        }
    };
}

/// Runs the result store suite against a fixture: an `async fn() -> Option<impl StoreFixture>`, called once for each
/// case. `None` means that the lane cannot run here; the fixture has said why.
#[macro_export]
macro_rules! store_conformance {
    ($fixture:expr) => {
        $crate::conformance_cases! { run_store_case, store, $fixture;
            claims { a_fresh_task_is_claimed, a_leased_task_is_refused_until_the_lease_ends }
        }
    };
}
