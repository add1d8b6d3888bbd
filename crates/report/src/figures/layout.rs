//! What tests ask of every figure: texts lie within it, apart from each other and from what is drawn.

use plotters::style::text_anchor::HPos;

use super::pen::{GRID, WHITE};
use super::picture::{At, Picture, Shape, Text, text_width};

/// Left, top, right and bottom.
type Extent = [f64; 4];

/// One sentence for each text that cannot be read.
pub(crate) fn faults(picture: &Picture) -> Vec<String> {
    let texts: Vec<(Extent, &str)> = picture.texts().map(|text| (of_text(text), text.text.as_str())).collect();
    let drawn: Vec<Extent> = picture.shapes.iter().filter_map(of_drawn).collect();
    let whole = [0.0, 0.0, picture.width, picture.height];
    let mut faults = Vec::new();
    for (i, (extent, text)) in texts.iter().enumerate() {
        let mut fault = |is: bool, what: String| faults.extend(is.then(|| format!("`{text}` {what}")));
        fault(!within(*extent, whole), format!("leaves the picture: {extent:?}"));
        fault(drawn.iter().any(|drawn| meet(*extent, *drawn)), format!("is drawn over: {extent:?}"));
        for (_, other) in texts[..i].iter().filter(|(other, _)| meet(*extent, *other)) {
            fault(true, format!("meets `{other}`"));
        }
    }
    faults
}

fn of_text(text: &Text) -> Extent {
    let (long, half) = (text_width(&text.text, text.size), text.size / 2.0);
    let before = match text.side {
        HPos::Left => 0.0,
        HPos::Center => long / 2.0,
        HPos::Right => long,
    };
    let (x, y) = text.at;
    match text.upwards {
        true => [x - half, y + before - long, x + half, y + before],
        false => [x - before, y - half, x - before + long, y + half],
    }
}

/// Of lines and areas; grid and white can be written on.
fn of_drawn(shape: &Shape) -> Option<Extent> {
    match shape {
        Shape::Path { colour, .. } | Shape::Area { colour, .. } if [GRID, WHITE].contains(colour) => None,
        Shape::Path { points, .. } | Shape::Area { points, .. } => Some(around(points)),
        Shape::Text(_) => None,
    }
}

fn around(points: &[At]) -> Extent {
    let empty = [f64::MAX, f64::MAX, f64::MIN, f64::MIN];
    points.iter().fold(empty, |[left, top, right, bottom], at| {
        [left.min(at.0), top.min(at.1), right.max(at.0), bottom.max(at.1)]
    })
}

fn within(inner: Extent, outer: Extent) -> bool {
    inner[0] >= outer[0] && inner[1] >= outer[1] && inner[2] <= outer[2] && inner[3] <= outer[3]
}

fn meet(one: Extent, other: Extent) -> bool {
    one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3]
}

#[test]
fn each_fault_is_found() {
    let text = |at: At, text: &str| super::pen::text(at, text, 10.0, HPos::Left, (0, 0, 0));
    let line = super::pen::line((0.0, 60.0), (90.0, 60.0), 1.0, (0, 0, 0));
    let shapes = vec![text((10.0, 20.0), "one"), text((20.0, 24.0), "two"), text((90.0, 90.0), "cut"), line];
    let mut picture = Picture { width: 100.0, height: 100.0, shapes };
    let starts = |picture: &Picture| faults(picture).iter().map(|f| f[..12].to_owned()).collect::<Vec<_>>();
    assert_eq!(starts(&picture), ["`two` meets ", "`cut` leaves"]);
    picture.shapes.push(text((10.0, 58.0), "struck"));
    assert_eq!(starts(&picture)[2], "`struck` is ");
}
