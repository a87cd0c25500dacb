use std::sync::atomic::{AtomicU8, Ordering};

/// Where a worker is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Receiving and running.
    Running,
    /// Nothing new starts; what runs may finish.
    Draining,
    /// What still ran is cancelled and given back.
    Releasing,
    /// Over.
    Stopped,
}

impl Phase {
    const ALL: [Self; 4] = [
        Self::Running,
        Self::Draining,
        Self::Releasing,
        Self::Stopped,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Draining => "draining",
            Self::Releasing => "releasing",
            Self::Stopped => "stopped",
        }
    }
}

/// The phase as all parts of a worker see it.
#[derive(Debug, Default)]
pub(crate) struct PhaseCell(AtomicU8);

impl PhaseCell {
    pub(crate) fn get(&self) -> Phase {
        Phase::ALL
            .get(usize::from(self.0.load(Ordering::Relaxed)))
            .copied()
            .unwrap_or(Phase::Stopped)
    }

    pub(crate) fn set(&self, phase: Phase) {
        self.0.store(phase as u8, Ordering::Relaxed);
    }
}
