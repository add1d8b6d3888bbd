//! What all figures draw alike: sizes of text, inks, lines and intervals.

use plotters::style::text_anchor::HPos;

use super::picture::{At, Colour, Shape, Text, text_width};

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
    fn the_feet_of_an_interval_stand_across_it() {
        let lying = whisker((10.0, 50.0), (30.0, 50.0), LYING, INK);
        assert_eq!(ends(&lying[0]), [(10.0, 50.0), (30.0, 50.0)]);
        assert_eq!(ends(&lying[2]), [(30.0, 45.0), (30.0, 55.0)]);
        let upright = whisker((10.0, 50.0), (10.0, 20.0), UPRIGHT, INK);
        assert_eq!(ends(&upright[1]), [(5.0, 50.0), (15.0, 50.0)]);
    }
}
