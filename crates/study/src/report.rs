//! `[report]` of a study file: by what the verdict compares models.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::with_nearest;

/// What the report of a study is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Report {
    /// By what the verdict compares models.
    pub measure: Measure,
}

/// How good the answers to the test examples are, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// The share of right answers.
    #[default]
    Accuracy,
    /// The mean over the classes of F1, the harmonic mean of precision and recall.
    MacroF1,
    /// The mean over the classes of the share of right answers.
    BalancedAccuracy,
}

impl Measure {
    /// Every measure.
    pub const ALL: [Measure; 3] = [Measure::Accuracy, Measure::MacroF1, Measure::BalancedAccuracy];

    /// Its name in a study file and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Measure::Accuracy => "accuracy",
            Measure::MacroF1 => "macro-f1",
            Measure::BalancedAccuracy => "balanced-accuracy",
        }
    }

    /// What a sentence calls it.
    pub fn words(self) -> &'static str {
        match self {
            Measure::Accuracy => "accuracy",
            Measure::MacroF1 => "macro F1",
            Measure::BalancedAccuracy => "balanced accuracy",
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Measure {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = Measure::ALL.map(|measure| format!("`{measure}`")).join(", ");
        let found = Measure::ALL.into_iter().find(|measure| measure.name() == text);
        found.ok_or_else(|| with_nearest(format!("unknown measure `{text}`, expected one of {names}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measure_has_one_name_in_files_and_on_the_command_line() {
        for measure in Measure::ALL {
            assert_eq!(measure.name().parse(), Ok(measure));
            assert_eq!(serde_json::to_string(&measure).unwrap(), format!("\"{measure}\""));
        }
        assert!("macro-f2".parse::<Measure>().unwrap_err().ends_with("did you mean `macro-f1`?"));
    }
}
