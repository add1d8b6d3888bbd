//! Colours that colour-blind readers can tell apart, and a form for each, so that grey print will do.

use super::pen::WHITE;
use drawing::{At, Colour, Shape};

/// Okabe and Ito's palette (2008, "Color Universal Design") without its yellow, which is pale on white.
const PALETTE: [Colour; 7] =
    [(0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (86, 180, 233), (230, 159, 0), (0, 0, 0)];

/// Corners of each form on the unit circle: their number, and the angle of the first in turns.
const FORMS: [(usize, f64); 5] = [(40, 0.0), (4, 0.125), (3, 0.75), (4, 0.0), (3, 0.25)];

pub(crate) fn colour(series: usize) -> Colour {
    PALETTE[series % PALETTE.len()]
}

/// The colour of a series in areas large enough to be pale, on which ink stands out.
pub(crate) fn pale(series: usize) -> Colour {
    let (red, green, blue) = colour(series);
    let half = |part: u8| part / 2 + 128;
    (half(red), half(green), half(blue))
}

/// A filled mark with a thin white edge, so that marks that overlap stay apart.
pub(crate) fn solid(at: At, radius: f64, series: usize) -> Vec<Shape> {
    let area = |radius, colour| Shape::Area { points: corners(at, radius, series), colour };
    vec![area(radius + 1.5, WHITE), area(radius, colour(series))]
}

/// Only the outline of a mark; it begins and ends within a side, so that all corners are alike.
pub(crate) fn hollow(at: At, radius: f64, series: usize, colour: Colour) -> Vec<Shape> {
    let corners = corners(at, radius, series);
    let (first, last) = (corners[0], corners[corners.len() - 1]);
    let within = ((first.0 + last.0) / 2.0, (first.1 + last.1) / 2.0);
    let points = [within].into_iter().chain(corners).chain([within]).collect();
    vec![Shape::Path { points, width: 2.0, colour }]
}

/// Corners of a form; those with few corners are drawn larger, so that all forms weigh about the same.
fn corners(at: At, radius: f64, series: usize) -> Vec<At> {
    let (n_corners, first) = FORMS[series % FORMS.len()];
    let radius = radius
        * if n_corners == 3 {
            1.4
        } else if n_corners == 4 {
            1.2
        } else {
            1.0
        };
    let corner = |i: usize| {
        let angle = std::f64::consts::TAU * (first + i as f64 / n_corners as f64);
        (at.0 + radius * angle.cos(), at.1 + radius * angle.sin())
    };
    (0..n_corners).map(corner).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_is_closed_and_turns_at_every_corner_of_the_form() {
        for (series, (n_corners, _)) in FORMS.into_iter().enumerate() {
            let shapes = hollow((50.0, 50.0), 7.0, series, WHITE);
            let [Shape::Path { points, .. }] = &shapes[..] else { panic!("form {series}") };
            assert_eq!((points[0], points.len()), (points[n_corners + 1], n_corners + 2));
            assert_eq!(points[1..=n_corners], corners((50.0, 50.0), 7.0, series)[..]);
        }
    }

    #[test]
    fn a_colour_comes_back_only_with_another_form() {
        let look = |series: usize| (colour(series), FORMS[series % FORMS.len()]);
        let looks: Vec<_> = (0..35).map(look).collect();
        for (i, a) in looks.iter().enumerate().take(12) {
            assert!(looks[..i].iter().all(|b| a != b), "series {i} looks like an earlier one");
        }
    }
}
