//! Kinds of histories, and the plan of each that follows from a seed.

mod canvases;
mod maker;
mod mishaps;
mod tasks;

use self::maker::Maker;
use super::blocking;
use super::plan::Plan;

/// A kind of history. Each looks at one part of the house more closely than the others; all of them
/// have kills, lost requests and lost answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Tasks of all kinds on two queues.
    Mixed,
    /// Many tries, at once and later.
    Retries,
    /// Steps and error callbacks.
    Chains,
    /// Groups in order, retries in place.
    Fifo,
    /// Clocks that are apart by up to half a lease.
    Clocks,
    /// Processes that stand still for minutes.
    Pauses,
    /// Python's clients and workers write to the same items.
    Python,
    /// Tasks that end their process.
    Poison,
    /// A service that is away for minutes.
    Outages,
    /// A Lambda function beside a worker.
    Function,
    /// Workers that do not know the tasks and pass them on.
    Forwards,
    /// Countdowns from seconds to hours.
    Countdowns,
    /// Leases that lapse beside slow requests, copies and broken connections.
    Leases,
    /// Retries whose results Python forgets while copies of them are received.
    Forgets,
    /// A task that runs for days.
    Days,
    /// Events that invoke a function without a message.
    Events,
    /// Local beats that send periodic tasks.
    Beats,
    /// Chains, groups and chords in each other.
    Canvases,
    /// Nothing goes wrong, and there is much to do: what it costs is judged.
    Calm,
}

impl Scenario {
    /// Every one.
    pub const ALL: [Self; 19] = [
        Self::Mixed,
        Self::Retries,
        Self::Chains,
        Self::Fifo,
        Self::Clocks,
        Self::Pauses,
        Self::Python,
        Self::Poison,
        Self::Outages,
        Self::Function,
        Self::Forwards,
        Self::Countdowns,
        Self::Leases,
        Self::Forgets,
        Self::Days,
        Self::Events,
        Self::Beats,
        Self::Canvases,
        Self::Calm,
    ];

    /// As it is called on the command line.
    pub fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|scenario| scenario.name() == name)
    }

    /// The one of a seed: each in its turn, and again those whose dangers are the matter of
    /// milliseconds.
    pub fn of_seed(seed: u64) -> Self {
        const OFTEN: [Scenario; 12] = [
            Scenario::Leases,
            Scenario::Forgets,
            Scenario::Leases,
            Scenario::Fifo,
            Scenario::Leases,
            Scenario::Clocks,
            Scenario::Leases,
            Scenario::Forgets,
            Scenario::Leases,
            Scenario::Fifo,
            Scenario::Leases,
            Scenario::Leases,
        ];
        let count = (Self::ALL.len() + OFTEN.len()) as u64;
        let turn = usize::try_from(seed % count).unwrap_or_default();
        let often = turn.checked_sub(Self::ALL.len());
        often.map_or_else(|| Self::ALL[turn], |turn| OFTEN[turn])
    }

    /// The plan that follows from a seed.
    pub fn plan(self, seed: u64) -> Plan {
        let mut plan = Maker::new(self, seed).plan(seed);
        blocking::choose(&mut plan, self);
        plan
    }
}
