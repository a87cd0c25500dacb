//! Who may run a task.

use std::sync::Arc;
use std::time::Duration;

use celeriac_core::{
    Claim, ClaimOutcome, Claimed, Clock, CompletionKind, CompletionOutcome, SystemClock,
    TaskIdentity,
};
use celeriac_protocol::{ResultMeta, State, Value};
use tokio::task::JoinSet;

use crate::conformance::StoreBench;
use crate::conformance::store_bench::{claim, new_id, success};

/// The first claim of an unknown id is attempt 1, run 1; readers see what it shows.
pub async fn a_fresh_task_is_claimed(bench: StoreBench) {
    let id = new_id();
    assert_eq!(
        bench.claimed(claim(&id)).await,
        Claimed {
            attempt: 1,
            runs: 1
        }
    );

    let record = bench.get(&id).await.expect("there is an item");
    assert_eq!((record.attempt, record.meta.status), (1, State::Pending));
    assert_eq!(record.meta.task_id.as_deref(), Some(id.as_str()));
    assert!(
        record.written_at.since(SystemClock.now()) < Duration::from_secs(1),
        "not in the future"
    );
}

/// An id is its first claimant's for good: whatever its state, and whatever another task says of
/// itself, nothing is changed.
pub async fn an_id_is_bound_to_the_task_that_claims_it_first(bench: StoreBench) {
    let owner = TaskIdentity {
        name: "shop.charge".to_owned(),
        origin: Some("gen7@producer".to_owned()),
        queue: None,
    };
    let id = new_id();
    let of = |name: &str, retries| Claim {
        identity: TaskIdentity::named(name),
        retries,
        sent_by: Some("1".to_owned()),
        likely_known: retries > 0,
        ..claim(&id)
    };
    let first = Claim {
        identity: owner.clone(),
        ..claim(&id)
    };
    let held = bench.claimed(first).await;
    let conflict = ClaimOutcome::Conflict(owner.clone());
    for retries in [0, 1, u32::MAX] {
        assert_eq!(bench.claim(of("tasks.forged", retries)).await, conflict);
    }
    // the task itself: only its next try passes the lease of the run that sent it
    for retries in [0, 2, u32::MAX] {
        let refused = bench.claim(of("shop.charge", retries)).await;
        assert!(
            matches!(refused, ClaimOutcome::Leased { .. }),
            "{refused:?}"
        );
    }
    let released = bench
        .complete(&id, held.attempt, CompletionKind::Released)
        .await;
    assert_eq!(released, CompletionOutcome::Stored);
    assert_eq!(bench.claim(of("tasks.forged", 0)).await, conflict, "free");
    let again = bench.claimed(of("shop.charge", 0)).await;
    let end = CompletionKind::Final(success(&id, "charged"));
    bench.complete(&id, again.attempt, end).await;
    assert_eq!(bench.claim(of("tasks.forged", 9)).await, conflict, "ended");
    bench.store.forget(std::slice::from_ref(&id)).await;
    assert_eq!(
        bench.claim(of("tasks.forged", 0)).await,
        conflict,
        "forgotten"
    );
    let same = bench.claim(of("shop.charge", 0)).await;
    assert!(matches!(same, ClaimOutcome::Final(_)), "{same:?}");
}

/// The same name is not enough: a message from another queue, of another sender, is another task's,
/// however many tries it says it is of. A retry may come from another queue or another sender.
pub async fn an_id_is_bound_to_its_senders_and_its_queue(bench: StoreBench) {
    let owner = sent("gen7@producer", "orders");
    let conflict = ClaimOutcome::Conflict(owner.clone());
    let (id, mut retries) = (new_id(), 0);
    let of = |identity, retries, to_run| Claim {
        identity,
        retries,
        to_run,
        ..claim(&id)
    };
    let forged = || sent("gen1@attacker", "mails");
    let mut held = bench.claimed(of(owner.clone(), 0, true)).await;
    for same in [
        sent("gen7@producer", "slow"),
        sent("gen9@worker", "orders"),
        owner.clone(),
    ] {
        let released = CompletionKind::Released;
        bench.complete(&id, held.attempt, released).await;
        for (tries, to_run) in [(0, true), (9, true), (0, false), (9, false)] {
            let refused = bench.claim(of(forged(), tries, to_run)).await;
            assert_eq!(refused, conflict, "{tries} {to_run}");
        }
        retries += 1;
        held = bench.claimed(of(same, retries, true)).await;
    }
    let end = CompletionKind::Final(success(&id, "charged"));
    bench.complete(&id, held.attempt, end).await;
    assert_eq!(bench.claim(of(forged(), 0, true)).await, conflict);
    assert_eq!(bench.claim(of(forged(), 9, false)).await, conflict);
    let own = bench.claim(of(owner.clone(), 0, true)).await;
    assert!(matches!(own, ClaimOutcome::Final(_)), "{own:?}");
}

