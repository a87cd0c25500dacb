use crate::emulators::Services;
use crate::report::Summary;

/// What a benchmark is to show, and what it did.
pub(crate) struct Goal {
    what: String,
    met: bool,
}

impl Goal {
    pub(crate) fn at_least(what: &str, least: f64, is: f64) -> Self {
        Self {
            what: format!("{what}: {is:.1} (at least {least})"),
            met: is >= least,
        }
    }

    pub(crate) fn at_most(what: &str, most: f64, is: f64) -> Self {
        Self {
            what: format!("{what}: {is:.1} (at most {most})"),
            met: is <= most,
        }
    }
}

/// Of celeriac, the first of the workers, beside Celery's best pool and the services themselves.
pub(crate) fn of(services: Services, ceiling: f64, workers: &[Summary]) -> Vec<Goal> {
    let Some((ours, theirs)) = workers.split_first() else {
        return Vec::new();
    };
    let mut goals = vec![
        Goal::at_most("CPU of a task, µs", 135.0, ours.cpu_micros),
        Goal::at_most("peak memory, MiB", 28.0, ours.memory_mib),
    ];
    let fast = services == Services::Memory;
    if fast {
        goals.push(Goal::at_least(
            "the services' ceiling, times celeriac's rate",
            5.0,
            ceiling / ours.rate,
        ));
    }
    if let Some(best) = theirs.iter().max_by(|a, b| a.rate.total_cmp(&b.rate)) {
        let beside = |what: &str| format!("{what} as {}", best.name);
        goals.extend([
            Goal::at_least(
                &beside("times as fast"),
                if fast { 15.0 } else { 8.0 },
                ours.rate / best.rate,
            ),
            Goal::at_least(
                &beside("times less CPU"),
                20.0,
                best.cpu_micros / ours.cpu_micros,
            ),
            Goal::at_least(
                &beside("times less memory"),
                3.0,
                best.memory_mib / ours.memory_mib,
            ),
        ]);
    }
    goals
}

/// Prints each; whether all are met.
pub(crate) fn print(goals: &[Goal]) -> bool {
    println!();
    for goal in goals {
        let word = if goal.met { "met" } else { "NOT MET" };
        println!("{word:>8}  {}", goal.what);
    }
    goals.iter().all(|goal| goal.met)
}
