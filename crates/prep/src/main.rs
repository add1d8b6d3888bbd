//! Turn a raw data set into tokenized shards.

mod arguments;
mod classes;
mod datasets;
mod duplicates;
mod output;
mod splits;
mod summary;
mod tokenize;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use clap::Parser;

use arguments::Arguments;
use output::{Output, Prepared};
use study::Duplicates;
use summary::Summary;
use tokens::TextTokenizer;

fn main() -> ExitCode {
    console::main("prep", run)
}

fn run() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    arguments.verbosity.start();
    arguments.threads.start()?;
    let data = study::Study::read(&arguments.definition)?.data;
    let tokenizer = TextTokenizer::load(&arguments.models.join(&data.tokenizer), &data)?;
    let in_study = || format!("study `{}`", arguments.definition.display());
    let source = datasets::open(&data.dataset, &arguments.source).with_context(in_study)?;
    let output = Output::new(&arguments.out)?;
    if arguments.list {
        return output::list(&source, &tokenizer, &output);
    }
    output.check_writable()?;

    let started = Instant::now();
    let name = source.description.clone();
    let dataset = source.read()?;
    let duplicates = duplicates::count(&dataset.reviews);
    let reviews = match data.duplicates {
        Duplicates::Keep => dataset.reviews,
        Duplicates::Remove => duplicates::leave_out(dataset.reviews),
    };
    let reviews = splits::choose(reviews, &data, &dataset.labels)?;
    classes::check(&reviews, &dataset.labels, data.validation).context(name)?;
    let tokenizing = Instant::now();
    let examples = tokenize::tokenize(&tokenizer, reviews)?;
    let tokenizing = tokenizing.elapsed();
    let labels = dataset.labels;
    let prepared = Prepared { data, labels, duplicates, tokenizer: &tokenizer, examples: &examples };
    let manifest = output.write(prepared)?;
    log::info!("{}", Summary { manifest: &manifest, tokenizing, elapsed: started.elapsed() });
    Ok(())
}
