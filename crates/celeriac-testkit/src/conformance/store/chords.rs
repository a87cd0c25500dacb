//! Awaited members.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use celeriac_core::chords::{
    Arrived, ChordKey, ChordRecord, Chords, Layout, Members, NewChord, Part, Settle, Shape,
    Standing, Take, Taken,
};
use celeriac_core::random;
use celeriac_protocol::Value;
use futures_util::future::join_all;

use crate::conformance::StoreBench;

fn id() -> String {
    random::uuid4().to_string()
}

fn key(layout: Layout) -> ChordKey {
    ChordKey {
        group_id: id(),
        layout,
    }
}

fn chord(key: &ChordKey, size: u32) -> NewChord {
    NewChord {
        key: key.clone(),
        members: Members::derived(&key.group_id, size, Vec::new()),
        body: Value::Str("the body".to_owned()),
    }
}

/// The layouts that a store has: Python's only where Python can reach it.
fn layouts(bench: &StoreBench) -> Vec<Layout> {
    if bench.chords.speaks_celery() {
        vec![Layout::Set, Layout::Celery]
    } else {
        vec![Layout::Set]
    }
}

async fn begin(bench: &StoreBench, chord: NewChord) -> Standing {
    only(bench.chords.begin(vec![chord]).await).expect("the chord begins")
}

fn part(chord: &NewChord, index: u32, failed: bool) -> Part {
    Part {
        key: chord.key.clone(),
        task_id: chord.members.ids[index as usize].clone(),
        index: Some(index),
        failed,
    }
}

async fn arrive(chords: &dyn Chords, part: Part) -> Arrived {
    only(chords.arrive(vec![part]).await).expect("the member arrives")
}

fn wish(key: &ChordKey, by: &str, lease: Duration) -> Take {
    Take {
        key: key.clone(),
        nonce: id(),
        by: by.to_owned(),
        lease,
    }
}

async fn take(bench: &StoreBench, take: &Take) -> Taken {
    bench
        .chords
        .take(take.clone())
        .await
        .expect("the take is answered")
}

async fn loaded(bench: &StoreBench, key: &ChordKey) -> Option<ChordRecord> {
    only(bench.chords.load(std::slice::from_ref(key)).await).expect("the chord is loaded")
}

fn only<T>(mut answers: Vec<T>) -> T {
    assert_eq!(answers.len(), 1, "one answer for one entry");
    answers.remove(0)
}

const LONG: Duration = Duration::from_secs(30);

/// In any order; the last one completes it.
pub async fn members_that_arrive_complete_a_chord(bench: StoreBench) {
    for layout in layouts(&bench) {
        let chord = chord(&key(layout), 3);
        assert_eq!(begin(&bench, chord.clone()).await, Standing::New);
        for index in [2, 0] {
            let arrived = arrive(&*bench.chords, part(&chord, index, false)).await;
            assert_eq!(arrived, Arrived::Waiting, "{layout:?} {index}");
        }
        for _ in 0..2 {
            let last = arrive(&*bench.chords, part(&chord, 1, false)).await;
            assert_eq!(
                last,
                Arrived::Complete,
                "{layout:?}: and every copy hears it"
            );
        }
    }
}

/// 300 members lie in three items, and arrive in any order, in batches as they come.
pub async fn members_of_several_shards_complete_a_chord(bench: StoreBench) {
    for layout in layouts(&bench) {
        let chord = chord(&key(layout), 300);
        begin(&bench, chord.clone()).await;
        let order: Vec<u32> = (0..300).map(|n| n * 7 % 300).collect();
        let (last, others) = order.split_last().expect("there are some");
        for some in others.chunks(40) {
            let parts = some
                .iter()
                .map(|index| part(&chord, *index, false))
                .collect();
            for arrived in bench.chords.arrive(parts).await {
                assert_eq!(arrived.expect("it arrives"), Arrived::Waiting, "{layout:?}");
            }
        }
        let arrived = arrive(&*bench.chords, part(&chord, *last, false)).await;
        assert_eq!(arrived, Arrived::Complete, "{layout:?}");
    }
}

