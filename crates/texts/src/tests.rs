use super::*;

struct Read {
    labels: Vec<String>,
    reviews: Vec<Review<String>>,
    columns: Columns,
}

/// One part with that name and text.
fn part(name: &str, text: &str) -> Part {
    Part { name: name.to_owned(), split: None, path: None, input: Box::new(std::io::Cursor::new(text.to_owned())) }
}

fn parsed(parts: Vec<Part>) -> Result<Read> {
    parsed_as(parts, Data::default())
}

fn parsed_as(parts: Vec<Part>, data: Data) -> Result<Read> {
    let mut store = Store::new(std::env::temp_dir());
    let source = Source { description: format!("`{}`", parts[0].name), parts, data };
    let Texts { columns, labels, reviews } = source.read(&mut store)?;
    let mut review = |Review { id, split, label, text }| Review { id, split, label, text: store.text(&text).unwrap() };
    Ok(Read { labels, reviews: reviews.into_iter().map(&mut review).collect(), columns })
}

fn parse(lines: &[&str]) -> Result<Read> {
    parsed(vec![part("it", &lines.join("\n"))])
}

fn line(id: &str, label: &str) -> String {
    format!(r#"{{"id":"{id}","label":{label},"text":"t","extra":1}}"#)
}

#[test]
fn names_are_numbered_alphabetically_whatever_their_order() {
    let (pos, neg) = (line("a", "\"pos\""), line("b", "\"neg\""));
    for lines in [[&pos, &neg], [&neg, &pos]] {
        let dataset = parse(&lines.map(String::as_str)).unwrap();
        assert_eq!(dataset.labels, ["neg", "pos"]);
        assert!(dataset.reviews.iter().all(|review| review.label == usize::from(review.id == "a")));
        assert!(dataset.reviews.iter().all(|review| review.split == Split::Train));
    }
}

#[test]
fn indices_stay_what_they_are_even_if_a_class_is_absent() {
    let dataset = parse(&[&line("a", "2")]).unwrap();
    assert_eq!(dataset.labels, ["0", "1", "2"]);
    assert_eq!(dataset.reviews[0].label, 2);
}

#[test]
fn ids_may_be_numbers_or_missing_and_labels_as_pandas_writes_them() {
    let dataset = parse(&[
        r#"{"id":18446744073709551616,"label":1.0,"text":"a"}"#,
        r#"{"label":0.0,"text":"b \ud83d"}"#,
        r#"{"id":null,"label":1,"text":"c"}"#,
    ]);
    let reviews = dataset.unwrap().reviews;
    let read: Vec<_> = reviews.iter().map(|r| (r.id.as_str(), r.label, r.text.as_str())).collect();
    assert_eq!(read, [("18446744073709551616", 1, "a"), ("2", 0, "b \u{fffd}"), ("3", 1, "c")]);
    assert_eq!(parse(&[&line("a", "true"), &line("b", "false")]).unwrap().labels, ["false", "true"]);
}

#[test]
fn wrong_lines_are_named() {
    let cases = [
        (
            line("b", "-1"),
            "line 2: column 20: `label` is -1; write a name, or a whole number from 0; if it marks texts without",
        ),
        (line("b", "null"), "`label` is null; give the text a label, or leave the line out"),
        (line("b", "NaN"), "`NaN` is not JSON; write a value, or leave the line out"),
        (line("b", "\"\""), "line 2: `label` is empty; name the class, or leave the line out"),
        (line("b", "\" \""), "line 2: label ` ` has white space around it"),
        (line("b", "true"), "line 2: label `true` among labels that are indices"),
        (r#"{"id":"b","label":0,"text":null}"#.to_owned(), "`text` is null; write a string, or leave the line out"),
        (r#"{"id":{},"label":0,"text":""}"#.to_owned(), "line 2: `id` is an object; write a string or a number"),
        (line("b", "\"pos\""), "line 2: label `pos` among labels that are indices"),
        (line("b", "1000"), "line 2: label 1000, but the limit is 1000 classes, 0 to 999"),
        (line("b", "\" pos\""), "line 2: label ` pos` has white space around it"),
        (r#"{"id":"b","label":0}"#.to_owned(), "line 2: column 20: no `text`; write it, or leave the line out"),
        (r#"{"id":"b","text":""}"#.to_owned(), "no `label`; name its class, or leave the line out"),
        (r#"{"id":"b","label":0,"text":"","split":"final"}"#.to_owned(), "split `final` is unknown; write `train`"),
        (
            r#"{"id":"b","label":0,"text":"","split":"tset"}"#.to_owned(),
            "write `train`, `validation` or `test`; did you mean `test`?",
        ),
        (r#"{"id":"b","label":0,"text":"","text":""}"#.to_owned(), "duplicate field `text`"),
    ];
    for (second, says) in cases {
        let message = parse(&[&line("a", "0"), &second]).err().unwrap().to_string();
        assert!(message.contains(says), "{message}");
    }
    assert!(parse(&[&line("a", "\"pos\"")]).err().unwrap().to_string().contains("every label is `pos`"));
    let names: Vec<String> = (0..1001).map(|n| line(&n.to_string(), &format!("\"n{n}\""))).collect();
    let many = parse(&names.iter().map(String::as_str).collect::<Vec<_>>()).err().unwrap().to_string();
    assert!(many.starts_with("`it`, line 1001: more than 1000 classes, the limit;"), "{many}");
    let none = parse(&[""]).err().unwrap().to_string();
    assert!(none.starts_with("`it`: holds no examples; write a row of text and label for each, under"), "{none}");
    for (first, says) in [
        (r#"{"txt":"a","label":0}"#, "no column for the text; the columns are `txt`, `label`"),
        (r#"{"n":1,"data":[{"text":"a","label":0}]}"#, "`data` holds the records; write its array alone, or one"),
    ] {
        let said = parse(&[first]).err().unwrap().to_string();
        assert!(said.starts_with(&format!("`it`, line 1: {says}")), "{said}");
    }
}

#[test]
fn wrong_rows_of_a_table_are_named() {
    let cases = [
        (
            "text,label\na,x\nb",
            "`it.csv`, line 3: 1 cell, but the header has 2; put a cell that holds a `,` or a line break",
        ),
        ("text\tlabel\na\tx\tb", "line 2: 3 cells, but the header has 2; put a cell that holds a tab"),
        ("text,label\n\"a\nb\",x\nb,\n", "`it.csv`, line 4: `label` is empty; name the class, or leave the line out"),
        ("text,split,label\na,sometimes,x", "line 2: split `sometimes` is unknown"),
        ("txt,label\na,x", "`it.csv`, line 1: no column for the text; the columns are `txt`, `label`"),
        ("text,label\na,x\n\"b,x\nc,y\n", "line 3: a quote in this row is not closed"),
        ("text,label\na,x\nb,x", "`it.csv`: every label is `x`; a classifier needs two classes"),
        ("text,label\n", "`it.csv`: holds no examples; write a row of text and label for each, under a header"),
        ("", "`it.csv`: the file is empty; write a header such as `text,label`, and a row for each text"),
        ("\u{feff}\r\n", "`it.csv`: the file is empty; write a header"),
        ("sep=;\nbody;label\na;x", "`it.csv`, line 2: no column for the text; the columns are `body`, `label`"),
        ("PAR1", "`it.csv`: the file is Parquet; name it with `--input`, unpacked and not through a pipe"),
    ];
    for (table, says) in cases {
        let message = parsed(vec![part("it.csv", table)]).err().unwrap().to_string();
        assert!(message.contains(says), "{message}");
    }
    let latin = Part { input: Box::new(&b"text,label\ncaf\xe9,x\n"[..]), ..part("it.csv", "") };
    let message = parsed(vec![latin]).err().unwrap().to_string();
    assert_eq!(message, "`it.csv`, line 2: column 1: the text is not UTF-8; save the file as UTF-8");
}

#[test]
fn split_files_that_count_alike_are_told_apart() {
    let of = |split, text| Part { split: Some(split), ..part("it.csv", text) };
    let ids = |parts| parsed(parts).unwrap().reviews.into_iter().map(|review| review.id).collect::<Vec<_>>();
    let (one, other) = ("idx,text,label\n0,a,x\n1,b,y", "idx,text,label\n0,c,x");
    assert_eq!(ids(vec![of(Split::Train, one), of(Split::Test, other)]), ["train/0", "train/1", "test/0"]);
    assert_eq!(ids(vec![of(Split::Train, one), of(Split::Test, "idx,text,label\n7,c,x")]), ["0", "1", "7"]);
    let (one, other) = ("text,label\na,x\nb,y", "text,label\nc,x");
    assert_eq!(
        ids(vec![of(Split::Train, one), of(Split::Train, other), of(Split::Test, other)]),
        ["train/1", "train/2", "train/3", "test/1"]
    );
}

#[test]
fn messages_name_the_users_own_columns() {
    let data = Data { text: Some("review".into()), label: Some("stars".into()), ..Data::default() };
    for (name, text, says) in [
        ("it", r#"{"review":null,"stars":1}"#, "`review` is null; write a string"),
        ("it", r#"{"review":"a","stars":null}"#, "`stars` is null; give the text a label"),
        ("it", r#"{"review":"a","stars":""}"#, "`stars` is empty; name the class"),
        ("it.csv", "review,stars\na,", "line 2: `stars` is empty; name the class"),
    ] {
        let message = parsed_as(vec![part(name, text)], data.clone()).err().unwrap().to_string();
        assert!(message.contains(says), "{message}");
    }
    let columns = parsed(vec![part("it.csv", "Review,class\na,x\nb,y")]).unwrap().columns;
    assert_eq!((columns.text.as_str(), columns.label.as_str()), ("Review", "class"));
}

#[test]
fn an_example_without_an_id_never_takes_the_id_of_another() {
    let ids =
        |name, text| parsed(vec![part(name, text)]).unwrap().reviews.into_iter().map(|r| r.id).collect::<Vec<_>>();
    assert_eq!(ids("it.csv", "id,text,label\n2,a,x\n,b,y\n,c,y"), ["2", "row/2", "row/3"]);
    assert_eq!(ids("it.csv", "id,text,label\na,a,x\n,b,y"), ["a", "2"]);
    let lines = "{\"id\":\"\",\"text\":\"a\",\"label\":\"x\"}\n{\"id\":\"\",\"text\":\"b\",\"label\":\"y\"}";
    assert_eq!(ids("it", lines), ["1", "2"]);
}

#[test]
fn a_test_split_without_labels_is_refused_by_that_name_and_a_class_of_minus_one_is_not() {
    let table = |rows: &str| vec![part("it.csv", &format!("split,text,label\n{rows}"))];
    let message = parsed(table("train,a,x\ntrain,b,y\ntest,c,-1\ntest,d,-1")).err().unwrap().to_string();
    assert!(
        message.starts_with("`it.csv`: every test example has the label -1, which marks texts without"),
        "{message}"
    );
    for rows in ["train,a,-1\ntrain,b,1\ntest,c,-1", "train,a,-1\ntrain,b,1", "train,a,x\ntest,b,-1\ntest,c,x"] {
        assert!(parsed(table(rows)).unwrap().labels.contains(&"-1".to_owned()), "{rows}");
    }
}

#[test]
fn tables_of_excel_and_files_of_tabs_are_read_with_their_separator() {
    for (name, text) in [
        ("it.csv", "\u{feff}sep=;\r\nlabel;text, in full;text\r\nx;a, b;c\r\ny;d;e\r\n"),
        ("it.tsv", "label\ttext, in, full\ttext\nx\ta, b\tc\ny\td\te\n"),
    ] {
        let texts: Vec<String> = parsed(vec![part(name, text)]).unwrap().reviews.into_iter().map(|r| r.text).collect();
        assert_eq!(texts, ["c", "e"], "{name}");
    }
}
