//! Where texts and what is drawn meet: what labels avoid, and what tests ask of every figure.

use drawing::HPos;

use super::pen::{GRID, WHITE};
#[cfg(test)]
use drawing::Picture;
use drawing::{At, Shape, Text, text_width};

/// Left, top, right and bottom.
pub(super) type Extent = [f64; 4];

/// One sentence for each text that cannot be read.
#[cfg(test)]
pub(crate) fn faults(picture: &Picture) -> Vec<String> {
    let texts: Vec<(Extent, &str)> = picture.texts().map(|text| (of_text(text), text.text.as_str())).collect();
    let whole = [0.0, 0.0, picture.width, picture.height];
    let mut faults = Vec::new();
    for (i, (extent, text)) in texts.iter().enumerate() {
        let mut fault = |is: bool, what: String| faults.extend(is.then(|| format!("`{text}` {what}")));
        fault(!within(*extent, whole), format!("leaves the picture: {extent:?}"));
        fault(picture.shapes.iter().any(|shape| covers(shape, *extent)), format!("is drawn over: {extent:?}"));
        for (_, other) in texts[..i].iter().filter(|(other, _)| meet(*extent, *other)) {
            fault(true, format!("meets `{other}`"));
        }
    }
    faults
}

pub(super) fn of_text(text: &Text) -> Extent {
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

/// Whether nothing of `shapes` would meet this text.
pub(super) fn is_free(text: &Text, shapes: &[Shape]) -> bool {
    let extent = of_text(text);
    let meets = |shape: &Shape| match shape {
        Shape::Text(other) => meet(extent, of_text(other)),
        drawn => covers(drawn, extent),
    };
    !shapes.iter().any(meets)
}

/// Whether a straight line goes through a shape that is a text.
pub(super) fn meets_text((from, to): (At, At), shape: &Shape) -> bool {
    if let Shape::Text(text) = shape { crosses(from, to, of_text(text)) } else { false }
}

/// Whether a line or an area meets a text; grid, white and bands can be written on.
fn covers(shape: &Shape, text: Extent) -> bool {
    match shape {
        Shape::Path { colour, .. } | Shape::Area { colour, .. } if [GRID, WHITE].contains(colour) => false,
        Shape::Path { points, .. } => points.windows(2).any(|pair| crosses(pair[0], pair[1], text)),
        Shape::Area { points, .. } => meet(text, around(points)),
        Shape::Band { .. } | Shape::Text(_) => false,
    }
}

/// Whether a straight line has a part within an extent: what each side leaves of it must not be nothing (Liang and
/// Barsky 1984, ACM Transactions on Graphics 3:1).
fn crosses(from: At, to: At, [left, top, right, bottom]: Extent) -> bool {
    let (across, down) = (to.0 - from.0, to.1 - from.1);
    let sides = [(-across, from.0 - left), (across, right - from.0), (-down, from.1 - top), (down, bottom - from.1)];
    let (mut enters, mut leaves) = (0.0_f64, 1.0_f64);
    for (speed, room) in sides {
        match room / speed {
            _ if speed == 0.0 && room <= 0.0 => return false,
            _ if speed == 0.0 => {}
            share if speed < 0.0 => enters = enters.max(share),
            share => leaves = leaves.min(share),
        }
    }
    enters < leaves
}

fn around(points: &[At]) -> Extent {
    let empty = [f64::MAX, f64::MAX, f64::MIN, f64::MIN];
    points.iter().fold(empty, |[left, top, right, bottom], at| {
        [left.min(at.0), top.min(at.1), right.max(at.0), bottom.max(at.1)]
    })
}

pub(super) fn within(inner: Extent, outer: Extent) -> bool {
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

#[test]
fn a_sloping_line_crosses_only_what_lies_on_its_way() {
    let (from, to) = ((0.0, 0.0), (100.0, 100.0));
    assert!(
        crosses(from, to, [40.0, 45.0, 60.0, 55.0]) && crosses((50.0, 0.0), (50.0, 90.0), [40.0, 45.0, 60.0, 55.0])
    );
    assert!(!crosses(from, to, [60.0, 10.0, 90.0, 20.0]) && !crosses(from, to, [110.0, 90.0, 120.0, 130.0]));
}
