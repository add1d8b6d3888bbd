use super::*;
use crate::fixture::Made;

fn streams(text: &str) -> Result<Vec<Stream>> {
    read("it", Reader::new("it", text.as_bytes()), &Known::default())
}

#[test]
fn both_kinds_are_told_apart_wherever_they_stand() {
    let (a, b) = (Made::new("1VA", 1), Made::new("2VA", 1));
    let text = a.predictions() + &b.metrics() + &a.metrics();
    let kinds: Vec<String> = streams(&text)
        .unwrap()
        .iter()
        .map(|stream| match stream {
            Stream::Training(t) => format!("training {} {}", t.begin.run, t.epochs.len()),
            Stream::Predictions(p) => format!("predictions {} {}", p.begin.run, p.outcomes.len()),
            Stream::Latency(l) => format!("latency {}", l.run),
        })
        .collect();
    assert_eq!(kinds, ["predictions 1VA-s1 40", "training 2VA-s1 9", "training 1VA-s1 9"]);
}

#[test]
fn a_cut_stream_is_refused_in_the_middle_and_at_the_end() {
    let (cut, whole) = (Made::new("1VA", 1).metrics(), Made::new("2VA", 1).metrics());
    let cut = &cut[..cut.trim_end().rfind('\n').unwrap() + 1];
    for text in [cut.to_owned() + &whole, whole + cut] {
        let message = streams(&text).err().unwrap().to_string();
        assert!(message.contains("run `1VA-s1` have no `end`: finish it with make"), "{message}");
    }
}

#[test]
fn a_stream_that_says_why_it_stopped_is_refused_with_that() {
    let whole = Made::new("1VA", 1).metrics();
    let begin = whole.lines().next().unwrap();
    let text = format!("{begin}\n{{\"type\":\"stopped\",\"epoch\":1,\"step\":9,\"why\":\"epoch 1, step 9: no\"}}\n");
    let message = streams(&text).err().unwrap().to_string();
    assert!(message.contains("`it`: run `1VA-s1` stopped, epoch 1, step 9: no: finish it"), "{message}");
}

#[test]
fn a_stream_cut_within_a_line_is_refused_with_the_same_remedy() {
    let whole = Made::new("1VA", 1).metrics();
    let message = streams(&whole[..whole.len() - 9]).err().unwrap().to_string();
    assert!(message.starts_with("`it`, line 14: column"), "{message}");
    assert!(message.ends_with("run `1VA-s1` is incomplete: finish it with make, or leave it out"), "{message}");
}

#[test]
fn a_wrong_line_is_named_by_its_number() {
    let made = Made::new("1VA", 1);
    let unlabelled = made.predictions().replacen("\"label\":0,", "", 1);
    let lost = made.predictions().lines().filter(|line| !line.contains("/7\"")).collect::<Vec<_>>().join("\n");
    let mixed = made.metrics().replacen("\n", &format!("\n{}\n", made.predictions().lines().nth(1).unwrap()), 1);
    for (text, says) in [
        (unlabelled, "line 2: prediction `test/0` has no label"),
        (lost, "line 41: run `1VA-s1`: 39 predictions, but `begin` says 40"),
        (mixed, "line 2: a record of another stream inside run `1VA-s1`"),
        (made.metrics().replacen("\"blocks\":\"0\"", "\"blocks\":7", 1), "line 1: invalid type"),
        (
            made.metrics().replacen("\"configuration\":\"1VA\"", "\"configuration\":\"a/b\"", 1),
            "`configuration` may hold",
        ),
        ("{\"type\":\"end\"}".to_owned(), "line 1: a record outside `begin` … `end`"),
        ("{\"type\":\"begin\",\"run\":1}".to_owned(), "line 1: invalid type"),
    ] {
        let message = streams(&text).err().unwrap().to_string();
        assert!(message.contains(says), "{message}");
    }
}
