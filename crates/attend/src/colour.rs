//! The highlight colours and thresholds of the source study, and blue for weights below 0.

use crate::scale::Scale;

/// Red, green, blue.
pub(crate) type Rgb = (u8, u8, u8);

/// Colours from 0.2, 0.4, 0.6 and 0.8 on.
const FOR: [Rgb; 4] = [(0xfd, 0xa8, 0x95), (0xfe, 0x7d, 0x61), (0xfc, 0x54, 0x30), (0xff, 0x2d, 0x00)];
const AGAINST: [Rgb; 4] = [(0xb5, 0xcd, 0xfe), (0x84, 0xad, 0xfe), (0x53, 0x8d, 0xfd), (0x2a, 0x74, 0xff)];

/// The colour level of a scaled weight: 0 is no colour, ±4 the strongest.
pub(crate) fn level(shown: f32) -> i8 {
    let steps = [0.2, 0.4, 0.6, 0.8].iter().filter(|&&step| shown.abs() >= step).count() as i8;
    if shown < 0.0 { -steps } else { steps }
}

/// The colour of a level; `None` for level 0.
pub(crate) fn of(level: i8) -> Option<Rgb> {
    let colours = if level < 0 { AGAINST } else { FOR };
    colours.get(usize::from(level.unsigned_abs()).checked_sub(1)?).copied()
}

/// The nearest colour in the 6 × 6 × 6 cube of a terminal with 256 colours.
pub(crate) fn of_256((red, green, blue): Rgb) -> u8 {
    let step = |value: u8| if value < 48 { 0 } else { (value.max(75) - 35) / 40 };
    16 + 36 * step(red) + 6 * step(green) + step(blue)
}

/// The legend: each level with its threshold, and the unit of the thresholds.
pub(crate) fn legend(scale: Scale, has_sign: bool) -> (impl Iterator<Item = (i8, String)>, &'static str) {
    let least = if has_sign || scale == Scale::ZScore { -4 } else { 1 };
    let named = |level: i8| (level, format!(" {}0.{} ", if level < 0 { "−" } else { "" }, 2 * level.abs()));
    let unit = match (scale, has_sign) {
        (Scale::ZScore, _) => "standard deviations from the mean",
        (Scale::MinMax, true) => "of the largest absolute weight",
        (Scale::MinMax, false) => "of the way from the smallest to the largest weight",
    };
    ((least..=4).filter(|&level| level != 0).map(named), unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thresholds_are_those_of_the_source_study() {
        let levels = [0.0, 0.19, 0.2, 0.4, 0.6, 0.8, 1.0, 3.0, -0.1, -0.2, -1.0].map(level);
        assert_eq!(levels, [0, 0, 1, 2, 3, 4, 4, 4, 0, -1, -4]);
        assert_eq!((of(0), of(4), of(-4)), (None, Some((255, 45, 0)), Some((0x2a, 0x74, 255))));
    }

    #[test]
    fn a_terminal_with_256_colours_gets_the_nearest_one() {
        assert_eq!(of_256((255, 0, 0)), 196);
        assert_eq!(of_256((95, 135, 255)), 16 + 36 + 12 + 5);
    }
}
