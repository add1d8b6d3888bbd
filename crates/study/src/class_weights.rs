//! How much the examples of each class weigh in the loss.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Error, nearest};

/// The least and the largest weight; one beyond them is a typing error.
const LEAST: f64 = 1e-6;
const MOST: f64 = 1e6;

const BALANCED: &str = "balanced";

/// Weights of the classes, as written in a study file.
#[derive(Debug, Clone, PartialEq)]
pub enum ClassWeights {
    /// `"balanced"`: every class weighs as much as any other. An example of class c weighs n / (C · n_c), where n train
    /// examples have C classes and n_c of them have class c, as scikit-learn's `compute_class_weight("balanced", …)`.
    Balanced,
    /// `[0.5, 2.0]`: one weight for each class, in the order of the labels.
    Listed(Vec<f64>),
    /// `{ refund = 2.0 }`: weights of classes by name; every other class weighs 1.
    Named(BTreeMap<String, f64>),
}

impl ClassWeights {
    /// `[C]` weights of the classes called `names`, of which train has `counts` examples. With `"balanced"`, a class
    /// without examples counts nowhere and has weight 1.
    ///
    /// # Errors
    /// A list has another length than `names`, or a table names a class that does not exist.
    pub fn by_class(&self, names: &[String], counts: &[usize]) -> Result<Vec<f64>, Error> {
        match self {
            ClassWeights::Balanced => Ok(balanced(counts)),
            ClassWeights::Listed(weights) if weights.len() == names.len() => Ok(weights.clone()),
            ClassWeights::Listed(weights) => Err(Error::value(format!(
                "`class_weights` is a list of length {}, but the data has {} classes ({})",
                weights.len(),
                names.len(),
                some(names)
            ))),
            ClassWeights::Named(weights) => {
                weights.keys().try_for_each(|name| known(name, names))?;
                Ok(names.iter().map(|name| weights.get(name).copied().unwrap_or(1.0)).collect())
            }
        }
    }

    /// Whether every weight is from 0.000001 to 1,000,000.
    pub(crate) fn are_possible(&self) -> bool {
        let is_possible = |weight: &f64| (LEAST..=MOST).contains(weight);
        match self {
            ClassWeights::Balanced => true,
            ClassWeights::Listed(weights) => weights.iter().all(is_possible),
            ClassWeights::Named(weights) => weights.values().all(is_possible),
        }
    }
}

fn balanced(counts: &[usize]) -> Vec<f64> {
    let examples: usize = counts.iter().sum();
    let classes = counts.iter().filter(|count| **count > 0).count();
    let weight = |count: usize| if count == 0 { 1.0 } else { examples as f64 / (classes * count) as f64 };
    counts.iter().map(|&count| weight(count)).collect()
}

fn known(name: &str, names: &[String]) -> Result<(), Error> {
    if names.iter().any(|known| known == name) {
        return Ok(());
    }
    let meant = nearest(name, names.iter().map(String::as_str));
    let meant = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
    Err(Error::value(format!("`class_weights`: no class is called `{name}`; there are {}{meant}", some(names))))
}

/// The first names.
fn some(names: &[String]) -> String {
    const FEW: usize = 10;
    let more = if names.len() > FEW { format!(" and {} more", names.len() - FEW) } else { String::new() };
    let names: Vec<String> = names.iter().take(FEW).map(|name| format!("`{name}`")).collect();
    names.join(", ") + &more
}

impl Serialize for ClassWeights {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            ClassWeights::Balanced => to.serialize_str(BALANCED),
            ClassWeights::Listed(weights) => weights.serialize(to),
            ClassWeights::Named(weights) => weights.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for ClassWeights {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Written)
    }
}

/// Reads a name, a list or a table.
struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = ClassWeights;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`\"balanced\"`, a list such as `[0.5, 2.0]`, or a table such as `{ refund = 2.0 }`")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<ClassWeights, E> {
        match name {
            BALANCED => Ok(ClassWeights::Balanced),
            _ => Err(E::custom(format!("unknown class weights `{name}`, expected `{BALANCED}`, a list or a table"))),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, weights: A) -> Result<ClassWeights, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(weights)).map(ClassWeights::Listed)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<ClassWeights, A::Error> {
        let mut weights = BTreeMap::new();
        while let Some((name, weight)) = entries.next_entry::<String, f64>()? {
            if weights.insert(name.clone(), weight).is_some() {
                return Err(A::Error::custom(format!("`class_weights` names `{name}` twice")));
            }
        }
        Ok(ClassWeights::Named(weights))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn read(json: &str) -> ClassWeights {
        serde_json::from_str(json).unwrap()
    }

    /// scikit-learn: `compute_class_weight("balanced", classes=[0, 1, 2], y=[0, 1, 1, 1, 2, 2])` is [2, 2/3, 1].
    #[test]
    fn balanced_is_that_of_scikit_learn_and_skips_a_class_without_examples() {
        let balanced = |counts: &[usize]| ClassWeights::Balanced.by_class(&names(&["a", "b", "c"]), counts).unwrap();
        assert_eq!(balanced(&[1, 3, 2]), [2.0, 2.0 / 3.0, 1.0]);
        assert_eq!(balanced(&[0, 3, 1]), [1.0, 4.0 / 6.0, 2.0]);
    }

    #[test]
    fn every_form_is_written_as_it_is_read() {
        for json in [r#""balanced""#, "[0.5,2.0]", r#"{"refund":2.0}"#] {
            assert_eq!(serde_json::to_string(&read(json)).unwrap(), json);
        }
    }

    #[test]
    fn a_list_is_by_index_and_a_table_by_name() {
        let classes = names(&["praise", "refund"]);
        assert_eq!(read("[0.5, 2]").by_class(&classes, &[1, 1]).unwrap(), [0.5, 2.0]);
        assert_eq!(read(r#"{"refund": 3}"#).by_class(&classes, &[1, 1]).unwrap(), [1.0, 3.0]);
        let refused = |json| read(json).by_class(&classes, &[1, 1]).unwrap_err().to_string();
        assert_eq!(
            refused("[1.0]"),
            "`class_weights` is a list of length 1, but the data has 2 classes (`praise`, `refund`)"
        );
        let misspelled = refused(r#"{"refnd": 3}"#);
        assert!(misspelled.contains("no class is called `refnd`") && misspelled.ends_with("did you mean `refund`?"));
    }

    #[test]
    fn a_weight_is_above_0_and_no_typing_error() {
        assert!(read("[0.5, 2]").are_possible() && read(r#""balanced""#).are_possible());
        assert!(["[0.5, 0]", "[-1]", "[1e7]", r#"{"a": 0.0}"#].iter().all(|json| !read(json).are_possible()));
    }
}
