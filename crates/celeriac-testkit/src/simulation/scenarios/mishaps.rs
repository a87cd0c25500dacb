//! What goes wrong at a known time.

use std::time::Duration;

use super::super::plan::{Mishap, Plan, Service, What};
use super::Scenario;
use super::maker::Maker;

impl Maker {
    pub(super) fn mishaps(&mut self, plan: &Plan) -> Vec<Mishap> {
        let workers = plan.workers.iter().map(|worker| worker.name.clone());
        let beats = plan.beats.iter().map(|beat| beat.name.clone());
        let names: Vec<String> = workers.chain(beats).collect();
        let ids: Vec<String> = plan
            .all_tasks()
            .iter()
            .map(|task| task.id.clone())
            .collect();
        let tasks = plan.tasks.iter().map(|task| task.at);
        let sent = tasks.chain(plan.canvases.iter().map(|canvas| canvas.at));
        let last = sent.max().map_or(60, |at| at.as_secs());
        let last = last
            + match self.scenario {
                Scenario::Leases => 40,
                Scenario::Beats => 90,
                _ => 200,
            };
        let count = match self.scenario {
            Scenario::Days | Scenario::Calm => 0,
            Scenario::Leases | Scenario::Beats => self.random.usize(3..=10),
            _ => self.random.usize(0..=5),
        };
        if self.is(Scenario::Forgets) {
            return ids.iter().map(|id| self.forgotten(id)).collect();
        }
        let mut mishaps: Vec<Mishap> = (0..count)
            .map(|_| Mishap {
                at: self.seconds(1..last),
                what: self.what(&names, &ids),
            })
            .collect();
        mishaps.sort_by_key(|mishap| mishap.at);
        mishaps
    }

    fn what(&mut self, names: &[String], ids: &[String]) -> What {
        let (name, id) = (self.one_of(names).clone(), self.one_of(ids).clone());
        let (special, coin) = (self.chance(60), self.chance(50));
        let drained = self.chance(if self.is(Scenario::Leases) { 70 } else { 30 });
        match self.scenario {
            Scenario::Pauses if special => What::Pause(name, self.seconds(5..300)),
            Scenario::Python if special && coin => What::PythonForgets(id),
            Scenario::Python if special => What::PythonStarts(id),
            Scenario::Outages if special => {
                let service = *self.one_of(&[Service::Sqs, Service::DynamoDb]);
                What::Away(service, self.seconds(5..240))
            }
            Scenario::Leases if special => self.of_leases(name),
            Scenario::Beats if special => self.of_beats(names),
            _ if drained => What::Drain(name),
            _ => What::Kill(name, self.seconds(0..30)),
        }
    }

    /// About as long as a lease.
    fn of_leases(&mut self, name: String) -> What {
        match self.random.u32(..10) {
            0..4 => What::Cut(name, Service::DynamoDb, self.seconds(4..16)),
            4..6 => What::Cut(name, Service::Sqs, self.seconds(10..60)),
            _ => What::Pause(name, self.seconds(4..16)),
        }
    }

    /// What befalls beats, or the services that they need.
    fn of_beats(&mut self, names: &[String]) -> What {
        let beats: Vec<&String> = names.iter().filter(|name| name.starts_with('b')).collect();
        let name = (*self.one_of(&beats)).clone();
        let service = *self.one_of(&[Service::Sqs, Service::DynamoDb]);
        match self.random.u32(..10) {
            0..3 => What::Cut(name, service, self.seconds(4..90)),
            3..5 => What::Away(service, self.seconds(5..120)),
            5..8 => What::Pause(name, self.seconds(4..120)),
            _ => What::Kill(name, self.seconds(0..60)),
        }
    }

    /// About when the retry is received.
    fn forgotten(&mut self, id: &str) -> Mishap {
        let later = self.seconds(800..2_400) / 1_000;
        Mishap {
            at: Duration::from_secs(1),
            what: What::PythonForgetsRetry(id.to_owned(), later),
        }
    }
}
