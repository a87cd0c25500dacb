use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Tasks a generation holds; there are two. A store that was away leaves one for each message that
/// came meanwhile, and most of those run in another process then.
const GENERATION: usize = 10_000;
/// Nonces kept of one task, the last ones.
const OF_A_TASK: usize = 10;

/// The nonces of claims of this process that may have gone through without its hearing of it. The
/// next claim of the same task names them, so that they neither hold it up for a lease nor count
/// as lost runs.
#[derive(Default)]
pub(crate) struct UnansweredClaims(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    young: HashMap<String, Vec<String>>,
    old: HashMap<String, Vec<String>>,
}

impl UnansweredClaims {
    pub(crate) fn of(&self, task_id: &str) -> Vec<String> {
        let Generations { young, old } = &*self.generations();
        let nonces = young.get(task_id).or_else(|| old.get(task_id));
        nonces.cloned().unwrap_or_default()
    }

    pub(crate) fn keep(&self, task_id: String, nonce: String) {
        let mut all = self.generations();
        let mut nonces = all.remove(&task_id).unwrap_or_default();
        if nonces.len() == OF_A_TASK {
            nonces.remove(0);
        }
        nonces.push(nonce);
        if all.young.len() == GENERATION {
            all.old = mem::take(&mut all.young);
        }
        all.young.insert(task_id, nonces);
    }

    /// A claim of the task was answered, and that of another nonce stands there, or none will.
    pub(crate) fn forget(&self, task_id: &str) {
        self.generations().remove(task_id);
    }

    fn generations(&self) -> MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn remove(&mut self, task_id: &str) -> Option<Vec<String>> {
        let (young, old) = (self.young.remove(task_id), self.old.remove(task_id));
        young.or(old)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_has_its_last_nonces_until_a_claim_of_it_is_answered() {
        let claims = UnansweredClaims::default();
        for nonce in 0..12 {
            claims.keep("t".to_owned(), nonce.to_string());
        }
        let expected: Vec<String> = (2..12).map(|nonce: i32| nonce.to_string()).collect();
        assert_eq!(claims.of("t"), expected);
        assert!(claims.of("other").is_empty());
        claims.forget("t");
        assert!(claims.of("t").is_empty());
    }

    #[test]
    fn the_oldest_tasks_go_when_there_are_too_many() {
        let claims = UnansweredClaims::default();
        for task in 0..=2 * GENERATION {
            claims.keep(task.to_string(), "n".to_owned());
        }
        assert!(claims.of("0").is_empty());
        assert_eq!(claims.of(&GENERATION.to_string()), ["n"]);
        assert_eq!(claims.of(&(2 * GENERATION).to_string()), ["n"]);
    }
}