/// The sender of all that EventBridge Scheduler sends, and of what does not name any, is no sender:
/// the queue alone counts, but for one that takes over the tasks of others.
pub async fn a_sender_that_many_share_is_none(bench: StoreBench) {
    for origin in ["beat@eventbridge", ""] {
        let of = |queue| TaskIdentity {
            origin: Some(origin.to_owned()).filter(|origin| !origin.is_empty()),
            ..sent("", queue)
        };
        let id = new_id();
        let from = |queue, to_run, takes_over| Claim {
            identity: of(queue),
            to_run,
            takes_over,
            ..claim(&id)
        };
        let held = bench.claimed(from("reports", true, false)).await;
        let released = CompletionKind::Released;
        bench.complete(&id, held.attempt, released.clone()).await;
        let conflict = ClaimOutcome::Conflict(of("reports"));
        for to_run in [true, false] {
            let refused = bench.claim(from("mails", to_run, false)).await;
            assert_eq!(refused, conflict, "{origin} {to_run}");
        }
        let over = bench.claimed(from("workers", true, true)).await;
        bench.complete(&id, over.attempt, released).await;
        bench.claimed(from("reports", true, false)).await;

        let ended = new_id();
        let from = |queue, to_run| Claim {
            task_id: ended.clone(),
            ..from(queue, to_run, false)
        };
        let told = bench.claimed(from("mails", false)).await;
        let end = CompletionKind::Final(success(&ended, "forged"));
        bench.complete(&ended, told.attempt, end).await;
        bench.claimed(from("reports", true)).await;
    }
}

fn sent(origin: &str, queue: &str) -> TaskIdentity {
    TaskIdentity {
        name: "tasks.add".to_owned(),
        origin: Some(origin.to_owned()),
        queue: Some(queue.to_owned()),
    }
}

/// What ended without a run, by another's message, does not end the task of a message that is to be
/// run: that one is run, and the id is its own from then on. For its own message it is the end.
pub async fn an_end_without_a_run_is_no_word_on_anothers_message(bench: StoreBench) {
    let failure = |id: &str| ResultMeta::new(id, State::Failure, Value::Str("unknown".to_owned()));
    let forged = sent("gen1@attacker", "mails");
    for retries in [0, 9] {
        let id = new_id();
        let of = |identity: &TaskIdentity, retries, to_run| Claim {
            identity: identity.clone(),
            retries,
            to_run,
            ..claim(&id)
        };
        let told = bench.claimed(of(&forged, retries, false)).await;
        let end = CompletionKind::Final(failure(&id));
        bench.complete(&id, told.attempt, end).await;
        assert_eq!(bench.status(&id).await, State::Failure);
        // its own sender's messages have ended, and so has every other that is not to be run
        let owner = sent("gen7@producer", "orders");
        for (identity, to_run) in [(&forged, true), (&forged, false), (&owner, false)] {
            let ended = bench.claim(of(identity, retries, to_run)).await;
            assert!(matches!(ended, ClaimOutcome::Final(_)), "{ended:?}");
        }
        let claimed = bench.claimed(of(&owner, 0, true)).await;
        assert_eq!((claimed.attempt, claimed.runs), (2, 1));
        assert_eq!(bench.status(&id).await, State::Pending);
        let conflict = ClaimOutcome::Conflict(owner.clone());
        for to_run in [true, false] {
            assert_eq!(bench.claim(of(&forged, 10, to_run)).await, conflict);
        }
        let end = CompletionKind::Final(success(&id, "charged"));
        bench.complete(&id, claimed.attempt, end).await;
        assert_eq!(bench.status(&id).await, State::Success);
        assert_eq!(bench.claim(of(&forged, 0, true)).await, conflict);
    }
}

