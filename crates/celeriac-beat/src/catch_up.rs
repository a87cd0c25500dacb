use std::fmt;
use std::str::FromStr;

/// What becomes of runs that were missed because no beat was there. For the local beat: EventBridge
/// Scheduler is never away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CatchUp {
    /// They are left out.
    Skip,
    /// The latest of them runs, as in Celery.
    #[default]
    RunOnce,
    /// All of them run, the oldest first.
    RunAll,
}

impl FromStr for CatchUp {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "skip" => Ok(Self::Skip),
            "run_once" => Ok(Self::RunOnce),
            "run_all" => Ok(Self::RunAll),
            other => Err(format!(
                "expected `skip`, `run_once` or `run_all`, got `{other}`"
            )),
        }
    }
}

impl fmt::Display for CatchUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Skip => "skip",
            Self::RunOnce => "run_once",
            Self::RunAll => "run_all",
        })
    }
}
