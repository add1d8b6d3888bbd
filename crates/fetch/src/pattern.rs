//! Patterns of paths, such as `data/train-*`: `*` and `?` stand for characters of one name, `**` for any folders.

/// Whether `pattern` describes the whole of `path`. It takes as many steps as the product of their lengths.
pub(crate) fn matches(pattern: &str, path: &str) -> bool {
    let path = path.as_bytes();
    let mut rest = pattern.as_bytes();
    // Whether what was read of the pattern describes the first bytes of the path, for each number of bytes.
    let mut ends = vec![false; path.len() + 1];
    ends[0] = true;
    while let Some((&byte, behind)) = rest.split_first() {
        if let Some(behind) = rest.strip_prefix(b"**") {
            rest = behind.strip_prefix(b"/").unwrap_or(behind);
            let is_folder = rest.len() < behind.len();
            spread(&mut ends, |at, reached| reached && (!is_folder || path[at - 1] == b'/'), |_| true);
        } else {
            rest = behind;
            match byte {
                b'*' => spread(&mut ends, |_, reached| reached, |at| path[at - 1] != b'/'),
                _ => {
                    let is_next = |at: usize| path[at] == byte || (byte == b'?' && path[at] != b'/');
                    (0..path.len()).rev().for_each(|at| ends[at + 1] = ends[at] && is_next(at));
                    ends[0] = false;
                }
            }
        }
    }
    ends[path.len()]
}

/// From each end to later ones: `goes_on` at those that a star may cross, `is_end` where it may stop.
fn spread(ends: &mut [bool], is_end: impl Fn(usize, bool) -> bool, goes_on: impl Fn(usize) -> bool) {
    let mut reached = false;
    for (at, end) in ends.iter_mut().enumerate() {
        reached &= at > 0 && goes_on(at);
        let was = *end;
        *end |= at > 0 && is_end(at, reached);
        reached |= was;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stay_in_a_name_and_two_of_them_cross_folders() {
        for (pattern, path, is_match) in [
            ("data/train-*", "data/train-00000-of-00001.parquet", true),
            ("data/train-*", "data/train-a/b", false),
            ("*.csv", "a.csv", true),
            ("*.csv", "b/a.csv", false),
            ("**/a.csv", "a.csv", true),
            ("**/a.csv", "b/c/a.csv", true),
            ("**/a.csv", "b/ca.csv", false),
            ("x/**", "x/y/z", true),
            ("x/**", "y/x/z", false),
            ("a?c", "abc", true),
            ("a?c", "a/c", false),
            ("*a*a*b", "aaaaaaaab", true),
            ("", "", true),
            ("", "a", false),
            ("a", "", false),
            ("a*", "a", true),
        ] {
            assert_eq!(matches(pattern, path), is_match, "{pattern} {path}");
        }
        assert!(!matches(&"*a".repeat(1000), &"a".repeat(999)));
    }
}