/// Where an item was expected and is gone, Python's `forget` may have deleted it beside a run: the
/// claim is above every attempt that was given.
pub async fn what_was_known_and_is_gone_is_claimed_above_every_attempt(bench: StoreBench) {
    let id = new_id();
    let earliest = SystemClock.now().0 - 60_000_000; // the service's clock may be another
    let claimed = bench
        .claimed(Claim {
            likely_known: true,
            ..claim(&id)
        })
        .await;
    assert_eq!(claimed.runs, 1);
    assert!(
        i64::try_from(claimed.attempt).is_ok_and(|attempt| attempt > earliest),
        "{claimed:?}"
    );
    let ended = bench
        .complete(&id, claimed.attempt, CompletionKind::Released)
        .await;
    assert_eq!(ended, CompletionOutcome::Stored);
    assert_eq!(bench.claimed(claim(&id)).await.attempt, claimed.attempt + 1);
}

/// A second claim learns when the lease ends, and is given once it has: attempt 2, run 2.
pub async fn a_leased_task_is_refused_until_the_lease_ends(bench: StoreBench) {
    for likely_known in [false, true] {
        let id = new_id();
        let lease = Duration::from_secs(1);
        let before = SystemClock.now();
        bench
            .claimed(Claim {
                lease,
                ..claim(&id)
            })
            .await;
        let after = SystemClock.now();

        let again = || Claim {
            likely_known,
            ..claim(&id)
        };
        let ClaimOutcome::Leased { until } = bench.claim(again()).await else {
            panic!("another holds it")
        };
        // a store may count milliseconds
        let slack = Duration::from_millis(2);
        let right =
            until.after(slack) >= before.after(lease) && until <= after.after(lease).after(slack);
        assert!(
            right,
            "claimed between {before:?} and {after:?}, leased until {until:?}"
        );

        tokio::time::sleep(until.since(SystemClock.now()) + Duration::from_millis(10)).await;
        assert_eq!(
            bench.claimed(again()).await,
            Claimed {
                attempt: 2,
                runs: 2
            }
        );
    }
}

/// A claim whose answer was lost is answered again, and takes nothing twice.
pub async fn a_claim_is_idempotent_by_its_nonce(bench: StoreBench) {
    let first = claim(&new_id());
    let claimed = bench.claimed(first.clone()).await;
    for likely_known in [false, true] {
        assert_eq!(
            bench
                .claimed(Claim {
                    likely_known,
                    ..first.clone()
                })
                .await,
            claimed
        );
    }
}

/// A claim can ask not to be given for a run of a certain number; it is told so, and takes nothing.
pub async fn a_task_that_is_to_be_isolated_is_not_taken(bench: StoreBench) {
    let id = new_id();
    let isolated_at = |isolate_at| Claim {
        isolate_at,
        ..claim(&id)
    };
    let short = Claim {
        lease: Duration::from_millis(100),
        ..isolated_at(Some(2))
    };
    let first = bench.claimed(short).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    for _ in 0..2 {
        let refused = bench.claim(isolated_at(Some(2))).await;
        assert_eq!(refused, ClaimOutcome::Isolate);
    }
    let other = isolated_at(Some(3));
    let second = Claimed {
        attempt: first.attempt + 1,
        runs: 2,
    };
    assert_eq!(bench.claimed(other).await, second);
    let held = bench.claim(isolated_at(Some(3))).await;
    assert!(matches!(held, ClaimOutcome::Leased { .. }), "{held:?}");
}

