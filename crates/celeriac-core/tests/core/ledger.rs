use std::time::Duration;

use celeriac_core::{
    Claim, ClaimDecision, ClaimOutcome, Claimed, CompleteDecision, CompletionOutcome, LedgerItem,
    TaskIdentity, UNREAD, Version, decide_claim, decide_complete, first_claim,
};
use celeriac_protocol::{ResultMeta, State, UtcTime, Value};

const NOW: UtcTime = UtcTime(1_000_000);

fn meta(state: State) -> ResultMeta {
    ResultMeta::new("id", state, Value::Null)
}

fn item(state: State) -> LedgerItem {
    LedgerItem {
        meta: meta(state),
        version: Version::Ours {
            attempt: 4,
            nonce: "old".to_owned(),
        },
        runs: 1,
        retries: 2,
        lease_until: None,
        nonce: Some("old".to_owned()),
        identity: Some(TaskIdentity::named("tasks.add")),
    }
}

fn claim(retries: u32) -> Claim {
    Claim {
        task_id: "id".to_owned(),
        identity: TaskIdentity::named("tasks.add"),
        retries,
        owner: "me".to_owned(),
        nonce: "new".to_owned(),
        lease: Duration::from_secs(60),
        shown: meta(State::Pending),
        sent_by: None,
        isolate_at: None,
        to_run: true,
        takes_over: false,
        replaces: false,
        unanswered: Vec::new(),
        likely_known: true,
    }
}

fn taken(attempt: u64, runs: u32, keep_result: bool) -> ClaimDecision {
    ClaimDecision::Take {
        claimed: Claimed { attempt, runs },
        keep_result,
        binds: false,
    }
}

/// The same, of an id that was nobody's.
fn bound(attempt: u64, runs: u32, keep_result: bool) -> ClaimDecision {
    ClaimDecision::Take {
        claimed: Claimed { attempt, runs },
        keep_result,
        binds: true,
    }
}

#[test]
fn what_an_unanswered_claim_holds_is_taken_and_counts_no_run() {
    let unanswered = |retries| Claim {
        unanswered: vec!["older".to_owned(), "old".to_owned()],
        ..claim(retries)
    };
    let held = LedgerItem {
        lease_until: Some(NOW.after(Duration::from_secs(9))),
        ..item(State::Pending)
    };
    assert_eq!(decide_claim(&held, &unanswered(2), NOW), taken(5, 1, false));
    assert_eq!(decide_claim(&held, &unanswered(3), NOW), taken(5, 1, false));
    let isolated = Claim {
        isolate_at: Some(1),
        ..unanswered(2)
    };
    assert_eq!(
        decide_claim(&held, &isolated, NOW),
        ClaimDecision::Answer(ClaimOutcome::Isolate)
    );
    let released = LedgerItem {
        runs: 0,
        ..item(State::Pending)
    };
    assert_eq!(
        decide_claim(&released, &unanswered(2), NOW),
        taken(5, 1, false)
    );
}

#[test]
fn a_free_item_is_taken_with_the_next_token() {
    assert_eq!(
        decide_claim(&item(State::Pending), &claim(2), NOW),
        taken(5, 2, false)
    );
    assert_eq!(
        decide_claim(&item(State::Pending), &claim(3), NOW),
        taken(5, 1, false),
        "a new try counts its runs anew"
    );
}

#[test]
fn a_retry_that_stands_there_is_kept_unless_started_is_to_be_shown() {
    assert_eq!(
        decide_claim(&item(State::Retry), &claim(2), NOW),
        taken(5, 2, true)
    );
    let tracked = Claim {
        shown: meta(State::Started),
        ..claim(2)
    };
    assert_eq!(
        decide_claim(&item(State::Retry), &tracked, NOW),
        taken(5, 2, false)
    );
}

#[test]
fn a_lease_holds_until_its_end() {
    let leased = |until| LedgerItem {
        lease_until: Some(until),
        ..item(State::Pending)
    };
    let until = UtcTime(NOW.0 + 1);
    assert_eq!(
        decide_claim(&leased(until), &claim(2), NOW),
        ClaimDecision::Answer(ClaimOutcome::Leased { until })
    );
    assert_eq!(
        decide_claim(&leased(NOW), &claim(2), NOW),
        taken(5, 2, false)
    );
    assert_eq!(
        decide_claim(&leased(until), &claim(3), NOW),
        ClaimDecision::Answer(ClaimOutcome::Leased { until }),
        "whoever sent this newer try does not hold it"
    );
    for (sent_by, passes) in [("old", true), ("older", false)] {
        let newer = Claim {
            sent_by: Some(sent_by.to_owned()),
            ..claim(3)
        };
        let decided = decide_claim(&leased(until), &newer, NOW);
        assert_eq!(decided == taken(5, 1, false), passes, "sent by {sent_by}");
    }
    let same_try = Claim {
        sent_by: Some("old".to_owned()),
        ..claim(2)
    };
    assert_eq!(
        decide_claim(&leased(until), &same_try, NOW),
        ClaimDecision::Answer(ClaimOutcome::Leased { until }),
        "not a newer try"
    );
}

