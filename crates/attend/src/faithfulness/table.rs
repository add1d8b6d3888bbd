//! The test for a terminal.

use super::{SHARES, Scores};
use crate::page::verdict;

/// A table for each model; nothing without a test.
pub(crate) fn table(scores: &[Scores]) -> String {
    scores.iter().map(of_model).collect()
}

fn of_model(scores: &Scores) -> String {
    let wide = scores.methods.iter().map(|score| score.method.name().chars().count()).max().unwrap_or(0);
    let shares: String = SHARES.iter().map(|share| format!("{:>6.0} %", 100.0 * share)).collect();
    let mut text = format!(
        "{}: fall of the predicted class's probability, in points, when the tokens of most weight go; {} test reviews; 95 % intervals, each for itself\n\
         {:wide$}{shares}    area\n",
        scores.run, scores.reviews, "taken away"
    );
    for score in &scores.methods {
        let curve: String = score.curve.iter().map(|fall| format!("{:>8.1}", 100.0 * fall)).collect();
        let [low, high] = score.interval.map(|end| 100.0 * end);
        let said = score.over_random.map_or(String::new(), |(more, range)| {
            format!("  {}: {:+.1} ({:.1} to {:.1})", verdict(range), 100.0 * more, 100.0 * range[0], 100.0 * range[1])
        });
        let name = score.method.name();
        text += &format!("{name:wide$}{curve}    {:.1} ({low:.1} to {high:.1}){said}\n", 100.0 * score.area);
    }
    text + "\n"
}