/// Beginning it again changes nothing.
pub async fn a_chord_begins_once(bench: StoreBench) {
    for layout in layouts(&bench) {
        let chord = chord(&key(layout), 130);
        assert_eq!(begin(&bench, chord.clone()).await, Standing::New);
        arrive(&*bench.chords, part(&chord, 0, false)).await;
        assert_eq!(
            begin(&bench, chord.clone()).await,
            Standing::Begun,
            "{layout:?}"
        );
        let record = loaded(&bench, &chord.key).await.expect("a chord");
        assert_eq!(record.arrived, 1, "{layout:?}: what has arrived stays");
    }
}

/// However often it is delivered.
pub async fn a_member_counts_once(bench: StoreBench) {
    for layout in layouts(&bench) {
        let chord = chord(&key(layout), 2);
        begin(&bench, chord.clone()).await;
        for _ in 0..3 {
            let arrived = arrive(&*bench.chords, part(&chord, 0, false)).await;
            assert_eq!(arrived, Arrived::Waiting, "{layout:?}");
        }
        let twice = vec![part(&chord, 0, false), part(&chord, 0, true)];
        for arrived in bench.chords.arrive(twice).await {
            assert_eq!(arrived.expect("it arrives"), Arrived::Waiting, "{layout:?}");
        }
        let arrived = arrive(&*bench.chords, part(&chord, 1, false)).await;
        assert_eq!(arrived, Arrived::Complete, "{layout:?}");
    }
}

/// The body hears of a failure when all have ended.
pub async fn a_failed_member_counts(bench: StoreBench) {
    for layout in layouts(&bench) {
        let chord = chord(&key(layout), 2);
        begin(&bench, chord.clone()).await;
        arrive(&*bench.chords, part(&chord, 0, true)).await;
        let arrived = arrive(&*bench.chords, part(&chord, 1, false)).await;
        assert_eq!(arrived, Arrived::Complete, "{layout:?}");
    }
}

/// Whatever is asked of it.
pub async fn nobody_knows_of_a_chord_that_never_began(bench: StoreBench) {
    for layout in layouts(&bench) {
        let chord = chord(&key(layout), 2);
        let arrived = arrive(&*bench.chords, part(&chord, 0, false)).await;
        assert_eq!(arrived, Arrived::Over, "{layout:?}");
        let taken = take(&bench, &wish(&chord.key, "a", LONG)).await;
        assert_eq!(taken, Taken::Over, "{layout:?}");
        assert_eq!(loaded(&bench, &chord.key).await, None, "{layout:?}");
        let extended = bench.chords.extend(&chord.key, "more").await;
        assert_eq!(extended.expect("it is answered"), None, "{layout:?}");
    }
}

/// The other hears until when.
pub async fn one_of_two_takers_has_the_chord(bench: StoreBench) {
    for layout in layouts(&bench) {
        let chord = chord(&key(layout), 1);
        begin(&bench, chord.clone()).await;
        arrive(&*bench.chords, part(&chord, 0, false)).await;
        let first = wish(&chord.key, "first", LONG);
        let yours = Taken::Yours {
            by: "first".to_owned(),
            takes: 1,
        };
        for _ in 0..2 {
            assert_eq!(
                take(&bench, &first).await,
                yours,
                "{layout:?}: and again, if unanswered"
            );
        }
        let second = take(&bench, &wish(&chord.key, "second", LONG)).await;
        assert!(
            matches!(second, Taken::Held { .. }),
            "{layout:?}: {second:?}"
        );
    }
}

/// Then the next one has it.
pub async fn a_take_is_over_after_its_lease(bench: StoreBench) {
    for layout in layouts(&bench) {
        let chord = chord(&key(layout), 1);
        begin(&bench, chord.clone()).await;
        let short = wish(&chord.key, "first", Duration::from_millis(50));
        take(&bench, &short).await;
        tokio::time::sleep(Duration::from_millis(1_600)).await; // the store's time is about right
        let second = take(&bench, &wish(&chord.key, "second", LONG)).await;
        let yours = Taken::Yours {
            by: "first".to_owned(),
            takes: 2,
        };
        assert_eq!(
            second, yours,
            "{layout:?}: the first one stays the body's parent"
        );
        let late = Settle {
            key: chord.key.clone(),
            nonce: short.nonce,
            failed: false,
        };
        let late = bench.chords.settle(late).await;
        assert!(
            !late.expect("it is answered"),
            "{layout:?}: it is another's now"
        );
    }
}

