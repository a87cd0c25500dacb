//! How crontabs are written, shown, compared and refused.

use celeriac_beat::{Crontab, CrontabError, CrontabFields, zone};
use proptest::prelude::*;

fn message(text: &str) -> String {
    Crontab::new(text).expect_err("a wrong crontab").to_string()
}

#[test]
fn an_error_tells_the_field_and_what_to_write() {
    assert_eq!(
        message("0 9 * * 7"),
        "day_of_week `7` of a crontab: 7 is out of range: write 0 to 6 (Sunday is 0)"
    );
    assert_eq!(
        message("0 9 0 * *"),
        "day_of_month `0` of a crontab: 0 is out of range: write 1 to 31"
    );
    assert_eq!(
        message("0,, 9 * * *"),
        "minute `0,,` of a crontab: a part is empty: write `*`, or values with one comma between"
    );
    assert_eq!(
        message("*/ 9 * * *"),
        "minute `*/` of a crontab: the step after `/` is missing: write `/n`, as in `*/15`"
    );
    assert_eq!(
        message("0 9-17/0 * * *"),
        "hour `9-17/0` of a crontab: the step is 0: write 1 or more"
    );
    assert_eq!(
        message("0 */mon * * *"),
        "hour `*/mon` of a crontab: the step `mon` is not a number: write `/n`, as in `*/15`"
    );
    assert_eq!(
        message("0 9 * xyz *"),
        "month_of_year `xyz` of a crontab: `xyz` is neither a number nor a name such as `mon` or `jan`: write `*`, \
         `*/n`, `a`, `a-b` or `a-b/n`"
    );
    assert_eq!(
        message("0 9 -1 * *"),
        "day_of_month `-1` of a crontab: `-1` is negative: write a range as `a-b`"
    );
    assert_eq!(
        message("0  9 * * *"),
        "crontab `0  9 * * *` has 6 fields, not 5: write minute, hour, day of month, month, day of week, with one \
         space between"
    );
    assert_eq!(
        message("0 0 30,31 2 *"),
        "day_of_month `30,31` never occurs in month_of_year `2`: write a day that one of these months has"
    );
}

#[test]
fn numbers_and_lists_are_checked_like_texts() {
    let fields = |minute| CrontabFields {
        minute,
        ..CrontabFields::default()
    };
    let listed = Crontab::from_fields(&fields([45, 0, 15, 30].into()));
    assert_eq!(listed, Crontab::new("*/15 * * * *"));
    for wrong in [60.into(), (-1).into(), [0, 60].into(), vec![].into()] {
        let refused = Crontab::from_fields(&fields(wrong));
        assert!(matches!(
            refused,
            Err(CrontabError::Field {
                field: "minute",
                ..
            })
        ));
    }
}

#[test]
fn what_pythons_int_reads_is_a_number() -> Result<(), CrontabError> {
    for text in [
        "+5 * * * *",
        "0_5 * * * *",
        "\u{a0}5 * * * *",
        "5-05 * * * *",
    ] {
        assert_eq!(Crontab::new(text)?, Crontab::new("5 * * * *")?, "{text}");
    }
    assert!(Crontab::new("_5 * * * *").is_err());
    assert!(Crontab::new("5__0 * * * *").is_err());
    assert!(Crontab::new("99999999999999999999 * * * *").is_err());
    assert_eq!(
        Crontab::new("0-59/99999999999999999999 * * * *")?,
        Crontab::new("0 * * * *")?
    );
    Ok(())
}

#[test]
fn a_name_is_a_days_or_months_own_from_three_letters_on() -> Result<(), CrontabError> {
    for (text, number) in [
        ("0 9 * * mon", "0 9 * * 1"),
        ("0 9 * * Monday", "0 9 * * 1"),
        ("0 9 * * TUES,thurs", "0 9 * * 2,4"),
        ("0 9 * * Wednesday-SAT", "0 9 * * 3-6"),
        ("0 9 1 sept *", "0 9 1 9 *"),
        ("0 9 1 June-December/3 *", "0 9 1 6,9,12 *"),
    ] {
        assert_eq!(Crontab::new(text)?, Crontab::new(number)?, "{text}");
    }
    let fields = |day_of_week: &str| CrontabFields {
        day_of_week: day_of_week.into(),
        ..CrontabFields::default()
    };
    let blanks = Crontab::from_fields(&fields("mon ,wed-fri "))?;
    assert_eq!(blanks, Crontab::from_fields(&fields("mon,wed-fri"))?);
    Ok(())
}

