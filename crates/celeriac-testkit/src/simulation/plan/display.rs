use std::fmt;

use super::{Plan, TaskPlan};

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "visibility {:?}, {} lost runs are poison",
            self.visibility, self.max_lost_runs
        )?;
        if let Some(seconds) = self.ttl_seconds {
            writeln!(f, "ttl_seconds={seconds}")?;
        }
        for worker in &self.workers {
            write!(f, "worker {} on {}", worker.name, worker.queues.join(", "))?;
            if !worker.starts.is_zero() {
                write!(f, ", from {:?} on", worker.starts)?;
            }
            if worker.clock_ahead != 0 {
                write!(f, ", clock {} ms ahead", worker.clock_ahead)?;
            }
            if let Some(queue) = &worker.forwards_to {
                write!(f, ", forwards to {queue}")?;
            }
            writeln!(f)?;
        }
        for function in &self.functions {
            writeln!(
                f,
                "function {} on {}, {:?}",
                function.name, function.queue, function.timeout
            )?;
        }
        for beat in &self.beats {
            writeln!(f, "beat {}, from {:?} on", beat.name, beat.starts)?;
        }
        for entry in &self.entries {
            let catch_up = if entry.runs_all {
                "run_all"
            } else {
                "run_once"
            };
            let (every, run) = (entry.every, &entry.run);
            writeln!(f, "every {every:?}, {catch_up}: {run}")?;
        }
        for task in &self.tasks {
            writeln!(f, "{:>9.3?} send {task}", task.at)?;
        }
        for canvas in &self.canvases {
            writeln!(f, "{:>9.3?} send {}", canvas.at, canvas.shape)?;
        }
        if !self.canvases.is_empty() {
            writeln!(f, "chord_layout = {:?}", self.chord_layout)?;
        }
        for mishap in &self.mishaps {
            writeln!(f, "{:>9.3?} {:?}", mishap.at, mishap.what)?;
        }
        write!(f, "{:?}", self.noise)
    }
}

impl fmt::Display for TaskPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.id, self.queue)?;
        if let Some(group) = &self.group {
            write!(f, " group {group}")?;
        }
        if !self.countdown.is_zero() {
            write!(f, " in {:?}", self.countdown)?;
        }
        if let Some(expires) = self.expires {
            write!(f, " expires in {expires:?}")?;
        }
        if self.direct {
            write!(f, " by an invocation")?;
        }
        if self.blocking {
            write!(f, " blocking")?;
        }
        if self.ignore_result {
            write!(f, " without result")?;
        }
        for run in &self.tries {
            let progress = if run.progress { ", progress" } else { "" };
            write!(f, " [{:?}{progress}, {:?}]", run.takes, run.end)?;
        }
        if let Some(next) = &self.next {
            write!(f, " then ({next})")?;
        }
        if let Some(errback) = &self.errback {
            write!(f, " or ({errback})")?;
        }
        Ok(())
    }
}
