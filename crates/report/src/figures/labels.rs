//! Labels beside points, wherever they cover nothing.

use drawing::HPos;

use super::layout::{self, Extent};
use super::pen::{GREY, NOTE, line};
use drawing::{At, Colour, Shape, Text};

/// How far a label that stands close to its point is from it, and how far those on leaders are.
const CLOSE: f64 = 9.0;
const FAR: [f64; 9] = [26.0, 40.0, 54.0, 68.0, 82.0, 96.0, 110.0, 124.0, 138.0];

/// Where a label stands: right and below of its point in shares of the distance, and which side of it is there.
const AROUND: [(f64, f64, HPos); 6] = [
    (-0.9, -1.0, HPos::Right),
    (0.0, -1.7, HPos::Center),
    (0.9, 1.0, HPos::Left),
    (0.9, -1.0, HPos::Left),
    (-0.9, 1.0, HPos::Right),
    (0.0, 1.7, HPos::Center),
];

/// A label for a point.
pub(super) struct Label<'a> {
    pub(super) at: At,
    pub(super) text: &'a str,
    pub(super) colour: Colour,
    /// Whether it may stand farther away, at the end of a line.
    pub(super) has_leader: bool,
}

/// Add those labels for which there is a free place within `bounds`, the first first; how many found none.
pub(super) fn place(labels: &[Label], bounds: Extent, shapes: &mut Vec<Shape>) -> usize {
    let mut n_left_out = 0;
    for label in labels {
        match label.place(bounds, shapes) {
            Some(placed) => shapes.extend(placed),
            None => n_left_out += 1,
        }
    }
    n_left_out
}

impl Label<'_> {
    fn place(&self, bounds: Extent, shapes: &[Shape]) -> Option<Vec<Shape>> {
        let far: &[f64] = if self.has_leader { &FAR } else { &[] };
        let distances = [CLOSE].into_iter().chain(far.iter().copied());
        let mut places = distances.flat_map(|distance| AROUND.map(|around| (distance, around)));
        places.find_map(|(distance, around)| self.at(distance, around, bounds, shapes))
    }

    /// The label at one place, if that is free.
    fn at(&self, distance: f64, around: (f64, f64, HPos), bounds: Extent, shapes: &[Shape]) -> Option<Vec<Shape>> {
        let (right, down, side) = around;
        let at = (self.at.0 + right * distance, self.at.1 + down * distance);
        let text = Text { at, text: self.text.to_owned(), size: NOTE, side, colour: self.colour, upwards: false };
        let free = layout::within(layout::of_text(&text), bounds) && layout::is_free(&text, shapes);
        let mut placed = Vec::new();
        if distance > CLOSE {
            let leader = self.leader(at, down);
            let clear = !shapes.iter().any(|shape| layout::meets_text(leader, shape));
            placed.extend(clear.then(|| line(leader.0, leader.1, 1.0, GREY)));
        }
        placed.push(Shape::Text(text));
        (free && (distance == CLOSE || placed.len() == 2)).then_some(placed)
    }

    /// From the edge of the mark to the edge of the label.
    fn leader(&self, to: At, down: f64) -> (At, At) {
        let to = (to.0, to.1 - down.signum() * (NOTE / 2.0 + 1.0));
        let length = (to.0 - self.at.0).hypot(to.1 - self.at.1).max(1.0);
        let share = CLOSE.min(length) / length;
        ((self.at.0 + share * (to.0 - self.at.0), self.at.1 + share * (to.1 - self.at.1)), to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::layout::faults;
    use crate::figures::marks;
    use drawing::Picture;

    #[test]
    fn labels_of_a_crowd_meet_nothing_and_those_without_a_place_are_counted() {
        let points: Vec<At> = (0..9).map(|i| (150.0 + 14.0 * f64::from(i), 200.0 - 2.0 * f64::from(i))).collect();
        let mut shapes: Vec<Shape> = points.iter().flat_map(|&at| marks::solid(at, 5.0, 0)).collect();
        let label = |&at| Label { at, text: "a-configuration", colour: GREY, has_leader: true };
        let labels: Vec<Label> = points.iter().map(label).collect();
        let n_left_out = place(&labels, [0.0, 0.0, 400.0, 300.0], &mut shapes);
        let picture = Picture { width: 400.0, height: 300.0, shapes };
        assert_eq!((faults(&picture).len(), picture.texts().count() + n_left_out), (0, 9), "{:?}", faults(&picture));
        assert!(n_left_out <= 2, "{n_left_out} without a place");
        let mut nothing = Vec::new();
        assert_eq!(place(&labels, [0.0, 0.0, 20.0, 20.0], &mut nothing), 9);
        assert!(nothing.is_empty());
    }
}