/// Celery reads a name's first three letters and passes over the rest: `MON#1`, elsewhere the first
/// Monday of a month, would run every week.
#[test]
fn what_follows_a_name_is_refused() {
    for text in [
        "MON#1",
        "friL",
        "fri#L",
        "FRI-L",
        "jan/3",
        "jan+jul",
        "mon;wed",
        "mon|wed",
        "mon..fri",
        "mon:fri",
        "mon - fri",
        "mon to fri",
        "mon and fri",
        "mon\u{2013}fri",
        "mo",
        "mondays",
        "Montag",
        "mon.",
        "mon-friL",
        "mondays-fri",
        "2#1",
        "6L",
        "L",
        "?",
    ] {
        let fields = CrontabFields {
            day_of_week: text.into(),
            ..CrontabFields::default()
        };
        let refused = Crontab::from_fields(&fields).map_err(|error| error.to_string());
        let begin = format!("day_of_week `{text}` of a crontab: `");
        assert!(
            refused
                .as_ref()
                .is_err_and(|error| error.starts_with(&begin)
                    && error.contains("neither a number nor a name such as")),
            "{refused:?}"
        );
    }
}

#[test]
fn what_follows_a_range_or_a_step_is_refused() {
    for (text, rest) in [
        ("1-5-7 * * * *", "-7"),
        ("1-5* * * * *", "*"),
        ("*/6/2 * * * *", "/2"),
        ("0-30/5#2 * * * *", "#2"),
        ("0 9 * * mon-fri#1", "#1"),
        ("0 9 * * mon-wed;fri", ";fri"),
    ] {
        let message = message(text);
        let expected = format!("of a crontab: `{rest}` cannot follow a range or a step");
        assert!(message.contains(&expected), "{message}");
    }
    let refused = |text| Crontab::new(text).is_err();
    assert!(refused("*5 * * * *"), "a star is followed by a step");
    assert!(refused("5/2 * * * *"), "a step needs a range");
}

#[test]
fn it_shows_as_it_was_written() -> Result<(), CrontabError> {
    let text = "*/15 9-17 1-7,15-21 jan-mar MON-fri/2";
    let crontab = Crontab::new(text)?.tz("Asia/Seoul");
    assert_eq!(crontab.to_string(), text);
    assert_eq!(crontab.day_of_week(), "MON-fri/2");
    assert_eq!(crontab.timezone(), Some("Asia/Seoul"));
    let fields = CrontabFields {
        minute: [30, 0].into(),
        hour: "9, 17".into(),
        day_of_week: 1.into(),
        ..CrontabFields::default()
    };
    let crontab = Crontab::from_fields(&fields)?;
    assert_eq!(crontab.to_string(), "30,0 9,17 * * 1");
    assert_eq!(crontab.hour(), "9, 17");
    Ok(())
}

#[test]
fn equal_is_what_means_the_same() -> Result<(), CrontabError> {
    let crontab = Crontab::new("*/15 * * * mon-fri")?;
    assert_eq!(crontab, "0,15,30,45 0-23 1-31 */1 1-5".parse()?);
    assert_ne!(crontab, Crontab::new("*/15 * * * mon-sat")?);
    assert_ne!(crontab, crontab.clone().tz("UTC"));
    Ok(())
}

#[test]
fn a_wrong_zone_is_named_with_the_one_that_was_meant() {
    let nearest = |name: &str| {
        zone(name)
            .expect_err("no zone")
            .nearest()
            .map(str::to_owned)
    };
    assert_eq!(nearest("Seoul").as_deref(), Some("Asia/Seoul"));
    assert_eq!(nearest("Europe/Berln").as_deref(), Some("Europe/Berlin"));
    assert_eq!(
        nearest("America/New York").as_deref(),
        Some("America/New_York")
    );
    let stranger = zone("the office").expect_err("no zone");
    assert_eq!(
        stranger.to_string(),
        "no time zone is named `the office`: write a name of the tz database, such as `Europe/Berlin` or `UTC`"
    );
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_and_what_is_read_shows_itself(
        fields in prop::collection::vec("[0-9a-z*/, _+-]{0,6}|\\*|[0-9]{1,2}|[0-9]{1,2}-[0-9]{1,2}(/[0-9])?|\\PC{0,5}", 5)
    ) {
        let mut fields = fields.into_iter().map(Into::into);
        let mut field = || fields.next().unwrap_or_default();
        let fields = CrontabFields {
            minute: field(),
            hour: field(),
            day_of_week: field(),
            day_of_month: field(),
            month_of_year: field(),
        };
        if let Ok(crontab) = Crontab::from_fields(&fields) {
            prop_assert_eq!(Crontab::new(&crontab.to_string()), Ok(crontab));
        }
    }
}