/// For every copy that comes later.
pub async fn a_chord_that_is_settled_is_over(bench: StoreBench) {
    for layout in layouts(&bench) {
        for failed in [false, true] {
            let chord = chord(&key(layout), 1);
            begin(&bench, chord.clone()).await;
            arrive(&*bench.chords, part(&chord, 0, false)).await;
            let wish = wish(&chord.key, "a", LONG);
            take(&bench, &wish).await;
            for _ in 0..2 {
                let settle = Settle {
                    key: chord.key.clone(),
                    nonce: wish.nonce.clone(),
                    failed,
                };
                assert!(
                    bench.chords.settle(settle).await.expect("it is answered"),
                    "{layout:?}"
                );
            }
            let again = arrive(&*bench.chords, part(&chord, 0, false)).await;
            assert_eq!(again, Arrived::Over, "{layout:?}");
            assert_eq!(take(&bench, &wish).await, Taken::Over, "{layout:?}");
            assert_eq!(
                begin(&bench, chord.clone()).await,
                Standing::Over,
                "{layout:?}"
            );
            let extended = bench.chords.extend(&chord.key, "more").await;
            assert_eq!(extended.expect("it is answered"), None, "{layout:?}");
        }
    }
}

/// It is counted before the member that adds it arrives itself.
pub async fn an_added_member_is_awaited(bench: StoreBench) {
    for layout in layouts(&bench) {
        let chord = chord(&key(layout), 2);
        begin(&bench, chord.clone()).await;
        arrive(&*bench.chords, part(&chord, 0, false)).await;
        for _ in 0..2 {
            let place = bench.chords.extend(&chord.key, "added").await;
            assert!(place.expect("it is answered").is_some(), "{layout:?}");
        }
        let arrived = arrive(&*bench.chords, part(&chord, 1, false)).await;
        assert_eq!(arrived, Arrived::Waiting, "{layout:?}");
        let added = Part {
            task_id: "added".to_owned(),
            index: None,
            ..part(&chord, 0, false)
        };
        assert_eq!(
            arrive(&*bench.chords, added).await,
            Arrived::Complete,
            "{layout:?}"
        );
        let record = loaded(&bench, &chord.key).await.expect("a chord");
        assert_eq!(
            record.members.ids.last().map(String::as_str),
            Some("added"),
            "{layout:?}"
        );
    }
}

/// With ids that are not derived, and results that nest.
pub async fn a_chord_is_loaded(bench: StoreBench) {
    for layout in layouts(&bench) {
        let mut chord = chord(&key(layout), 200);
        "of its own".clone_into(&mut chord.members.ids[150]);
        let mut shape = vec![Shape::Leaf; 198];
        shape.push(Shape::List(vec![Shape::Leaf, Shape::Leaf]));
        chord.members.shape = shape;
        begin(&bench, chord.clone()).await;
        arrive(&*bench.chords, part(&chord, 150, false)).await;
        let record = loaded(&bench, &chord.key).await.expect("a chord");
        assert_eq!(record.members, chord.members, "{layout:?}");
        assert!(!record.over, "{layout:?}");
        assert_eq!(record.arrived, 1, "{layout:?}");
        if layout == Layout::Set {
            assert_eq!(record.body, chord.body);
        }
    }
}

/// Celery counts the tasks of a group at the end of a member one by one, and expects one for all of
/// them: our first part makes that even.
pub async fn celerys_counter_ends_where_python_expects_it(bench: StoreBench) {
    if !bench.chords.speaks_celery() {
        return;
    }
    let mut chord = chord(&key(Layout::Celery), 4);
    chord.members.shape = Shape::of_text("*(***)");
    begin(&bench, chord.clone()).await;
    for index in 0..3 {
        let arrived = arrive(&*bench.chords, part(&chord, index, false)).await;
        assert_eq!(arrived, Arrived::Waiting, "{index}");
    }
    let arrived = arrive(&*bench.chords, part(&chord, 3, false)).await;
    assert_eq!(arrived, Arrived::Complete);
    let record = loaded(&bench, &chord.key).await.expect("a chord");
    assert_eq!(record.arrived, 4);
}

