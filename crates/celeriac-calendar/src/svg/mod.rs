mod canvas;
mod chip;
mod grid;
mod legend;

use std::fmt::{self, Display, Formatter};

use canvas::{Canvas, MARGIN, WIDTH, escape, sign};

use super::Calendar;

const STYLE: &str = include_str!("style.css");
const HATCH: &str = r#"<pattern id="celeriac-calendar-hatch" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M1 0V8" class="hatch"/></pattern>"#;

/// A calendar as an SVG document.
pub(super) struct Svg<'a>(&'a Calendar);

impl<'a> Svg<'a> {
    pub(super) fn new(calendar: &'a Calendar) -> Self {
        Self(calendar)
    }

    fn title(&self) -> String {
        format!("{} · {}", self.0.week.title(), self.0.week.zone_name)
    }

    fn draw(&self) -> Result<Canvas, fmt::Error> {
        let mut canvas = Canvas {
            y: 16,
            ..Canvas::default()
        };
        canvas.text("title", 32, &self.title())?;
        canvas.text("muted", 22, &self.0.summary())?;
        for note in self.0.week.notes() {
            let (x, y) = (MARGIN + 18, canvas.y + 16);
            canvas.draw(format_args!(
                r#"{}<text x="{x}" y="{y}" class="alarm">{}</text>"#,
                sign(MARGIN, y),
                escape(&note)
            ))?;
            canvas.y += 22;
        }
        canvas.y += 8;
        grid::draw(self.0, &mut canvas)?;
        legend::entries(self.0, &mut canvas)?;
        legend::collisions(self.0, &mut canvas)?;
        canvas.y += MARGIN;
        Ok(canvas)
    }
}

impl Display for Svg<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Canvas { body, y: height } = self.draw()?;
        let title = escape(&self.title());
        let description = escape(&legend::description(self.0));
        writeln!(
            f,
            r#"<svg xmlns="http://www.w3.org/2000/svg" class="celeriac-calendar" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="celeriac-calendar-title celeriac-calendar-desc">"#
        )?;
        writeln!(f, r#"<title id="celeriac-calendar-title">{title}</title>"#)?;
        writeln!(
            f,
            r#"<desc id="celeriac-calendar-desc">{description}</desc>"#
        )?;
        writeln!(f, "<style>\n{STYLE}</style>")?;
        writeln!(f, "<defs>{HATCH}{}</defs>", chip::clip())?;
        writeln!(
            f,
            r#"<rect width="{WIDTH}" height="{height}" class="page"/>"#
        )?;
        writeln!(f, "{body}</svg>")
    }
}
