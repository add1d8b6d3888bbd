//! More than accuracy.

use crate::fixture::Made;
use crate::{rated, refusal, report};

/// Three configurations: two seeds with predictions of both splits, one without any, and one with them of test alone.
fn measured() -> String {
    let whole = |seed: u64, right: usize, in_validation: usize| {
        let made = Made::new("2VA", seed).validation(&[20, in_validation, 25]).test(&[20, right, 25]);
        let validation = made.clone().test(&[20, in_validation, 25]).predictions();
        made.metrics()
            + &rated(&made.predictions())
            + &validation.replace("\"split\":\"test\"", "\"split\":\"validation\"")
    };
    let alone = Made::new("1VA", 1);
    whole(1, 36, 30) + &whole(2, 32, 28) + &Made::new("0BE", 1).metrics() + &alone.metrics() + &alone.predictions()
}

#[test]
fn quality_has_two_tables_and_names_what_is_left_out() {
    let (code, stdout, stderr) = report(&["quality", "-"], &measured());
    assert_eq!(code, Some(0), "{stderr}");
    insta::assert_snapshot!("quality", stdout);
    assert!(stderr.contains("left out: `0BE`") && stderr.matches('\n').count() == 1, "{stderr}");
    let (_, plain, _) = report(&["quality", "-"], &{
        let made = Made::new("1VA", 1);
        made.metrics() + &made.predictions()
    });
    assert!(!plain.contains("log loss, T") && !plain.contains("| part") && !plain.contains("parts:"), "{plain}");
}

#[test]
fn quality_as_json_and_csv_has_the_same_numbers() {
    let (_, json, _) = report(&["quality", "-", "--format", "json"], &measured());
    let rows: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    assert_eq!((rows.len(), json.lines().count()), (2, 4));
    let two = &rows[1];
    assert_eq!((&two["configuration"], &two["n_seeds"]), (&"2VA".into(), &2.into()));
    assert!((two["accuracy"].as_f64().unwrap() - 0.85).abs() < 1e-12);
    let right: u64 = (0..2).map(|class| two["confusion"][class][class].as_u64().unwrap()).sum();
    assert_eq!(right, 36 + 32);
    // ±0.5 apart, right in 30 and 28 of 40 of validation: the best T of each seed has 1 / (1 + exp(−0.5 / T)) = that
    let expected = (0.5 / 3.0_f64.ln() * 0.5 / (7.0_f64 / 3.0).ln()).sqrt();
    assert!((two["temperature"].as_f64().unwrap() - expected).abs() < 1e-9, "{}", two["temperature"]);
    let (error, confidence) =
        (two["tempered"]["error"].as_f64().unwrap(), two["tempered"]["confidence"].as_f64().unwrap());
    assert!((error - ((0.9 - 0.75) + (0.8 - 0.7)) / 2.0).abs() < 1e-9, "{error}");
    assert!((confidence - (0.75 + 0.7) / 2.0).abs() < 1e-9, "{confidence}");
    assert_eq!(rows[0]["temperature"], serde_json::Value::Null);
    assert_eq!(two["risk_coverage"].as_array().unwrap().len(), 20);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("quality.csv");
    report(&["quality", "-", "--out", &path.display().to_string()], &measured());
    let csv = std::fs::read_to_string(path).unwrap();
    assert!(csv.starts_with("configuration,n_seeds,accuracy,macro_f1,f1,auc,confusion,log_loss,"), "{csv}");
    assert!(csv.lines().nth(2).unwrap().starts_with("2VA,2,0.85"), "{csv}");
}

#[test]
fn a_temperature_at_its_bound_is_marked() {
    let quality = |in_validation: usize| {
        let made = Made::new("1VA", 1).validation(&[20, in_validation, 25]).test(&[20, 36, 25]);
        let validation = made.clone().test(&[20, in_validation, 25]).predictions();
        let validation = validation.replace("\"split\":\"test\"", "\"split\":\"validation\"");
        report(&["quality", "-"], &(made.metrics() + &rated(&made.predictions()) + &validation)).1
    };
    let all_right = quality(40);
    assert!(
        all_right.contains(" 0.05 ‡ |") && all_right.contains("- ‡: the search for T ended at a bound (0.05 or 20)"),
        "{all_right}"
    );
    assert!(!quality(30).contains('‡'));
}

/// Stars of 1 to 5 as indices make a class 0 that nobody has: scikit-learn's `f1_score(y, y, average="macro")` is 1.
#[test]
fn a_class_that_occurs_nowhere_is_left_out_of_means() {
    let made = Made::new("1VA", 1).test(&[20, 40, 25]);
    let with_third = made
        .predictions()
        .replace("\"logits\":[", "\"logits\":[-1000.0,")
        .replace("\"label\":1", "\"label\":2")
        .replace("\"label\":0", "\"label\":1")
        .replace("\"predicted\":1", "\"predicted\":2")
        .replace("\"predicted\":0", "\"predicted\":1");
    let (code, json, stderr) = report(&["quality", "-", "--format", "json"], &(made.metrics() + &with_third));
    assert_eq!(code, Some(0), "{stderr}");
    let rows: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    assert_eq!((&rows[0]["macro_f1"], &rows[0]["auc"]), (&1.0.into(), &1.0.into()));
    assert_eq!(rows[0]["f1"].as_array().unwrap().len(), 3);
}

#[test]
fn quality_needs_predictions() {
    let line = refusal(&["quality", "-"], &Made::new("1VA", 1).metrics());
    assert!(line.contains("no predictions of test in the input: predict the test split with `evaluate`"), "{line}");
}
