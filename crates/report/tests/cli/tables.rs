//! The table: of folders and of streams, as Markdown, CSV and JSON.

use crate::fixture::Made;
use crate::{folders, metrics, stdout, study, with};

#[test]
fn the_table_of_run_folders() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folders(&study(), &folder.path().join("tiny/runs"));
    insta::assert_snapshot!("table_of_folders", stdout(&with(&["table"], &runs, &[]), ""));
}

#[test]
fn a_configuration_without_a_seed_is_all_of_its_seeds_in_every_table() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folders(&study(), &folder.path().join("tiny/runs"));
    let of_4va: Vec<String> = runs.into_iter().filter(|run| run.contains("/4VA-s")).collect();
    let configuration = [folder.path().join("tiny/runs/4VA").display().to_string()];
    assert!(of_4va.len() > 1);
    for verb in ["table", "quality", "verdict", "page", "--verify"] {
        let said = |runs: &[String]| stdout(&with(&[verb], runs, &[]), "");
        assert_eq!(said(&configuration), said(&of_4va), "{verb}");
    }
}

#[test]
fn rows_ascend_whatever_the_order_of_the_runs() {
    let reversed: Vec<Made> = study().into_iter().rev().collect();
    let csv = stdout(&["table", "-", "--format", "csv"], &metrics(&reversed));
    let ids: Vec<&str> = csv.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(ids, ["1VA", "2VA", "4VA", "0BE"]);
}

#[test]
fn the_table_of_concatenated_metrics() {
    insta::assert_snapshot!("table_of_metrics", stdout(&["table", "-", "--margin", "15"], &metrics(&study())));
}

#[test]
fn csv_and_json_have_the_same_rows_as_fractions() {
    let csv = stdout(&["table", "-", "--format", "csv"], &metrics(&study()));
    insta::assert_snapshot!("table_csv", csv);
    let json = stdout(&["table", "-", "--format", "json"], &metrics(&study()));
    let rows: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    assert_eq!(rows.len() + 1, csv.lines().count());
    assert_eq!(rows[2]["test_accuracy"], 0.9);
    assert_eq!(rows[2]["seeds"], serde_json::json!([1, 2]));
    assert_eq!((&rows[2]["peak_epochs"], &rows[2]["model_bytes"]), (&serde_json::json!([2, 2]), &6_002_340.into()));
    assert_eq!([&rows[0]["published_accuracy"], &rows[0]["model_bytes"]], [&serde_json::Value::Null; 2]);
}

#[test]
fn predictions_on_stdin_count_in_any_order() {
    let made = Made::new("2VA", 1).test(&[20, 31, 25]);
    let json = stdout(&["table", "-", "--format", "json"], &(made.predictions() + &made.metrics()));
    let rows: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&rows[0]["test_accuracy"], &rows[0]["interval_method"]),
        (&serde_json::json!(31.0 / 40.0), &"student".into())
    );
}

#[test]
fn the_ending_of_out_chooses_the_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report/table.csv");
    let name = path.display().to_string();
    assert_eq!(stdout(&["table", "-", "--out", &name], &metrics(&study())), "");
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("configuration,encoder,head,"));
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}
