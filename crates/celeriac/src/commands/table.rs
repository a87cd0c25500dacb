use celeriac_core::plain_text;

/// Rows of texts in aligned columns, for people.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these column titles; none for a table without a head.
    pub fn new(titles: &[&str]) -> Self {
        let mut table = Self::default();
        if !titles.is_empty() {
            table.row(titles.iter().copied());
        }
        table
    }

    /// Adds a row. Its texts are shown in their line, whatever they hold.
    pub fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        let plain = |cell: T| plain_text::line(&cell.into()).into_owned();
        self.rows.push(cells.into_iter().map(plain).collect());
    }

    /// The text, a line for each row.
    pub fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(|column| self.width(column)).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                // by hand: a width in a format has 16 bits, and cells may be longer
                line.push_str(cell);
                line.extend(std::iter::repeat_n(' ', width - cell.chars().count() + 2));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    fn width(&self, column: usize) -> usize {
        self.rows
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_may_be_of_any_length() {
        let mut table = Table::new(&["A", "B"]);
        table.row(["x".repeat(70_000), "1".to_owned()]);
        assert!(table.render().ends_with("x  1\n"));
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&["QUEUE", "N"]);
        table.row(["a", "1"]);
        table.row(["größer", ""]);
        assert_eq!(table.render(), "QUEUE   N\na       1\ngrößer\n");
    }
}
