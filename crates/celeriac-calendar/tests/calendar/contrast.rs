//! WCAG 2.2: text has a contrast of 4.5 to its ground (1.4.3), what is drawn and carries meaning 3
//! (1.4.11).

use crate::week;

/// The styles of light and of dark.
fn schemes() -> [String; 2] {
    let svg = week::empty().to_svg();
    let style = svg
        .split_once("<style>")
        .unwrap()
        .1
        .split_once("</style>")
        .unwrap()
        .0;
    let (light, dark) = style
        .split_once("@media (prefers-color-scheme: dark)")
        .unwrap();
    [light.to_owned(), dark.to_owned()]
}

/// The colour that `property` has in the rule of `selector`.
fn colour(scheme: &str, selector: &str, property: &str) -> [f64; 3] {
    let rule = format!(".celeriac-calendar {selector} ");
    let rest = &scheme[scheme.find(&rule).unwrap() + rule.len()..];
    let body = rest.split_once('{').unwrap().1.split_once('}').unwrap().0;
    let value = body.split_once(&format!("{property}: #")).unwrap().1;
    [0, 2, 4].map(|at| f64::from(u8::from_str_radix(&value[at..at + 2], 16).unwrap()) / 255.0)
}

fn luminance(colour: [f64; 3]) -> f64 {
    let linear = colour.map(|part| {
        if part <= 0.04045 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn text_can_be_read() {
    for scheme in schemes() {
        for text in ["text", ".muted", ".alarm"] {
            for ground in [".page", ".weekend", ".chip", ".clash"] {
                let ratio = contrast(
                    colour(&scheme, text, "fill"),
                    colour(&scheme, ground, "fill"),
                );
                assert!(ratio >= 4.5, "{text} on {ground}: {ratio:.2}");
            }
        }
    }
}

#[test]
fn signs_and_stripes_can_be_seen() {
    let stripes: Vec<String> = (0..8).map(|number| format!(".c{number}")).collect();
    for scheme in schemes() {
        let page = colour(&scheme, ".page", "fill");
        for drawn in stripes.iter().map(String::as_str).chain([".sign"]) {
            let ratio = contrast(colour(&scheme, drawn, "fill"), page);
            assert!(ratio >= 3.0, "{drawn}: {ratio:.2}");
        }
        for line in [".clash", ".off"] {
            let ratio = contrast(colour(&scheme, line, "stroke"), page);
            assert!(ratio >= 3.0, "{line}: {ratio:.2}");
        }
    }
}
