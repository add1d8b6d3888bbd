//! What all figures draw alike: sizes of text, inks, lines and intervals.

use drawing::HPos;

use drawing::{At, Colour, Shape, Text, text_width};

/// Pixels to the em.
pub(crate) const TITLE: f64 = 20.0;
pub(crate) const LABEL: f64 = 16.0;
pub(crate) const NOTE: f64 = 13.5;

pub(crate) const INK: Colour = (40, 40, 40);
pub(crate) const GREY: Colour = (105, 105, 105);
pub(crate) const GRID: Colour = (222, 222, 222);
pub(crate) const WHITE: Colour = (255, 255, 255);

/// Radius of the published marks.
pub(crate) const PUBLISHED: f64 = 7.0;

/// What the legends call the two marks that every figure has.
pub(crate) const INTERVAL: &str = "95 % interval";
pub(crate) const PUBLISHED_LABEL: &str = "published";

/// Half of the stroke that ends an interval: of an upright one, of a lying one.
pub(crate) const UPRIGHT: At = (5.0, 0.0);
pub(crate) const LYING: At = (0.0, 5.0);

/// An interval with feet.
pub(crate) fn whisker(low: At, high: At, foot: At, colour: Colour) -> Vec<Shape> {
    let foot = |at: At| line((at.0 - foot.0, at.1 - foot.1), (at.0 + foot.0, at.1 + foot.1), 1.5, colour);
    vec![line(low, high, 1.5, colour), foot(low), foot(high)]
}

pub(crate) fn line(from: At, to: At, width: f64, colour: Colour) -> Shape {
    Shape::Path { points: vec![from, to], width, colour }
}

/// Lengths of a dash and of the gap behind it.
const DASH: (f64, f64) = (7.0, 5.0);

/// A dashed line through `points`; dashes go around corners.
pub(crate) fn dashed(points: &[At], width: f64, colour: Colour) -> Vec<Shape> {
    let (mut dashes, mut dash, mut left) =
        (Vec::new(), points.first().copied().into_iter().collect::<Vec<At>>(), DASH.0);
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        while (to.0 - from.0).hypot(to.1 - from.1) > left {
            let share = left / (to.0 - from.0).hypot(to.1 - from.1);
            from = (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1));
            if dash.is_empty() {
                (dash, left) = (vec![from], DASH.0);
            } else {
                dash.push(from);
                dashes.push(std::mem::take(&mut dash));
                left = DASH.1;
            }
        }
        left -= (to.0 - from.0).hypot(to.1 - from.1);
        if !dash.is_empty() {
            dash.push(to);
        }
    }
    dashes.push(dash);
    dashes.into_iter().filter(|dash| dash.len() > 1).map(|points| Shape::Path { points, width, colour }).collect()
}

/// A piece of a band around its middle, for a legend.
pub(crate) fn swatch((x, y): At, colour: Colour) -> Vec<Shape> {
    let (left, right, top, bottom) = (x - 18.0, x + 18.0, y - 8.0, y + 8.0);
    vec![Shape::Band { points: vec![(left, top), (right, top), (right, bottom), (left, bottom)], colour }]
}

/// A stroke around its middle, for a legend.
pub(crate) fn stroke((x, y): At) -> [At; 2] {
    [(x - 18.0, y), (x + 18.0, y)]
}

pub(crate) fn text(at: At, text: impl Into<String>, size: f64, side: HPos, colour: Colour) -> Shape {
    Shape::Text(Text { at, text: text.into(), size, side, colour, upwards: false })
}

/// Room for the widest of some labels; readers of an SVG may have a wider font than ours.
pub(crate) fn room<'a>(labels: impl Iterator<Item = &'a str>) -> f64 {
    1.06 * labels.map(|label| text_width(label, LABEL)).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(shape: &Shape) -> Vec<At> {
        if let Shape::Path { points, .. } = shape { points.clone() } else { Vec::new() }
    }

    #[test]
    fn dashes_keep_their_lengths_around_a_corner_and_end_with_the_line() {
        let dashes: Vec<Vec<At>> = dashed(&[(0.0, 0.0), (10.0, 0.0), (10.0, 7.0)], 1.0, INK).iter().map(ends).collect();
        assert_eq!(dashes, [vec![(0.0, 0.0), (7.0, 0.0)], vec![(10.0, 2.0), (10.0, 7.0)]]);
        let around: Vec<Vec<At>> = dashed(&[(0.0, 0.0), (4.0, 0.0), (4.0, 9.0)], 1.0, INK).iter().map(ends).collect();
        assert_eq!(around, [vec![(0.0, 0.0), (4.0, 0.0), (4.0, 3.0)], vec![(4.0, 8.0), (4.0, 9.0)]]);
        assert!(dashed(&[], 1.0, INK).is_empty());
    }

    #[test]
    fn the_feet_of_an_interval_stand_across_it() {
        let lying = whisker((10.0, 50.0), (30.0, 50.0), LYING, INK);
        assert_eq!(ends(&lying[0]), [(10.0, 50.0), (30.0, 50.0)]);
        assert_eq!(ends(&lying[2]), [(30.0, 45.0), (30.0, 55.0)]);
        let upright = whisker((10.0, 50.0), (10.0, 20.0), UPRIGHT, INK);
        assert_eq!(ends(&upright[1]), [(5.0, 50.0), (15.0, 50.0)]);
    }
}
