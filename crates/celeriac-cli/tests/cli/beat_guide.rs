//! docs/beat.md: what it shows can be.

use std::path::{Path, PathBuf};

use celeriac::Settings;
use celeriac::beat::Entry;
use celeriac::beat::jiff::tz::TimeZone;

fn docs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(docs(name)).expect("the page")
}

/// The code blocks of a language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let begin = format!("```{language}\n");
    let after = page.split(begin.as_str()).skip(1);
    after
        .map(|rest| rest.split("```").next().unwrap_or_default())
        .collect()
}

/// The entries of a settings file.
fn entries(toml: &str) -> Vec<Entry> {
    let mut settings = Settings::default();
    settings
        .apply_toml(toml, Path::new("docs/beat.md"))
        .unwrap_or_else(|error| panic!("{error}\n{toml}"));
    Entry::all_from(&settings.beat_schedule, &TimeZone::UTC)
        .unwrap_or_else(|error| panic!("{error}\n{toml}"))
}

#[test]
fn every_settings_file_can_be() {
    let page = read("beat.md");
    let files = blocks(&page, "toml");
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        assert!(!entries(file).is_empty(), "{file}");
    }
}

/// The forms in the column `in TOML` of the table of schedules.
#[test]
fn every_form_of_a_schedule_can_be() {
    let page = read("beat.md");
    let rows = page
        .split("| kind | in TOML |")
        .nth(1)
        .expect("the table")
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let mut forms = 0;
    for row in rows {
        let cell = row.split('|').nth(2).expect("a second column");
        for form in cell.split('`').skip(1).step_by(2) {
            let line = match form {
                "timezone" | "relative = true" => continue,
                given if given.starts_with("schedule = ") => given.to_owned(),
                given => format!("schedule = {given}"),
            };
            let file = format!("[beat_schedule.e]\ntask = \"t\"\n{line}\n");
            assert_eq!(entries(&file).len(), 1, "{file}");
            forms += 1;
        }
    }
    assert_eq!(forms, 12);
}

#[test]
fn the_script_that_it_shows_is_the_one_beside_it() {
    let page = read("beat.md");
    assert_eq!(blocks(&page, "python"), [read("beat_schedule_dump.py")]);
}

/// Keys, options of the commands and refusals have no other list that could be compared with; this
/// one is `Entry`'s.
#[test]
fn every_key_of_an_entry_is_in_its_table() {
    let wrong = "[beat_schedule.e]\nsome_key_that_is_not_there = 1\n";
    let mut settings = Settings::default();
    settings
        .apply_toml(wrong, Path::new("here"))
        .expect("a table");
    let error = Entry::all_from(&settings.beat_schedule, &TimeZone::UTC).expect_err("wrong");
    let keys = error.reason.split("there are ").nth(1).expect("its keys");
    let page = read("beat.md");
    let table = page
        .split("| key | unit |")
        .nth(1)
        .and_then(|rest| rest.split("\n\n").next())
        .expect("the table");
    for key in keys.split(", ") {
        assert!(table.contains(&format!("`{key}`")), "{key}");
    }
}