#[test]
fn an_id_is_its_tasks() {
    let other = Claim {
        identity: TaskIdentity::named("tasks.other"),
        sent_by: Some("old".to_owned()),
        ..claim(3)
    };
    let expected = ClaimOutcome::Conflict(TaskIdentity::named("tasks.add"));
    for state in [State::Pending, State::Retry, State::Success, State::Revoked] {
        let decided = decide_claim(&item(state), &other, NOW);
        assert_eq!(decided, ClaimDecision::Answer(expected.clone()));
    }
    // Python's own items do not say whose they are
    let attempt = u64::try_from(NOW.0).unwrap() + 1;
    assert_eq!(
        decide_claim(&foreign(State::Pending), &other, NOW),
        bound(attempt, 1, false)
    );
}

#[test]
fn only_the_next_try_passes_the_lease_of_who_sent_it() {
    let held = LedgerItem {
        lease_until: Some(UtcTime(NOW.0 + 1)),
        ..item(State::Pending)
    };
    for (retries, passes) in [(2, false), (3, true), (4, false), (u32::MAX, false)] {
        let claim = Claim {
            sent_by: Some("old".to_owned()),
            ..claim(retries)
        };
        let decided = decide_claim(&held, &claim, NOW);
        assert_eq!(decided == taken(5, 1, false), passes, "{retries}");
    }
}

#[test]
fn what_a_message_that_could_not_be_read_came_to_is_passed() {
    let unread = item(State::Custom(UNREAD.to_owned()));
    assert_eq!(decide_claim(&unread, &claim(3), NOW), bound(5, 1, false));
}

#[test]
fn final_and_stale_are_refused() {
    for state in [State::Success, State::Failure, State::Revoked] {
        let expected = ClaimDecision::Answer(ClaimOutcome::Final(meta(state.clone())));
        assert_eq!(decide_claim(&item(state), &claim(9), NOW), expected);
    }
    assert_eq!(
        decide_claim(&item(State::Retry), &claim(1), NOW),
        ClaimDecision::Answer(ClaimOutcome::Stale { retries: 2 })
    );
}

#[test]
fn a_claim_whose_answer_was_lost_is_ours() {
    let ours = LedgerItem {
        nonce: Some("new".to_owned()),
        lease_until: Some(UtcTime(NOW.0 + 1)),
        ..item(State::Pending)
    };
    let expected = ClaimDecision::Answer(ClaimOutcome::Claimed(Claimed {
        attempt: 4,
        runs: 1,
    }));
    assert_eq!(decide_claim(&ours, &claim(2), NOW), expected);
}

fn foreign(state: State) -> LedgerItem {
    let version = Version::Foreign {
        timestamp: "1.5".to_owned(),
    };
    LedgerItem {
        version,
        runs: 0,
        retries: 0,
        nonce: None,
        identity: None,
        ..item(state)
    }
}

#[test]
fn what_python_wrote_is_claimed_unless_it_is_final() {
    // Python's write wiped the attempt: the clock's token is above every earlier one
    let attempt = u64::try_from(NOW.0).unwrap() + 1;
    assert_eq!(
        decide_claim(&foreign(State::Retry), &claim(1), NOW),
        bound(attempt, 1, true)
    );
    let expected = ClaimDecision::Answer(ClaimOutcome::Final(meta(State::Revoked)));
    assert_eq!(
        decide_claim(&foreign(State::Revoked), &claim(1), NOW),
        expected
    );
}

#[test]
fn a_refused_completion_yields_to_what_is_final_or_newer() {
    let answer = CompleteDecision::Answer;
    let decide = |item: &LedgerItem| decide_complete(Some(item), 4, "mine");
    assert_eq!(
        decide(&item(State::Success)),
        answer(CompletionOutcome::AlreadyFinal)
    );
    let newer = LedgerItem {
        version: Version::Ours {
            attempt: 5,
            nonce: "other".to_owned(),
        },
        ..item(State::Pending)
    };
    assert_eq!(decide(&newer), answer(CompletionOutcome::Superseded));
    let stored = LedgerItem {
        nonce: Some("mine".to_owned()),
        ..item(State::Success)
    };
    assert_eq!(
        decide(&stored),
        answer(CompletionOutcome::Stored),
        "our own write, whose answer was lost"
    );
    assert_eq!(
        decide(&foreign(State::Failure)),
        answer(CompletionOutcome::AlreadyFinal)
    );
}

#[test]
fn a_refused_completion_writes_over_what_python_left_unfinished() {
    assert_eq!(
        decide_complete(Some(&foreign(State::Retry)), 4, "mine"),
        CompleteDecision::Overwrite
    );
    assert_eq!(
        decide_complete(None, 4, "mine"),
        CompleteDecision::Overwrite
    );
}

#[test]
fn what_is_gone_begins_anew_above_every_attempt() {
    let fresh = Claim {
        likely_known: false,
        ..claim(0)
    };
    let (attempt, runs) = (1, 1);
    assert_eq!(first_claim(&fresh, NOW), Claimed { attempt, runs });
    let attempt = 1_000_001; // microseconds
    assert_eq!(first_claim(&claim(0), NOW), Claimed { attempt, runs });
}
