//! The simulator itself: the same seed gives the same run, each kind of history keeps the promises,
//! and a broken one is found.

use std::time::Duration;

use celeriac_testkit::simulation::{Budget, Mishap, Plan, Scenario, What, run, shrink};

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in [0, 2, 3, 5, 9, 10] {
        let plan = Scenario::of_seed(seed).plan(seed);
        let one = run(&plan, true);
        run(&Scenario::Outages.plan(seed + 100), false); // leaves nothing behind
        let two = run(&plan, true);
        assert!(one.trace.len() > 20, "seed {seed} does something");
        assert_eq!(one.trace, two.trace, "seed {seed}");
    }
}

#[test]
fn every_scenario_keeps_the_promises() {
    for scenario in Scenario::ALL {
        let outcome = run(&scenario.plan(7), false);
        assert_eq!(outcome.violation, None, "{}", scenario.name());
    }
}

#[test]
fn scenarios_have_names() {
    for scenario in Scenario::ALL {
        assert_eq!(Scenario::named(&scenario.name()), Some(scenario));
    }
    assert_eq!(Scenario::named("nothing"), None);
}

/// Queues that keep messages for a minute lose a task that nobody takes for two: no code of ours
/// can mend that.
fn lossy() -> Plan {
    let mut plan = Scenario::Mixed.plan(12);
    plan.retention = Duration::from_mins(1);
    plan.noise = celeriac_testkit::simulation::Noise::NONE;
    plan.mishaps = plan
        .workers
        .iter()
        .map(|worker| Mishap {
            at: Duration::from_millis(500),
            what: What::Kill(worker.name.clone(), Duration::from_mins(2)),
        })
        .collect();
    plan
}

#[test]
fn a_lost_task_is_found_and_its_history_is_short() {
    let plan = lossy();
    let violation = run(&plan, false).violation.expect("a task is lost");
    assert_eq!(violation.invariant, 1, "{violation}");
    let (short, outcome) = shrink(&plan, &violation);
    assert_eq!(outcome.violation.expect("still lost").invariant, 1);
    assert_eq!((short.tasks.len(), short.workers.len()), (1, 1), "{short}");
    assert!(outcome.trace.iter().any(|line| line.contains("stands in")));
}

/// Tasks that come one by one: each travels alone, by three requests to SQS and two to DynamoDB.
fn one_by_one() -> Plan {
    let mut plan = Scenario::Calm.plan(1);
    plan.tasks.truncate(20);
    for (number, task) in (1..).zip(&mut plan.tasks) {
        task.at = Duration::from_secs(60 * number);
    }
    plan
}

#[test]
fn what_a_task_costs_is_judged() {
    let mut plan = one_by_one();
    let violation = run(&plan, false).violation.expect("no batch is full");
    assert_eq!(violation.invariant, 13, "{violation}");
    plan.budget = Some(Budget {
        sqs: 3.0,
        dynamodb: 2.2, // the look at the table is among them
        write_units: 2.0,
    });
    assert_eq!(run(&plan, false).violation, None);
    plan.budget = plan.budget.map(|budget| Budget {
        write_units: 1.0,
        ..budget
    });
    let violation = run(&plan, false).violation.expect("claimed and completed");
    assert!(violation.text.contains("write units"), "{violation}");
}
