//! Which tasks of a plan run on threads.

use fastrand::Rng;

use super::plan::{Plan, TaskPlan};
use super::scenarios::Scenario;

/// Puts some tasks on threads, which nobody can stop. Drawn apart from the rest of the plan.
pub(crate) fn choose(plan: &mut Plan, scenario: Scenario) {
    let mut random = Rng::with_seed(plan.seed ^ 0xb10c_71b6);
    let percent = match scenario {
        Scenario::Function => 50,
        _ => 20,
    };
    let canvases = plan.canvases.iter_mut();
    let of_canvases = canvases.flat_map(|canvas| canvas.shape.tasks_mut());
    for task in plan.tasks.iter_mut().chain(of_canvases) {
        choose_of(task, &mut random, percent);
    }
}

fn choose_of(task: &mut TaskPlan, random: &mut Rng, percent: u32) {
    task.blocking = random.u32(..100) < percent;
    for other in [&mut task.next, &mut task.errback].into_iter().flatten() {
        choose_of(other, random, percent);
    }
}
