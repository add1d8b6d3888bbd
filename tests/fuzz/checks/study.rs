//! Any text as a study: a one-line error, or runs whose configurations survive their JSON and whose names are plain.

use study::{Configuration, Study};

pub(crate) fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let study = match Study::parse("it.toml".as_ref(), text) {
        Ok(study) => study,
        Err(error) => return assert!(!error.to_string().contains('\n'), "{error}"),
    };
    let plain = |name: &str| name.bytes().all(|c| c.is_ascii_alphanumeric() || b"._-+".contains(&c));
    assert!(plain(&study.name) && plain(&study.data.shards_name()), "{}", study.data.shards_name());
    for run in study.configurations().unwrap() {
        assert!(plain(&run.id) && plain(&run.encoder) && !run.id.starts_with(['.', '-']), "{}", run.id);
        for depth in [0, 1, 12] {
            let kept = run.blocks.indices(depth).unwrap_or_default();
            assert!(kept.windows(2).all(|pair| pair[0] < pair[1]) && kept.iter().all(|&index| index < depth));
        }
        assert_eq!(Configuration::from_json(&run.to_json().unwrap()).unwrap(), run);
    }
}
