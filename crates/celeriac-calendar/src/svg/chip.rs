use super::super::Calendar;
use super::super::due::Due;
use super::super::lane::Lane;
use super::super::width::cut;
use super::canvas::{COLUMN, escape, sign};

pub(super) const HEIGHT: usize = 18;
const WIDTH: usize = COLUMN - 8;
const COLOURS: usize = 8;
/// The letters that a chip has room for, beside the minute.
const NAME: usize = 15;
const KEYS: usize = 13;

/// The class of a lane's colour. Colours come again; what tells lanes apart is the key.
pub(super) fn colour(lane: usize) -> String {
    format!("c{}", lane % COLOURS)
}

/// One line of an hour's cell.
pub(super) enum Chip<'a> {
    Due(&'a Due),
    /// What the clock does here.
    Clock(String),
    /// Dues for which there is no room.
    More(Vec<&'a Due>),
}

impl Chip<'_> {
    pub(super) fn draw(&self, calendar: &Calendar, x: usize, y: usize) -> String {
        let content = match self {
            Self::Due(due) => mark(calendar, due),
            Self::Clock(text) => format!(
                r#"<text x="3" y="13" class="alarm">{}</text>"#,
                escape(text)
            ),
            Self::More(dues) => more(calendar, dues),
        };
        format!(
            r#"<g transform="translate({x} {y})" clip-path="url(#celeriac-calendar-chip)">{content}</g>"#
        )
    }
}

/// What chips are clipped to.
pub(super) fn clip() -> String {
    format!(
        r#"<clipPath id="celeriac-calendar-chip"><rect x="-1" y="-1" width="{}" height="{}"/></clipPath>"#,
        WIDTH + 2,
        HEIGHT + 2
    )
}

fn mark(calendar: &Calendar, due: &Due) -> String {
    let title = escape(&title(calendar, due));
    let content = match due.lanes.as_slice() {
        [only] if due.enabled => single(calendar, due, *only),
        [only] => disabled(calendar, due, *only),
        several => collision(calendar, due, several),
    };
    format!("<title>{title}</title>{content}")
}

fn frame(class: &str) -> String {
    let (width, height) = (WIDTH as f64 - 1.5, HEIGHT as f64 - 1.5);
    format!(r#"<rect x=".75" y=".75" width="{width}" height="{height}" rx="3" class="{class}"/>"#)
}

fn single(calendar: &Calendar, due: &Due, lane: usize) -> String {
    let key = &calendar.lanes[lane].key;
    let minute = due.place.minute;
    let (frame, colour) = (frame("chip"), colour(lane));
    let plus_at = WIDTH - 14;
    let (plus, room) = if due.bands.is_empty() {
        (String::new(), NAME)
    } else {
        let plus = format!(r#"<text x="{plus_at}" y="13" class="alarm">+</text>"#);
        (plus, NAME - 3)
    };
    let name = escape(&cut(&calendar.lanes[lane].name, room - key.len().min(4)));
    format!(
        r#"{frame}<rect y=".75" width="4" height="16.5" class="{colour}"/><text x="9" y="13"><tspan class="minute">:{minute:02}</tspan><tspan class="key" dx="5">{key}</tspan><tspan dx="5">{name}</tspan></text>{plus}"#
    )
}

fn disabled(calendar: &Calendar, due: &Due, lane: usize) -> String {
    let key = &calendar.lanes[lane].key;
    let minute = due.place.minute;
    let frame = frame("off");
    let name = escape(&cut(
        &calendar.lanes[lane].name,
        NAME - 2 - key.len().min(4),
    ));
    format!(
        r#"{frame}<text x="9" y="13" class="muted"><tspan class="minute">:{minute:02}</tspan><tspan class="key" dx="5">({key})</tspan><tspan dx="5">{name}</tspan></text>"#
    )
}

fn collision(calendar: &Calendar, due: &Due, lanes: &[usize]) -> String {
    let key = |lane: &usize| calendar.lanes[*lane].key.as_str();
    let keys = keys_in_words(&lanes.iter().map(key).collect::<Vec<_>>());
    let minute = due.place.minute;
    let (frame, sign) = (frame("clash"), sign(6, 14));
    format!(
        r#"{frame}{sign}<text x="22" y="13"><tspan class="minute">:{minute:02}</tspan><tspan class="key" dx="5">{keys}</tspan></text>"#
    )
}

/// `A + B`, or `A + B +12` where there is no room for all.
fn keys_in_words(keys: &[&str]) -> String {
    let shown = |count: usize| {
        let some = keys[..count].join(" + ");
        match keys.len() - count {
            0 => some,
            rest => format!("{some} +{rest}"),
        }
    };
    let fits = |words: &String| words.len() <= KEYS;
    let mut fewer = (1..=keys.len()).rev().map(shown);
    fewer.find(fits).unwrap_or_else(|| shown(1))
}

fn more(calendar: &Calendar, dues: &[&Due]) -> String {
    let titles: Vec<String> = dues
        .iter()
        .map(|due| escape(&title(calendar, due)))
        .collect();
    format!(
        r#"<title>{}</title><text x="9" y="13" class="muted">{} more</text>"#,
        titles.join("\n"),
        dues.len()
    )
}

/// Each name in a line of its own.
fn title(calendar: &Calendar, due: &Due) -> String {
    let day = calendar.week.days[due.place.day].head();
    let clock = calendar.week.clock(due.place);
    let state = match (due.is_collision(), due.enabled) {
        (true, _) => format!(": {} in the same minute", due.lanes.len()),
        (false, true) => String::new(),
        (false, false) => ", disabled".to_owned(),
    };
    let name = |sign: &str, lane: usize| {
        let Lane { key, name, .. } = &calendar.lanes[lane];
        format!("{sign}{key} {name}")
    };
    let lanes = due.lanes.iter().map(|lane| name("", *lane));
    let bands = due.bands.iter().map(|lane| name("+ ", *lane));
    std::iter::once(format!("{day} {clock}{state}"))
        .chain(lanes)
        .chain(bands)
        .collect::<Vec<_>>()
        .join("\n")
}
