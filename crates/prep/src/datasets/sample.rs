//! The sample data set: film reviews that a grammar generates, so that counting words is not enough.
//!
//! Reviews come in minimal pairs: a disappointed and a pleased author describe one scene. Both stay in one split, so the
//! classes balance exactly, and outside the plain reviews every word balances except by chance.

use std::collections::HashSet;

use super::sample_words::{Aspect, CLOSINGS, DENIALS, PEOPLE, STAGING, WRITING};
use records::Split;
use texts::Review;

use super::Fresh;

const TRAIN_PAIRS: usize = 8_000;
const TEST_PAIRS: usize = 2_000;
const SEED: u64 = 20_240_607;

/// The disappointed and the pleased review: indexed by label.
type Pair = [String; 2];
type Construction = fn(&mut Dice) -> Pair;

/// Each construction and its share of the reviews, in hundredths. A model learns the words from the plain ones, which it
/// needs for the others; the shares of the others determine how much depth can gain.
const CONSTRUCTIONS: [(Construction, usize); 3] = [(plain, 40), (contrast, 25), (reported, 35)];

/// Reviews in a hundred that end with a remark.
const REMARKS: usize = 50;

/// All reviews, train before test. They are the same in every run, and each occurs once.
pub(crate) fn examples() -> impl Iterator<Item = Fresh> {
    let mut dice = Dice(SEED);
    let mut seen = HashSet::new();
    (0..TRAIN_PAIRS + TEST_PAIRS).flat_map(move |index| {
        let pair = fresh_pair(&mut dice, &mut seen);
        let (split, number) = place(index);
        pair.into_iter().enumerate().map(move |(label, text)| review(split, label, number, text))
    })
}

fn place(index: usize) -> (Split, usize) {
    if index < TRAIN_PAIRS { (Split::Train, index) } else { (Split::Test, index - TRAIN_PAIRS) }
}

fn review(split: Split, label: usize, number: usize, text: String) -> Fresh {
    let folder = if split == Split::Train { "train" } else { "test" };
    let class = if label == 1 { "pos" } else { "neg" };
    Review { id: format!("{folder}/{class}/{number:05}"), split, label, text }
}

fn fresh_pair(dice: &mut Dice, seen: &mut HashSet<String>) -> Pair {
    loop {
        let pair = draw_pair(dice);
        if pair.iter().all(|text| !seen.contains(text)) {
            seen.extend(pair.iter().cloned());
            return pair;
        }
    }
}

fn draw_pair(dice: &mut Dice) -> Pair {
    let remark = if dice.below(100) < REMARKS { dice.pick(&CLOSINGS) } else { "" };
    let body = draw_construction(dice)(dice);
    body.map(|text| format!("{} {remark}", capitalised(&text)).trim_end().to_owned())
}

fn draw_construction(dice: &mut Dice) -> Construction {
    let mut ticket = dice.below(100);
    for (construction, share) in CONSTRUCTIONS {
        if ticket < share {
            return construction;
        }
        ticket -= share;
    }
    plain
}

/// Two equal judgements. The words are enough to classify it, unless one of them is negated. The company says nothing of
/// the film, so the name of a person alone does not mark a reported opinion.
fn plain(dice: &mut Dice) -> Pair {
    let [one, other] = dice.two_aspects();
    let [first, second] = [predicates(dice, one), predicates(dice, other)];
    let (a, b, frame, company) = (one.name, other.name, dice.below(4), dice.pick(&PEOPLE));
    [0, 1].map(|label| {
        let (p, q) = (&first[label], &second[label]);
        match frame {
            0 => format!("the {a} was {p} and the {b} was {q}."),
            1 => format!("to me the {a} was {p}, and the {b} was {q}."),
            2 => format!("the {a} was {p}. And the {b} was {q}."),
            _ => format!("the {a} was {p} and the {b} was {q}. I saw it with {company}."),
        }
    })
}

