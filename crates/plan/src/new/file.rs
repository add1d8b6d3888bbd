//! The text of a new study file, with a comment for each choice.

use console::single_line;
use serde_json::json;
use study::Data;

use super::choices::Choices;
use super::encoder::Encoder;
use super::look::Look;

/// The first line of a study file, around the description of the texts.
const FIRST_LINE: [&str; 2] =
    ["# How few blocks do the texts of ", " need? `plan new` wrote this; change what you like."];

/// The file or folder that the study file `text` was made for, if it still says so.
pub(super) fn made_for(text: &str) -> Option<&str> {
    let [before, after] = FIRST_LINE;
    let source = text.lines().next()?.strip_prefix(before)?.strip_suffix(after)?.strip_prefix('`')?;
    source.split_once("`: ").map(|(folder, _)| folder).or_else(|| source.strip_suffix('`')) // a folder's files follow it
}

/// The study file `name`.
pub(crate) fn text(name: &str, data: &Data, look: &Look, encoder: &Encoder, choices: &Choices) -> String {
    let (n, n_classes, (largest, share)) = (look.n(), look.classes.len(), look.largest());
    let source = single_line(&look.description);
    let depths = match encoder.n_blocks {
        Some(all) => format!("One block, a sixth, a third, half, two thirds and all of the {all} blocks"),
        None => "The encoder was not there, so its depth was not known: 1, 2, 3 and all blocks".to_owned(),
    };
    let [before, after] = FIRST_LINE;
    format!(
        "{before}{source}{after}\n\
         # {n} texts in {n_classes} classes: {}.\n\
         # A model that always answers `{}` is right for {:.1} %.\n\n\
         name  = {}\n\
         seeds = [1, 2, 3] # the verdict needs to know how much seeds differ\n\n\
         # {depths}, read by the plain head.\n\
         # TF-IDF counts words and needs no network; its epochs are strengths of the penalty.\n\
         configuration = [\n{}]\n\n{}\n{}",
        look.listed(),
        single_line(largest),
        100.0 * share,
        json!(name),
        rows(choices),
        data_table(data, look, choices),
        defaults(encoder, choices)
    )
}

fn rows(choices: &Choices) -> String {
    let row = |depth: &Option<usize>| match depth {
        Some(depth) => format!("  {{ id = \"{depth}VA\", blocks = \"first:{depth}\" }},\n"),
        None => "  { id = \"allVA\", blocks = \"every:1\" },\n".to_owned(),
    };
    let rows: String = choices.depths.iter().map(row).collect();
    format!("  {{ id = \"TF-IDF\", model = \"tf-idf\", epochs = 10 }},\n{rows}")
}

/// `[data]`; only columns without a usual name stand in it.
fn data_table(data: &Data, look: &Look, choices: &Choices) -> String {
    let columns = &look.columns;
    let mut lines = vec![
        "[data]".to_owned(),
        "dataset = \"jsonl\" # texts of your own, in any format".to_owned(),
        single_line(&format!("# The texts are in the column `{}`, the classes in `{}`.", columns.text, columns.label)),
    ];
    for (setting, column) in [("text", &data.text), ("label", &data.label)] {
        lines.extend(column.as_ref().map(|column| format!("{setting} = {}", json!(column))));
    }
    let (length, unit) = (choices.max_seq_length, look.lengths.unit());
    lines.push(format!(
        "# 95 % of the texts have at most {} {unit}; this cuts {:.1} % of them. Time grows with it.\nmax_seq_length = {length}",
        look.lengths.percentile(0.95),
        100.0 * choices.cut
    ));
    if choices.keeps_ends() {
        lines
            .push("# Of a text that is cut, the end often says as much as the beginning (Sun et al. 2019).".to_owned());
        lines.push("truncation = \"head+tail\"".to_owned());
    }
    let [_, validation, test] = look.n_of;
    if test == 0 {
        lines.push("test = 0.2 # held out of all texts, because they have no test split".to_owned());
    }
    if validation == 0 {
        lines.push(format!("validation = {} # held out of train, to choose the epoch", choices.validation));
    }
    if choices.has_copies {
        lines.push("duplicates = \"leave-out\" # a text in train and in test would flatter a model".to_owned());
    }
    lines.join("\n") + "\n"
}

fn defaults(encoder: &Encoder, choices: &Choices) -> String {
    let Choices { n_train, batch_size, epochs, encoder_learning_rate, .. } = choices;
    let size = match encoder.hidden_size {
        Some(size) => format!("of hidden size {size}"),
        None => "whose size was not known".to_owned(),
    };
    format!(
        "[defaults]\n\
         encoder = {}\n\
         batch_size = {batch_size} # 16 below 5,000 train texts, 32 from there on; here are about {n_train}\n\
         epochs = {epochs} # for at least 200 steps, from 3 to 8\n\
         # The encoder's rate is 1e-4 to a hidden size of 512 and 3e-5 above; this is an encoder {size}.\n\
         optimizer = {{ kind = \"adamw\", encoder_learning_rate = {encoder_learning_rate}, head_learning_rate = 1e-3 }}\n\
         # The rates rise in the first tenth of the steps and then fall to 0, so that seeds agree.\n\
         schedule = {{ kind = \"linear\", warmup = 0.1 }}\n\
         gradient_clip_norm = 1.0\n",
        json!(encoder.name)
    )
}
