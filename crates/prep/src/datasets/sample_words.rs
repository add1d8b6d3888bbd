//! The vocabulary of the sample reviews. We chose every word; none comes from a data set.

/// An aspect of a film and its words. No other aspect has these words, so a word shows what it judges.
pub(super) struct Aspect {
    /// One word or two, as often: so the place of a word in the text does not tell whose judgement it is.
    pub(super) name: &'static str,
    /// Words of blame, then of praise: indexed by label.
    pub(super) words: [[&'static str; 2]; 2],
}

/// Aspects of the writing.
pub(super) const WRITING: [Aspect; 3] = [
    Aspect { name: "last hour", words: [["predictable", "muddled"], ["clever", "gripping"]] },
    Aspect { name: "dialogue", words: [["clumsy", "stilted"], ["sharp", "witty"]] },
    Aspect { name: "humour", words: [["stale", "crude"], ["warm", "quick"]] },
];

/// Aspects of the staging.
pub(super) const STAGING: [Aspect; 3] = [
    Aspect { name: "acting", words: [["wooden", "stiff"], ["natural", "convincing"]] },
    Aspect { name: "film music", words: [["shrill", "syrupy"], ["haunting", "lovely"]] },
    Aspect { name: "camera work", words: [["shaky", "murky"], ["graceful", "fluid"]] },
];

/// Negations; each stands before the word that it negates.
pub(super) const DENIALS: [&str; 2] = ["not", "never"];

pub(super) const PEOPLE: [&str; 10] = [
    "my sister",
    "my brother",
    "our neighbour",
    "the critic on the radio",
    "my father",
    "a friend of mine",
    "the man beside me",
    "my old teacher",
    "my old neighbour",
    "the woman at the desk",
];

/// Closing remarks say where and when, never how it was.
pub(super) const CLOSINGS: [&str; 13] = [
    "I saw this last night.",
    "We rented it on a rainy Sunday.",
    "Watched on a long flight.",
    "This was the late show in a small cinema.",
    "I had read the book first.",
    "Seen twice now.",
    "It came with a box of old films.",
    "We picked it by chance.",
    "A word about this one.",
    "It ran for two hours.",
    "I went in knowing nothing.",
    "The cinema was half empty.",
    "We talked about it all the way home.",
];
