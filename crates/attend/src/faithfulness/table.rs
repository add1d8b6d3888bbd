//! The results as a table for a terminal.

use super::{SHARES, Scores, verdict};

/// One table for each model.
pub(crate) fn table(scores: &[Scores]) -> String {
    scores.iter().map(of_model).collect()
}

fn of_model(scores: &Scores) -> String {
    let wide = scores.methods.iter().map(|score| score.order.name().chars().count()).max().unwrap_or(0);
    let shares: String = SHARES.iter().map(|share| format!("{:>6.0} %", 100.0 * share)).collect();
    let mut text = format!(
        "{}: fall of the predicted class's probability in points, when the tokens with the largest weights are removed; {} test reviews; one 95 % interval each\n\
         {:wide$}{shares}    area\n",
        scores.run, scores.reviews, "removed"
    );
    for score in &scores.methods {
        let curve: String = score.curve.iter().map(|fall| format!("{:>8.1}", 100.0 * fall)).collect();
        let [low, high] = score.interval.map(|end| 100.0 * end);
        let against_random = score.over_random.map_or(String::new(), |(more, range)| {
            format!("  {}: {:+.1} ({:.1} to {:.1})", verdict(range), 100.0 * more, 100.0 * range[0], 100.0 * range[1])
        });
        let name = score.order.name();
        text += &format!("{name:wide$}{curve}    {:.1} ({low:.1} to {high:.1}){against_random}\n", 100.0 * score.area);
    }
    text + "\n"
}
