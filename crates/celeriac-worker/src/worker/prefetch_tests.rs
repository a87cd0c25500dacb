use std::collections::BTreeMap;

use celeriac_core::{Delivery, Receipt};

use super::{Bounds, Grant, Prefetch};

fn delivery(name: &str, group: Option<&str>) -> Delivery {
    Delivery {
        queue: "q".to_owned(),
        receipt: Receipt(name.to_owned()),
        message_id: name.to_owned(),
        body: "x".repeat(100),
        receive_count: 1,
        sent_at: None,
        group_id: group.map(str::to_owned),
        dedup_id: None,
        attributes: BTreeMap::new(),
    }
}

fn some(count: usize) -> Vec<Delivery> {
    (0..count)
        .map(|number| delivery(&number.to_string(), None))
        .collect()
}

fn prefetch(messages: usize, strict: bool, weights: &[u32]) -> Prefetch {
    Prefetch::new(
        Bounds {
            messages,
            bytes: 64 << 20,
            receive: 10,
            strict,
        },
        weights.iter().map(|weight| (*weight, true)),
    )
}

fn granted(grant: Option<&Grant>) -> usize {
    grant.map_or(0, |grant| grant.messages)
}

#[test]
fn receives_in_tens_up_to_the_bound() {
    let mut prefetch = prefetch(25, false, &[1]);
    let first = prefetch.grant(0, true).expect("room");
    let second = prefetch.grant(0, false).expect("room");
    assert_eq!((first.messages, second.messages), (10, 10));
    assert_eq!(prefetch.grant(0, false), None, "5 are not worth a request");
    assert!(prefetch.fill(first, some(10)).is_empty());
    assert!(prefetch.fill(second, some(10)).is_empty());
    assert_eq!(prefetch.grant(0, true), None, "enough wait");
    for _ in 0..5 {
        let item = prefetch.next().expect("one waits");
        prefetch.ran(0);
        prefetch.ended(0, item.size, None, true);
    }
    assert_eq!(granted(prefetch.grant(0, true).as_ref()), 10);
}

#[test]
fn a_small_bound_is_kept_and_an_idle_lane_may_take_any_room() {
    let mut prefetch = prefetch(2, false, &[1]);
    let grant = prefetch.grant(0, true).expect("room");
    assert_eq!(grant.messages, 2);
    prefetch.fill(grant, some(2));
    assert_eq!(prefetch.grant(0, true), None);
    prefetch.next().expect("waits");
    prefetch.next().expect("waits");
    assert_eq!(prefetch.grant(0, true), None, "two run");
    prefetch.ran(0);
    assert_eq!(granted(prefetch.grant(0, true).as_ref()), 1);
}

#[test]
fn every_lane_gets_its_first_poll() {
    let mut prefetch = prefetch(4, false, &[1, 1, 1]);
    let grants: Vec<_> = (0..3)
        .map(|lane| prefetch.grant(lane, true).expect("a first poll"))
        .collect();
    assert!(grants.iter().all(|grant| grant.messages >= 1));
}

#[test]
fn weights_share_the_room_when_all_have_a_backlog() {
    let mut prefetch = prefetch(40, false, &[3, 1]);
    for lane in [0, 1] {
        let grant = prefetch.grant(lane, true).expect("room");
        prefetch.fill(grant, some(10));
    }
    while let Some(grant) = prefetch.grant(1, false) {
        prefetch.fill(grant, some(1)); // not a backlog any more, so the other's share is what binds
    }
    let mut picked = [0, 0];
    for _ in 0..8 {
        picked[prefetch.next().expect("waits").lane] += 1;
    }
    assert_eq!(picked, [6, 2]);
}

#[test]
fn strict_order_serves_the_first_queue_first() {
    let mut prefetch = prefetch(40, true, &[1, 1]);
    let late = prefetch.grant(1, true).expect("room");
    let early = prefetch.grant(0, true).expect("room");
    prefetch.fill(late, some(3));
    prefetch.fill(early, some(10));
    assert_eq!(prefetch.grant(1, true), None, "the first has a backlog");
    let order: Vec<usize> = std::iter::from_fn(|| prefetch.next())
        .map(|item| item.lane)
        .collect();
    assert_eq!(order, [[0; 10].as_slice(), &[1; 3]].concat());
}

#[test]
fn bytes_bound_what_is_received() {
    let mut prefetch = Prefetch::new(
        Bounds {
            messages: 100,
            bytes: 1000,
            receive: 10,
            strict: false,
        },
        [(1, false)],
    );
    let first = prefetch
        .grant(0, true)
        .expect("always one when nothing is held");
    assert_eq!(first.messages, 1);
    prefetch.fill(
        first,
        vec![Delivery {
            body: "x".repeat(900),
            ..delivery("big", None)
        }],
    );
    assert_eq!(prefetch.grant(0, true), None);
    let item = prefetch.next().expect("waits");
    prefetch.ran(0);
    let grant = prefetch.grant(0, true).expect("nothing runs any more");
    prefetch.fill(grant, Vec::new());
    prefetch.ended(0, item.size, None, true);
}

#[test]
fn a_group_runs_one_after_another() {
    let mut prefetch = prefetch(40, false, &[1]);
    let grant = prefetch.grant(0, true).expect("room");
    let deliveries = vec![
        delivery("a1", Some("a")),
        delivery("a2", Some("a")),
        delivery("b1", Some("b")),
        delivery("a3", Some("a")),
    ];
    prefetch.fill(grant, deliveries);
    let mut out = || prefetch.next().map(|item| item.delivery.message_id);
    assert_eq!(
        [out(), out(), out()],
        [Some("a1".to_owned()), Some("b1".to_owned()), None]
    );
    prefetch.ran(0);
    assert!(prefetch.ended(0, 100, Some("a"), true).is_empty());
    assert_eq!(
        prefetch
            .next()
            .map(|item| item.delivery.message_id)
            .as_deref(),
        Some("a2")
    );
    prefetch.ran(0);
    let later = prefetch.ended(0, 100, Some("a"), false);
    assert_eq!(
        later
            .iter()
            .map(|delivery| delivery.message_id.as_str())
            .collect::<Vec<_>>(),
        ["a3"]
    );
    assert_eq!(prefetch.waiting(), 0);
}

#[test]
fn closing_gives_back_all_that_wait_and_all_that_comes() {
    let mut prefetch = prefetch(40, false, &[1]);
    let (grant, late) = (
        prefetch.grant(0, true).expect("room"),
        prefetch.grant(0, false).expect("room"),
    );
    prefetch.fill(
        grant,
        vec![
            delivery("1", None),
            delivery("2", Some("g")),
            delivery("3", Some("g")),
        ],
    );
    prefetch.next().expect("waits");
    assert_eq!(prefetch.close().len(), 2);
    assert_eq!(prefetch.fill(late, some(2)).len(), 2);
    assert_eq!(prefetch.grant(0, true), None);
    assert!(prefetch.next().is_none());
}
