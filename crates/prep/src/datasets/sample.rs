//! The sample data set: film reviews from a grammar of ours in which counting words is not enough.

use std::collections::HashSet;

use super::Review;
use super::sample_words::{ASPECTS, Aspect, DENIALS, OPENINGS, PEOPLE};
use crate::records::Split;

const TRAIN_PAIRS: usize = 4_000;
const TEST_PAIRS: usize = 1_000;
const SEED: u64 = 20_240_607;

/// A minimal pair: the same scene told once by a disappointed and once by a pleased reviewer.
type Pair = [String; 2];
type Construction = fn(&mut Dice) -> Pair;

/// Construction and its share of the reviews, in hundredths.
const CONSTRUCTIONS: [(Construction, usize); 5] =
    [(plain, 40), (contrast, 15), (reported, 15), (agreement, 10), (weighed, 20)];

pub(crate) fn examples() -> impl Iterator<Item = Review> {
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

fn review(split: Split, label: usize, number: usize, text: String) -> Review {
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
    let opening = dice.pick(&OPENINGS);
    let body = draw_construction(dice)(dice);
    body.map(|text| format!("{opening} {}", capitalised(&text)).trim_start().to_owned())
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

fn plain(dice: &mut Dice) -> Pair {
    let [one, other] = dice.two_aspects();
    let [first, second] = [predicates(dice, one), predicates(dice, other)];
    let frame = dice.below(3);
    [0, 1].map(|label| {
        let (a, b, p, q) = (one.name, other.name, &first[label], &second[label]);
        match frame {
            0 => format!("the {a} was {p} and the {b} was {q}."),
            1 => format!("I found the {a} {p} and the {b} {q}."),
            _ => format!("the {a} was {p}. The {b} was {q} too."),
        }
    })
}

fn contrast(dice: &mut Dice) -> Pair {
    let [one, other] = dice.two_aspects();
    let [first, second] = [predicates(dice, one), predicates(dice, other)];
    let frame = dice.below(4);
    [0, 1].map(|label| {
        let (a, b, main, side) = (one.name, other.name, &first[label], &second[1 - label]);
        match frame {
            0 => format!("although the {b} was {side}, the {a} was {main}."),
            1 => format!("the {a} was {main}, although the {b} was {side}."),
            2 => format!("the {b} was {side}, but in the end the {a} was {main}."),
            _ => format!("the {a} was {main}, even if the {b} was {side}."),
        }
    })
}

fn reported(dice: &mut Dice) -> Pair {
    let [aspect, _] = dice.two_aspects();
    let person = dice.pick(&PEOPLE);
    let both = predicates(dice, aspect);
    let a = aspect.name;
    let frame = dice.below(3);
    [0, 1].map(|label| {
        let (mine, theirs) = (&both[label], &both[1 - label]);
        match frame {
            0 => format!("{person} found the {a} {theirs}. I found it {mine}."),
            1 => format!("I found the {a} {mine}, whatever {person} said. It was {theirs}, I was told."),
            _ => format!("I found the {a} {mine}. {} called it {theirs}.", capitalised(person)),
        }
    })
}

fn agreement(dice: &mut Dice) -> Pair {
    let [aspect, _] = dice.two_aspects();
    let person = dice.pick(&PEOPLE);
    let both = predicates(dice, aspect);
    let a = aspect.name;
    let agree = dice.below(2);
    [0, 1].map(|label| {
        let theirs = if agree == 1 { &both[label] } else { &both[1 - label] };
        let end = ["I do not share that view", "I can only agree"][agree];
        format!("{person} called the {a} {theirs}. {end}.")
    })
}

fn weighed(dice: &mut Dice) -> Pair {
    let [one, other] = dice.two_aspects();
    let [first, second] = [predicates(dice, one), predicates(dice, other)];
    let frame = dice.below(4);
    let late = dice.below(2);
    [0, 1].map(|label| {
        let (a, b, main, side) = (one.name, other.name, &first[label], &second[1 - label]);
        let told = if late == 1 {
            format!("the {b} was {side} and the {a} was {main}")
        } else {
            format!("the {a} was {main} and the {b} was {side}")
        };
        match frame {
            0 => format!("{told}. I go to the cinema for the {a}."),
            1 => format!("{told}. The {a} decides it for me."),
            2 => format!("I go to the cinema for the {a}. Here {told}."),
            _ => format!("{told}. What counts for me is the {a}."),
        }
    })
}

/// A disparaging and a praising predicate.
fn predicates(dice: &mut Dice, aspect: &Aspect) -> [String; 2] {
    [0, 1].map(|label| predicate(dice, &aspect.words[label], &aspect.words[1 - label]))
}

fn predicate(dice: &mut Dice, words: &[&str], opposites: &[&str]) -> String {
    match dice.below(10) {
        0..=7 => dice.pick(words).to_owned(),
        8 => format!("{} {}", dice.pick(&DENIALS), dice.pick(opposites)),
        _ => {
            let [one, other] = dice.two(opposites);
            format!("{} {one} or {other}", dice.pick(&DENIALS))
        }
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// SplitMix64.
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

    fn two_aspects(&mut self) -> [&'static Aspect; 2] {
        let first = self.below(ASPECTS.len());
        let second = (first + 1 + self.below(ASPECTS.len() - 1)) % ASPECTS.len();
        [&ASPECTS[first], &ASPECTS[second]]
    }

    fn two<'a>(&mut self, words: &[&'a str]) -> [&'a str; 2] {
        let first = self.below(words.len());
        let second = (first + 1 + self.below(words.len() - 1)) % words.len();
        [words[first], words[second]]
    }
}
