//! Documents that are listed.

use std::time::Duration;

use celeriac_core::documents::{Cursor, Expect, Key, Page, Put, Remove};
use futures_util::future::join_all;

use crate::conformance::store_bench::{new_id, put};
use crate::conformance::{StoreBench, StoreOptions};

async fn list(bench: &StoreBench, folder: &str, after: Option<&Cursor>, limit: usize) -> Page {
    let page = bench.documents.list(folder, after, limit).await;
    page.expect("the folder is listed")
}

async fn names(bench: &StoreBench, folder: &str) -> Vec<String> {
    let page = list(bench, folder, None, 1000).await;
    assert_eq!(page.next, None);
    let documents = page.documents.iter();
    documents.map(|(key, _)| key.name().to_owned()).collect()
}

async fn fill(bench: &StoreBench, folder: &str, names: &[&str]) {
    for name in names {
        let key = Key::listed(folder, *name);
        bench.written(put(&key, Expect::Absent, *name)).await;
    }
}

/// With their content, whichever was put first.
pub async fn a_folder_lists_its_documents_by_name(bench: StoreBench) {
    let folder = new_id();
    let mixed = ["host-2", "größe 🌍", "a/b", "#3", "host-10", "it's"];
    fill(&bench, &folder, &mixed).await;
    let mut wanted = mixed.map(str::to_owned).to_vec();
    wanted.sort();
    assert_eq!(names(&bench, &folder).await, wanted);
    for (key, document) in list(&bench, &folder, None, 100).await.documents {
        assert_eq!(key.folder(), Some(folder.as_str()));
        assert_eq!(document.body, key.name().as_bytes());
        assert_eq!(bench.document(&key).await, Some(document));
    }
}

/// Nobody has to make a folder.
pub async fn an_empty_folder_is_an_empty_page(bench: StoreBench) {
    assert_eq!(list(&bench, &new_id(), None, 10).await, Page::default());
}

/// By their cursors, also where a document went meanwhile.
pub async fn pages_follow_each_other(bench: StoreBench) {
    let folder = new_id();
    let all: Vec<String> = (0..25).map(|number| format!("n{number:02}")).collect();
    fill(
        &bench,
        &folder,
        &all.iter().map(String::as_str).collect::<Vec<_>>(),
    )
    .await;
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = list(&bench, &folder, after.as_ref(), 10).await;
        assert!(page.documents.len() <= 10);
        seen.extend(page.documents.iter().map(|(key, _)| key.name().to_owned()));
        let Some(next) = page.next else { break };
        if seen.len() == 10 {
            let (key, document) = page.documents.last().expect("it is full");
            let removal = Remove::new(key.clone(), Expect::Version(document.version));
            bench.documents.remove(vec![removal]).await;
        }
        after = Some(next);
    }
    assert_eq!(seen, all);
}

/// Neither what was removed nor what has expired.
pub async fn a_folder_shows_what_lives(bench: StoreBench) {
    let folder = new_id();
    fill(&bench, &folder, &["stays"]).await;
    let (gone, ends) = (Key::listed(&folder, "gone"), Key::listed(&folder, "ends"));
    let version = bench.written(put(&gone, Expect::Absent, "gone")).await;
    let short = Put {
        ttl: Some(Duration::from_secs(1)),
        ..put(&ends, Expect::Absent, "ends")
    };
    bench.written(short).await;
    assert_eq!(names(&bench, &folder).await, ["ends", "gone", "stays"]);
    bench
        .documents
        .remove(vec![Remove::new(gone.clone(), Expect::Version(version))])
        .await;
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert_eq!(names(&bench, &folder).await, ["stays"]);
    bench.written(put(&gone, Expect::Absent, "back")).await;
    assert_eq!(names(&bench, &folder).await, ["gone", "stays"]);
}

/// Also a folder in a folder, and those of other prefixes.
pub async fn folders_are_apart(bench: StoreBench) {
    let folder = new_id();
    let inner = format!("{folder}/inner");
    fill(&bench, &folder, &["one"]).await;
    fill(&bench, &inner, &["two"]).await;
    bench
        .written(put(
            &Key::new(format!("{folder}/three")),
            Expect::Absent,
            "",
        ))
        .await;
    assert_eq!(names(&bench, &folder).await, ["one"]);
    assert_eq!(names(&bench, &inner).await, ["two"]);
    let options = StoreOptions {
        prefix: "shop".to_owned(),
        ..StoreOptions::default()
    };
    let shop = bench.open_documents(&options).await;
    assert_eq!(
        shop.list(&folder, None, 10).await.expect("it is listed"),
        Page::default()
    );
}

/// Whatever else is written there at the same time, by whomever.
pub async fn what_is_there_throughout_is_in_every_list(bench: StoreBench) {
    let folder = new_id();
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(bench.open_documents(&StoreOptions::default()).await);
    }
    let writers = clients.iter().enumerate().map(|(number, client)| {
        let folder = folder.clone();
        async move {
            for round in 0..5 {
                let key = Key::listed(&folder, format!("{number}-{round}"));
                let put = client.put(vec![put(&key, Expect::Absent, "")]).await;
                for outcome in put {
                    outcome.expect("it is put");
                }
                let page = client
                    .list(&folder, None, 1000)
                    .await
                    .expect("it is listed");
                for before in 0..=round {
                    let name = format!("{number}-{before}");
                    let listed = page.documents.iter().any(|(key, _)| key.name() == name);
                    assert!(listed, "{name} is missing after {round}");
                }
            }
        }
    });
    join_all(writers).await;
    assert_eq!(names(&bench, &folder).await.len(), 20);
}