/// A claim that went through unheard began no run: the next one that names it takes the task at
/// once, and counts no lost run. To everybody else it is a run like any other.
pub async fn a_claim_whose_answer_was_lost_is_no_run(bench: StoreBench) {
    let id = new_id();
    let first = claim(&id);
    let unanswered = vec!["another".to_owned(), first.nonce.clone()];
    assert_eq!(bench.claimed(first).await.runs, 1);
    let held = bench.claim(claim(&id)).await;
    assert!(matches!(held, ClaimOutcome::Leased { .. }), "{held:?}");
    let again = Claim {
        unanswered,
        likely_known: true,
        ..claim(&id)
    };
    let expected = Claimed {
        attempt: 2,
        runs: 1,
    };
    assert_eq!(bench.claimed(again.clone()).await, expected);
    let stale = Claim {
        nonce: claim(&id).nonce,
        ..again
    };
    let held = bench.claim(stale).await;
    assert!(matches!(held, ClaimOutcome::Leased { .. }), "{held:?}");
}

/// A final task is not claimed again; the claim answers its result.
pub async fn a_final_task_is_not_claimed(bench: StoreBench) {
    let id = new_id();
    let claimed = bench.claimed(claim(&id)).await;
    bench
        .complete(
            &id,
            claimed.attempt,
            CompletionKind::Final(success(&id, "done ü")),
        )
        .await;
    for likely_known in [false, true] {
        match bench
            .claim(Claim {
                likely_known,
                ..claim(&id)
            })
            .await
        {
            ClaimOutcome::Final(meta) => {
                assert_eq!(
                    (meta.status, meta.result),
                    (State::Success, Value::Str("done ü".into()))
                );
            }
            other => panic!("it is final, got {other:?}"),
        }
    }
    let newer = bench
        .claim(Claim {
            retries: 3,
            ..claim(&id)
        })
        .await;
    assert!(
        matches!(newer, ClaimOutcome::Final(_)),
        "a later try finds it final too, got {newer:?}"
    );
}

/// A STARTED claim shows STARTED.
pub async fn a_started_claim_is_shown(bench: StoreBench) {
    let id = new_id();
    let mut started = claim(&id);
    started.shown.status = State::Started;
    bench.claimed(started).await;
    assert_eq!(bench.status(&id).await, State::Started);
}

/// Of 100 claims at once exactly one is given, whatever client makes them.
pub async fn of_100_claims_at_once_one_is_given(bench: StoreBench) {
    let id = new_id();
    let stores = [
        Arc::clone(&bench.store),
        bench
            .open(&crate::conformance::StoreOptions::default())
            .await,
    ];
    let mut claims = JoinSet::new();
    for n in 0..100 {
        let (store, claim) = (
            Arc::clone(&stores[n % 2]),
            Claim {
                likely_known: n % 3 == 0,
                ..claim(&id)
            },
        );
        claims.spawn(async move {
            store
                .claim(vec![claim])
                .await
                .remove(0)
                .expect("the claim is answered")
        });
    }
    let outcomes = claims.join_all().await;
    let given = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, ClaimOutcome::Claimed(_)))
        .count();
    let leased = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, ClaimOutcome::Leased { .. }))
        .count();
    assert_eq!((given, leased), (1, 99));
}

/// Of many claims of a task whose lease has ended, one is given too.
pub async fn of_20_claims_of_a_lapsed_task_one_is_given(bench: StoreBench) {
    let id = new_id();
    bench
        .claimed(Claim {
            lease: Duration::from_millis(100),
            ..claim(&id)
        })
        .await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    let mut claims = JoinSet::new();
    for n in 0..20 {
        let (store, claim) = (
            Arc::clone(&bench.store),
            Claim {
                likely_known: n % 2 == 0,
                ..claim(&id)
            },
        );
        claims.spawn(async move {
            store
                .claim(vec![claim])
                .await
                .remove(0)
                .expect("the claim is answered")
        });
    }
    let outcomes = claims.join_all().await;
    let given: Vec<_> = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, ClaimOutcome::Claimed(_)))
        .collect();
    assert_eq!(
        given,
        [&ClaimOutcome::Claimed(Claimed {
            attempt: 2,
            runs: 2
        })]
    );
}
