//! Golden token ids: accents, emoji, long, empty, HTML. `data/golden.py` makes them with the reference tokenizer.

use crate::workplace::Workplace;

const REVIEWS: &[u8] = include_bytes!("../data/reviews.jsonl");
const IDS: &str = include_str!("../data/ids.jsonl");

#[test]
fn ids_are_those_of_the_reference_whatever_the_tokenizer_file_says_of_truncation_and_padding() {
    let data = "dataset = \"jsonl\"\nmax_seq_length = 24\ntruncation = \"head+tail\"\nvalidation = 0\ntest = 0";
    for threads in ["1", "2"] {
        let workplace = Workplace::new(data);
        let mut prep = workplace.prep_to("-");
        let models = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/models");
        prep.args(["--models", models, "--input", "-"]).env("RAYON_NUM_THREADS", threads);
        let output = prep.write_stdin(REVIEWS).assert().success();
        let ours = String::from_utf8(output.get_output().stdout.clone()).unwrap();
        for (ours, golden) in ours.lines().zip(IDS.lines()) {
            assert_eq!(ours, golden);
        }
        assert_eq!(ours.lines().count(), IDS.lines().count());
    }
}
