//! A plot area with two scales: where data become pixels, and the frame around it.

use drawing::HPos;

use super::pen::{GRID, INK, LABEL, NOTE, line, text};
use super::scale::Scale;
use drawing::{At, Shape, Text, text_width};

/// A rectangle of the picture and what it spans.
pub(super) struct Panel {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    pub(super) across: Scale,
    pub(super) up: Scale,
}

/// How far left of a panel the name of its upright axis stands, and below it the one of its lying axis.
pub(super) const AXIS_LEFT: f64 = 68.0;
pub(super) const AXIS_BELOW: f64 = 46.0;

impl Panel {
    pub(super) fn at(&self, across: f64, up: f64) -> At {
        (self.x(across), self.y(up))
    }

    pub(super) fn x(&self, value: f64) -> f64 {
        self.left + self.across.share(value) * (self.right - self.left)
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        self.bottom - self.up.share(value) * (self.bottom - self.top)
    }

    /// Grid and ticks; `size` of the ticks' text.
    pub(super) fn grid(&self, size: f64) -> Vec<Shape> {
        let mut shapes = Vec::new();
        for (value, label) in &self.up.ticks {
            let y = self.y(*value);
            shapes.push(line((self.left, y), (self.right, y), 1.0, GRID));
            shapes.push(text((self.left - 10.0, y), label.as_str(), size, HPos::Right, INK));
        }
        for (value, label) in &self.across.ticks {
            let x = self.x(*value);
            shapes.push(line((x, self.bottom), (x, self.bottom + 6.0), 1.5, INK));
            shapes.push(text((x, self.bottom + 6.0 + 0.875 * size), label.as_str(), size, HPos::Center, INK));
        }
        shapes.push(line((self.left, self.bottom), (self.right, self.bottom), 1.5, INK));
        shapes
    }

    /// Grid, ticks and the names of both axes; a lying axis that needs none has an empty one.
    pub(super) fn frame(&self, across: &str, up: &str) -> Vec<Shape> {
        let mut shapes = self.grid(LABEL);
        let below = ((self.left + self.right) / 2.0, self.bottom + AXIS_BELOW);
        shapes.extend((!across.is_empty()).then(|| text(below, across, LABEL, HPos::Center, INK)));
        shapes.push(upwards((self.left - AXIS_LEFT, (self.top + self.bottom) / 2.0), up));
        shapes
    }

    /// A name above the upper left corner, cut where it is longer than the panel.
    pub(super) fn named(&self, name: &str) -> Shape {
        let width = self.right - self.left;
        text((self.left, self.top - 14.0), fitted(name, width), NOTE, HPos::Left, INK)
    }
}

/// As much of a note as fits, with an ellipsis where some does not.
fn fitted(note: &str, width: f64) -> String {
    let fits = |text: &str| 1.06 * text_width(text, NOTE) <= width;
    let cut = |n_chars: usize| note.chars().take(n_chars).chain(['…']).collect::<String>();
    match fits(note) {
        true => note.to_owned(),
        false => (1..note.chars().count()).rev().map(cut).find(|text| fits(text)).unwrap_or_default(),
    }
}

/// A text that is read from below.
pub(super) fn upwards(at: At, text: &str) -> Shape {
    Shape::Text(Text { at, text: text.to_owned(), size: LABEL, side: HPos::Center, colour: INK, upwards: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_low_ends_are_the_lower_left_corner_and_the_high_ends_the_upper_right_one() {
        let scale = || Scale::around([0.0, 60.0].into_iter());
        let panel = Panel { left: 10.0, right: 110.0, top: 20.0, bottom: 220.0, across: scale(), up: scale() };
        assert_eq!([panel.at(0.0, 0.0), panel.at(60.0, 60.0)], [(10.0, 220.0), (110.0, 20.0)]);
    }

    #[test]
    fn a_name_that_is_too_long_is_cut_and_says_so() {
        assert_eq!(fitted("3 blocks: 3VA", 150.0), "3 blocks: 3VA");
        let cut = fitted("3 blocks: a-head-of-a-very-long-name", 150.0);
        assert!(cut.starts_with("3 blocks: a-") && cut.ends_with('…') && text_width(&cut, NOTE) <= 150.0, "{cut}");
    }
}
