//! Figures, the page, and everything in one folder.

use crate::{folders, metrics, refusal, report, stdout, study, whole, with};

#[test]
fn all_writes_one_folder_and_the_page_names_missing_runs() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folders(&study(), &folder.path().join("tiny/runs"));
    std::fs::remove_file(folder.path().join("tiny/runs/1VA-s2/metrics.jsonl")).unwrap();
    let out = folder.path().join("report");
    let (code, _, text) = report(&with(&["all"], &runs, &["--out", &out.display().to_string()]), "");
    assert_eq!(code, Some(0), "{text}");
    for name in ["table.md", "table.csv", "verdict.md", "verdict.json", "quality.md", "accuracy-by-blocks.svg"] {
        assert!(out.join(name).exists(), "no `{name}`");
    }
    let page = std::fs::read_to_string(out.join("index.html")).unwrap();
    assert!(page.contains("<code>1VA-s2</code>: not trained"));
    let outside = |address: &str| page.matches(address).count();
    assert_eq!((outside("src="), outside("<link"), outside("@import")), (0, 0, 0));
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn metrics_alone_make_figures_and_a_page() {
    let folder = tempfile::tempdir().unwrap();
    stdout(&["plot", "-", "--out", &folder.path().display().to_string()], &metrics(&study()));
    assert!(folder.path().join("accuracy-by-blocks.svg").exists());
    assert!(stdout(&["page", "-"], &metrics(&study())).contains("There are no predictions, so there is only accuracy"));
    assert!(refusal(&["quality", "-"], &metrics(&study())).contains("no predictions of test in the input"));
}

#[test]
fn the_page_escapes_text_from_runs() {
    let hostile = |text: String| text.replace("abacus", "<script>alert(1)</script><img src=x onerror=alert(2)>");
    let page = stdout(&["page", "-"], &hostile(whole(&study())));
    assert!(page.contains("script\u{fffd}alert(1)") && !page.contains("<script>alert") && !page.contains("<img"));
}

#[test]
fn plot_writes_every_figure_as_svg_and_png_and_names_the_study() {
    let folder = tempfile::tempdir().unwrap();
    let (runs, out) = (folders(&study(), &folder.path().join("tiny/runs")), folder.path().join("pictures"));
    let out_name = out.display().to_string();
    stdout(&with(&["plot"], &runs, &["--out", &out_name]), "");
    for (figure, texts) in [
        ("accuracy-by-blocks", ["tiny: accuracy by kept blocks", "kept transformer blocks", "cls-linear", "0BE"]),
        ("best-by-depth", ["tiny: the best configuration of each depth", "4 blocks", "4VA", "0BE"]),
    ] {
        let svg = std::fs::read_to_string(out.join(format!("{figure}.svg"))).unwrap();
        for text in texts.into_iter().chain(["test accuracy (%)", "95 % interval", "published"]) {
            assert!(svg.contains(text), "no `{text}` in `{figure}`");
        }
        let png = std::fs::read(out.join(format!("{figure}.png"))).unwrap();
        assert!(png.starts_with(b"\x89PNG") && png.len() > 10_000, "{} bytes", png.len());
    }
    for figure in ["learning-curves", "gain-per-block", "pareto", "reliability", "confidence-by-blocks"] {
        assert!(out.join(format!("{figure}.svg")).exists() && out.join(format!("{figure}.png")).exists(), "{figure}");
    }
}