/// The main clause decides. A word counter sees one praise and one blame. Only the conjunction shows which is the main
/// clause: the subordinate clause stands first or last, so the order alone is not enough.
fn contrast(dice: &mut Dice) -> Pair {
    let [one, other] = dice.two_aspects();
    let [first, second] = [predicates(dice, one), predicates(dice, other)];
    let (a, b, frame) = (one.name, other.name, dice.below(4));
    [0, 1].map(|label| {
        let (main, side) = (&first[label], &second[1 - label]);
        match frame {
            0 => format!("although the {b} was {side}, the {a} was {main}."),
            1 => format!("the {a} was {main}, although the {b} was {side}."),
            2 => format!("the {b} was {side}; in the end, though, the {a} was {main}."),
            _ => format!("the {a} was {main}, even if the {b} was {side}."),
        }
    })
}

/// The author's own verdict decides. Both reviews of the pair have the same words, and only their order shows who said
/// which. The other person's name has two to five words, so no fixed position in the text shows it either.
fn reported(dice: &mut Dice) -> Pair {
    let aspect = dice.aspect();
    let person = dice.pick(&PEOPLE);
    let both = predicates(dice, aspect);
    let (a, frame) = (aspect.name, dice.below(4));
    [0, 1].map(|label| {
        let (mine, theirs) = (&both[label], &both[1 - label]);
        match frame {
            0 => format!("{person} said that the {a} was {theirs}. To me it was {mine}."),
            1 => format!("although {person} said that the {a} was {theirs}, to me it was {mine}."),
            2 => format!("to me the {a} was {mine}, although {person} said that it was {theirs}."),
            _ => format!("to me the {a} was {mine}. {} said that it was {theirs}.", capitalised(person)),
        }
    })
}

/// What the author says of an aspect: first the blame, then the praise.
fn predicates(dice: &mut Dice, aspect: &Aspect) -> Pair {
    [0, 1].map(|label| predicate(dice, &aspect.words[label], &aspect.words[1 - label]))
}

/// A fifth of the predicates negate their opposite, so that single words mislead. Each predicate draws its own negation,
/// so a model has to resolve it within each clause.
fn predicate(dice: &mut Dice, words: &[&str], opposites: &[&str]) -> String {
    match dice.below(5) {
        0..=3 => dice.pick(words).to_owned(),
        _ => format!("{} {}", dice.pick(&DENIALS), dice.pick(opposites)),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// SplitMix64 (Steele, Lea and Flood, 2014), written here so that no library can change the reviews.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((word ^ (word >> 31)) % bound as u64) as usize
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }

    fn aspect(&mut self) -> &'static Aspect {
        self.two_aspects()[0]
    }

    /// One aspect of the writing and one of the staging, in either order.
    fn two_aspects(&mut self) -> [&'static Aspect; 2] {
        let [written, staged] = [&WRITING[self.below(WRITING.len())], &STAGING[self.below(STAGING.len())]];
        if self.below(2) == 0 { [written, staged] } else { [staged, written] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_tells_the_same_reviews() {
        let told = || examples().map(|review| (review.id, review.label, review.text));
        assert!(told().eq(told()));
    }

    #[test]
    fn no_text_and_no_id_comes_twice() {
        let texts: HashSet<_> = examples().map(|review| review.text).collect();
        let ids: HashSet<_> = examples().map(|review| review.id).collect();
        assert_eq!([texts.len(), ids.len()], [2 * (TRAIN_PAIRS + TEST_PAIRS); 2]);
    }

    #[test]
    fn the_classes_balance_in_each_split() {
        for (split, pairs) in [(Split::Train, TRAIN_PAIRS), (Split::Test, TEST_PAIRS)] {
            let labels = examples().filter(|review| review.split == split).map(|review| review.label);
            let (pleased, disappointed): (Vec<_>, Vec<_>) = labels.partition(|&label| label == 1);
            assert_eq!([pleased.len(), disappointed.len()], [pairs; 2]);
        }
    }

    #[test]
    fn the_shares_make_a_whole() {
        assert_eq!(CONSTRUCTIONS.iter().map(|(_, share)| share).sum::<usize>(), 100);
    }
}
