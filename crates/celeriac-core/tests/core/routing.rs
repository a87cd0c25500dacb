use celeriac_core::{Route, RouteTarget, Router};
use celeriac_protocol::Value;
use proptest::prelude::*;

use crate::{dict, table, text};

fn route(pattern: &str, queue: &str) -> Route {
    Route {
        pattern: pattern.to_owned(),
        target: RouteTarget::queue(queue),
    }
}

fn router(pairs: &[(&str, &str)]) -> Router {
    Router::new(
        pairs
            .iter()
            .map(|(pattern, queue)| route(pattern, queue))
            .collect(),
        "celery",
    )
    .unwrap()
}

fn queue<'a>(router: &'a Router, task: &str) -> Option<&'a str> {
    router
        .lookup(task)
        .and_then(|target| target.queue.as_deref())
}

fn matches(glob: &str, name: &str) -> bool {
    // a star makes it a glob; one that takes nothing does not change what it matches
    router(&[(&format!("{glob}*"), "yes")])
        .lookup(name)
        .is_some()
}

#[test]
fn routes_are_those_of_celery() {
    let mut routes = vec![
        route("proj.tasks.add", "exact"),
        route("proj.tasks.*", "glob"),
        route(r"re:video\.(\w+)\.enc", "re"),
        route("proj.*", "glob2"),
        route("img.?.x*", "q"),
    ];
    routes[2].target.options = dict([("routing_key", text("v"))]);
    let compiled = Router::new(routes, "celery").unwrap();
    for row in table("routes") {
        let target = compiled.lookup(row["task"].as_str().unwrap());
        let expected = &row["route"];
        assert_eq!(
            target.and_then(|target| target.queue.as_deref()),
            expected["queue"].as_str(),
            "{row}"
        );
        let key = target.and_then(|target| target.options.get("routing_key"));
        assert_eq!(
            key,
            expected["routing_key"].as_str().map(text).as_ref(),
            "{row}"
        );
    }
}

#[test]
fn exact_names_win_then_the_first_pattern() {
    let router = router(&[
        ("a.*", "first"),
        ("a.b*", "second"),
        ("a.b", "exact"),
        ("a.b", "later"),
    ]);
    assert_eq!(queue(&router, "a.b"), Some("exact"));
    assert_eq!(queue(&router, "a.bc"), Some("first"));
    assert_eq!(
        (queue(&router, "b"), router.default_queue()),
        (None, "celery")
    );
}

#[test]
fn globs_are_those_of_a_shell() {
    assert!(matches("a.[bc]d", "a.cd") && !matches("a.[bc]d", "a.ed"));
    assert!(matches("a.[!b]d", "a.cd") && !matches("a.[!b]d", "a.bd"));
    assert!(matches("v[0-9]", "v7") && !matches("v[0-9]", "vx"));
    assert!(matches("x[]]", "x]") && matches("x[!]]", "xa") && !matches("x[!]]", "x]"));
    assert!(
        matches("x[a", "x[a"),
        "a bracket that is never closed is a bracket"
    );
    assert!(
        matches("a.b", "a.b") && !matches("a.b", "axb"),
        "a dot is a dot"
    );
    assert!(
        !matches("x[z-a]", "x") && matches("x[!z-a]", "xq"),
        "a range that runs backwards is empty"
    );
    assert!(matches("new\nline", "new\nline"));
    assert!(
        router(&[("*.add", "q")]).lookup("tasks.add2").is_none(),
        "the whole name"
    );
}

#[test]
fn a_question_mark_alone_makes_no_glob() {
    let router = router(&[("img.?.x", "q")]);
    assert_eq!(
        (queue(&router, "img.1.x"), queue(&router, "img.?.x")),
        (None, Some("q"))
    );
}

#[test]
fn a_regex_matches_at_the_start_and_not_the_whole() {
    let router = router(&[("re:a|bc", "q")]);
    assert_eq!(
        (
            queue(&router, "ax"),
            queue(&router, "bcx"),
            queue(&router, "xa")
        ),
        (Some("q"), Some("q"), None)
    );
}

#[test]
fn a_broken_regex_is_named() {
    let error = Router::new(vec![route("re:(", "q")], "celery").unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("task_routes: `re:(`: not a regular expression"),
        "{error}"
    );
}

#[test]
fn settings_check_the_options_of_routes() {
    let mut target = RouteTarget::queue("q");
    target.options = dict([("priority", Value::Int(3))]);
    let mut settings = celeriac_core::Settings {
        task_routes: vec![("a.*".to_owned(), target)],
        ..Default::default()
    };
    assert!(settings.router().is_ok());
    settings.task_routes[0].1.options = dict([("countdown", text("soon"))]);
    let error = settings.router().unwrap_err();
    assert_eq!(
        error.to_string(),
        "task_routes: `a.*`: option `countdown`: expected a number of seconds, got str 'soon'"
    );
}

/// Shell matching, written down without regexes: what the compiled globs must agree with.
fn shell(glob: &[char], name: &[char]) -> bool {
    match glob.split_first() {
        None => name.is_empty(),
        Some(('*', rest)) => (0..=name.len()).any(|skipped| shell(rest, &name[skipped..])),
        Some(('?', rest)) => name
            .split_first()
            .is_some_and(|(_, others)| shell(rest, others)),
        Some((first, rest)) => name
            .split_first()
            .is_some_and(|(other, others)| first == other && shell(rest, others)),
    }
}

proptest! {
    #[test]
    fn globs_match_as_their_definition(glob in r"[ab.?*+(\\|^$]{0,6}\*[ab.]{0,3}", name in r"[ab.+(\\|^$]{0,8}") {
        let expected = shell(&glob.chars().collect::<Vec<_>>(), &name.chars().collect::<Vec<_>>());
        let router = router(&[(&glob, "q")]);
        prop_assert_eq!(router.lookup(&name).is_some(), expected || glob == name);
    }

    /// Any glob compiles, brackets and all.
    #[test]
    fn any_glob_is_a_glob(glob in r"[-\[\]!a-c^&~\\*]{0,10}", name in "[a-c^&~-]{0,6}") {
        let router = Router::new(vec![route(&format!("{glob}*"), "q")], "celery");
        prop_assert!(router.is_ok());
        let _ = router.unwrap().lookup(&name);
    }
}
