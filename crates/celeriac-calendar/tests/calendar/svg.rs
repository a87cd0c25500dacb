use roxmltree::{Document, Node};

use celeriac_calendar::Calendar;

use crate::week;

/// What is drawn, without the styles, which `contrast` looks at.
fn drawing(calendar: &Calendar) -> String {
    let svg = calendar.to_svg();
    let (head, rest) = svg.split_once("<style>").unwrap();
    let (_, body) = rest.split_once("</style>\n").unwrap();
    format!("{head}{body}")
}

fn all() -> [Calendar; 6] {
    [
        week::normal(),
        week::with_gap(),
        week::with_repeated_hour(),
        week::empty(),
        week::with_names(),
        week::crowded(),
    ]
}

fn texts<'a>(document: &'a Document<'_>, tag: &'a str) -> impl Iterator<Item = String> + 'a {
    let nodes = document
        .descendants()
        .filter(move |node| node.has_tag_name(tag));
    nodes.map(|node| {
        node.descendants()
            .filter_map(|inner| inner.text().filter(|_| inner.is_text()))
            .collect()
    })
}

#[test]
fn a_week() {
    insta::assert_snapshot!("normal_svg", drawing(&week::normal()));
}

#[test]
fn a_week_with_a_skipped_hour() {
    insta::assert_snapshot!("gap_svg", drawing(&week::with_gap()));
}

#[test]
fn a_week_with_a_repeated_hour() {
    insta::assert_snapshot!("repeated_hour_svg", drawing(&week::with_repeated_hour()));
}

#[test]
fn a_week_of_nothing() {
    insta::assert_snapshot!("empty_svg", drawing(&week::empty()));
}

#[test]
fn a_week_of_names() {
    insta::assert_snapshot!("names_svg", drawing(&week::with_names()));
}

#[test]
fn it_is_an_image_with_a_title_and_a_description() {
    for calendar in all() {
        let svg = calendar.to_svg();
        let document = Document::parse(&svg).unwrap();
        let root = document.root_element();
        assert_eq!(root.attribute("role"), Some("img"));
        let labels = root.attribute("aria-labelledby").unwrap().split(' ');
        for label in labels {
            let is_label = |node: &Node| node.attribute("id") == Some(label);
            let node = document.descendants().find(is_label).unwrap();
            assert!(!node.text().unwrap().is_empty());
        }
    }
}

#[test]
fn it_needs_nothing_from_elsewhere_and_runs_nothing() {
    for calendar in all() {
        let svg = calendar.to_svg();
        let document = Document::parse(&svg).unwrap();
        for node in document.descendants().filter(Node::is_element) {
            assert!(
                !["script", "image", "use", "foreignObject", "a"].contains(&node.tag_name().name())
            );
            for attribute in node.attributes() {
                assert!(!attribute.name().starts_with("on") && attribute.name() != "href");
            }
        }
        assert!(!svg.contains("@import"));
        assert_eq!(svg.matches("url(").count(), svg.matches("url(#").count());
    }
}

#[test]
fn what_is_referred_to_is_there() {
    let svg = week::with_gap().to_svg();
    let document = Document::parse(&svg).unwrap();
    for reference in svg
        .split("url(#")
        .skip(1)
        .map(|rest| rest.split_once(')').unwrap().0)
    {
        assert!(
            document
                .descendants()
                .any(|node| node.attribute("id") == Some(reference))
        );
    }
}

#[test]
fn names_are_whole_where_one_points() {
    let svg = week::with_names().to_svg();
    let document = Document::parse(&svg).unwrap();
    let titles: Vec<String> = texts(&document, "title").collect();
    let long = "reports.tenants.".repeat(20);
    for title in [
        "Mon 7 01:00\nA <b>&\"quoted\" 'name' ]]>".to_owned(),
        "Tue 8 01:05\nB 주간 보고서 만들기와 보내기".to_owned(),
        format!("Fri 11 01:15: 2 in the same minute\nD {long}\nE <meets>"),
    ] {
        assert!(titles.contains(&title), "{titles:?}");
    }
}
