//! Turn a raw data set into tokenized shards.

mod arguments;
mod classes;
mod datasets;
mod output;
mod sample;
mod splits;
mod summary;
mod tokenize;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use clap::Parser;

use arguments::Arguments;
use datasets::Dataset;
use output::{Output, Prepared};
use study::Duplicates;
use summary::Summary;
use texts::{Store, duplicates};
use tokenize::Tokenizing;
use tokens::TextTokenizer;

fn main() -> ExitCode {
    console::main("prep", run)
}

fn run() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    arguments.verbosity.start();
    arguments.threads.start()?;
    let study = study::Study::read(&arguments.definition)?;
    tokens::check_length(&study, &arguments.models)?;
    let data = study.data;
    let tokenizer = TextTokenizer::load(&arguments.models.join(&data.tokenizer), &data)?;
    let in_study = || format!("study `{}`", arguments.definition.display());
    let source = datasets::open(&arguments.source, &data).with_context(in_study)?;
    if let Some(n) = arguments.sample {
        let mut store = Store::new(std::env::temp_dir());
        return sample::print(n.get(), &source.read(&mut store)?, &mut store, &tokenizer, data.truncation);
    }
    let output = Output::new(&arguments.out.unwrap_or_default())?;
    if arguments.list {
        return output::list(&source, &tokenizer, &output);
    }
    output.check_writable()?;

    let started = Instant::now();
    let name = source.description.clone();
    let mut store = Store::new(output.folder());
    let Dataset { labels, mut reviews } = source.read(&mut store)?;
    let mut duplicates = duplicates::count(&reviews);
    let removes = data.duplicates == Duplicates::Remove;
    if removes {
        reviews = duplicates::leave_out(reviews);
    }
    if splits::give_test(&mut reviews, &data, labels.len()).with_context(|| name.clone())? && !removes {
        duplicates = duplicates::count(&reviews);
        duplicates::warn_of_copies(&duplicates);
    }
    let reviews = splits::choose(reviews, &data, &labels)?;
    classes::check(&reviews, &labels, data.validation).context(name)?;
    let mut tokenizing = Tokenizing::new(&tokenizer, store, reviews.len());
    let manifest =
        output.write(Prepared { data, labels, duplicates, reviews: &reviews, tokenizing: &mut tokenizing })?;
    log::info!("{}", Summary { manifest: &manifest, tokenizing: tokenizing.elapsed, elapsed: started.elapsed() });
    let then = format!("and write `encoder = \"xlm-roberta-base\"` in `{}`", arguments.definition.display());
    if let Some(told) = tokens::foreign_to(tokenizing.share_unknown(), &arguments.models, &then) {
        log::warn!("{told}");
    }
    Ok(())
}
