//! Colours that colour-blind readers can tell apart, and a form for each, so that grey print will do.

use super::picture::{At, Colour, Shape};

/// Okabe and Ito's palette (2008, "Color Universal Design") without its yellow, which is pale on white.
const PALETTE: [Colour; 7] =
    [(0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (86, 180, 233), (230, 159, 0), (0, 0, 0)];

/// Corners of each form on the unit circle: their number, and the angle of the first in turns.
const FORMS: [(usize, f64); 5] = [(40, 0.0), (4, 0.125), (3, 0.75), (4, 0.0), (3, 0.25)];

const WHITE: Colour = (255, 255, 255);

pub(crate) fn colour(series: usize) -> Colour {
    PALETTE[series % PALETTE.len()]
}

/// A filled mark with a thin white edge, so that marks that overlap stay apart.
pub(crate) fn solid(at: At, radius: f64, series: usize) -> Vec<Shape> {
    let area = |radius, colour| Shape::Area { points: corners(at, radius, series), colour };
    vec![area(radius + 1.5, WHITE), area(radius, colour(series))]
}

/// Only the outline of a mark.
pub(crate) fn hollow(at: At, radius: f64, series: usize, colour: Colour) -> Vec<Shape> {
    let mut points = corners(at, radius, series);
    points.extend(points.first().copied());
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
    fn a_colour_comes_back_only_with_another_form() {
        let look = |series: usize| (colour(series), FORMS[series % FORMS.len()]);
        let looks: Vec<_> = (0..35).map(look).collect();
        for (i, a) in looks.iter().enumerate().take(12) {
            assert!(looks[..i].iter().all(|b| a != b), "series {i} looks like an earlier one");
        }
    }
}