/// In batches as large as they come.
pub async fn celerys_counter_counts_each_of_our_members_once(bench: StoreBench) {
    if !bench.chords.speaks_celery() {
        return;
    }
    let chord = chord(&key(Layout::Celery), 120);
    begin(&bench, chord.clone()).await;
    for _ in 0..2 {
        let parts = (0..119).map(|index| part(&chord, index, false)).collect();
        let answers = bench.chords.arrive(parts).await;
        let distinct: BTreeSet<String> = answers
            .into_iter()
            .map(|answer| format!("{:?}", answer.expect("it arrives")))
            .collect();
        assert_eq!(distinct, BTreeSet::from(["Waiting".to_owned()]));
    }
    let arrived = arrive(&*bench.chords, part(&chord, 119, false)).await;
    assert_eq!(arrived, Arrived::Complete);
}

/// Each from a process of its own.
pub async fn of_20_last_members_at_once_one_takes(bench: StoreBench) {
    for layout in layouts(&bench) {
        let chord = chord(&key(layout), 20);
        begin(&bench, chord.clone()).await;
        let tries = (0..20).map(|index| {
            let (bench, chord) = (&bench, &chord);
            async move {
                let chords = bench.open_chords().await;
                let arrived = arrive(&*chords, part(chord, index, false)).await;
                if arrived != Arrived::Complete {
                    return false;
                }
                let taken = chords
                    .take(wish(&chord.key, &index.to_string(), LONG))
                    .await;
                matches!(taken.expect("it is answered"), Taken::Yours { .. })
            }
        });
        let takers = join_all(tries)
            .await
            .into_iter()
            .filter(|taken| *taken)
            .count();
        assert_eq!(takers, 1, "{layout:?}");
    }
}

/// Page after page, with what each began with.
pub async fn chords_are_listed(bench: StoreBench) {
    let mut began = BTreeMap::new();
    for layout in layouts(&bench) {
        for size in [1, 130, 3] {
            let chord = chord(&key(layout), size);
            begin(&bench, chord.clone()).await;
            for _ in 0..2 {
                let kept = bench.chords.keep_body(&chord.key, &chord.body).await;
                kept.expect("the body is kept, once or twice");
            }
            began.insert(chord.key.clone(), chord);
        }
    }
    let mut listed = BTreeSet::new();
    let mut next: Option<String> = None;
    loop {
        let page = bench.chords.list(next.as_deref()).await.expect("a page");
        listed.extend(page.keys);
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    for (key, chord) in began {
        assert!(listed.contains(&key), "{key:?}");
        let record = loaded(&bench, &key).await.expect("it is there");
        assert_eq!(record.body, chord.body, "{key:?}");
        assert_eq!(record.members.ids, chord.members.ids, "{key:?}");
        assert!(record.began.is_some(), "{key:?}");
    }
}

/// Where a group's results are, by its id alone.
pub async fn groups_are_saved(bench: StoreBench) {
    let (group_id, text) = (id(), |text: &str| Value::Str(text.to_owned()));
    let restored = async || {
        bench
            .chords
            .saved_group(&group_id)
            .await
            .expect("an answer")
    };
    assert_eq!(restored().await, None);
    let of = |id: &str| Value::List(vec![Value::List(vec![text(id), Value::Null]), Value::Null]);
    let own = Value::List(vec![text(&group_id), Value::Null]);
    let tuple = Value::List(vec![own, Value::List(vec![of("a"), of("b")])]);
    for _ in 0..2 {
        let saved = bench.chords.save_group(&group_id, &tuple).await;
        saved.expect("saved, once or twice");
    }
    assert_eq!(restored().await, Some(tuple));
}
