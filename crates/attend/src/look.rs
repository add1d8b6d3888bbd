//! From what was asked to what is shown: models, then texts as they come, then the answer's end.

use std::io::{IsTerminal, Write};

use anyhow::{Context, ensure};
use clap::error::ErrorKind;
use classifier::device::Engine;
use records::publish::Output;

use crate::arguments::{Args, Format, usage};
use crate::change::Reference;
use crate::choice::Choice;
use crate::faithfulness::{self, Scores};
use crate::input::{Input, Review};
use crate::map::Map;
use crate::subject::Subject;
use crate::view::{Lens, View};
use crate::{ansi, jsonl, page, png};

/// Texts looked at together at most.
const TEXTS_AT_ONCE: usize = 16;

/// Something that shows views.
pub(crate) trait Show {
    /// What holds for all texts.
    fn begin(&mut self, lenses: &[Lens], scores: &[Scores], output: &mut dyn Write) -> anyhow::Result<()>;
    /// One text as each model sees it.
    fn text(&mut self, views: &[View], output: &mut dyn Write) -> anyhow::Result<()>;
    /// After the last text.
    fn end(&mut self, output: &mut dyn Write) -> anyhow::Result<()>;
}

/// Do what `args` ask for.
///
/// # Errors
/// A model, a text or the output cannot be used.
pub(crate) fn look(args: &Args) -> anyhow::Result<()> {
    let choice = Choice::new(args);
    if !args.names_texts() && args.faithfulness.is_none() {
        usage(ErrorKind::MissingRequiredArgument, "nothing to look at: give --text, --review, or FILE (`-` is stdin)");
    }
    if args.format == Format::Png && args.out.is_none() && std::io::stdout().is_terminal() {
        usage(ErrorKind::MissingRequiredArgument, "a terminal shows no PNG: give --out FILE");
    }
    let engine = Engine::open(&args.device)?;
    let lenses = lenses(args, choice, &engine)?;
    let mut output = Output::open(args.out.as_deref())?;
    write(args, &lenses, &mut output)?;
    Ok(output.finish()?)
}

fn write(args: &Args, lenses: &[Lens], output: &mut dyn Write) -> anyhow::Result<()> {
    let mut source = args.names_texts().then(|| Source::new(args)).transpose()?; // before anything takes long
    let scores = match args.faithfulness {
        Some(reviews) => faithfulness::of(lenses, args.shards(), reviews as usize)?,
        None => Vec::new(),
    };
    let mut show: Box<dyn Show> = match args.format {
        Format::Ansi => Box::new(ansi::Terminal::new(args)),
        Format::Jsonl => Box::new(jsonl::Lines::new(args)),
        Format::Html => Box::new(page::Page::new(args)),
        Format::Png => Box::new(png::Figure::new(args)),
    };
    show.begin(lenses, &scores, output)?;
    output.flush().context("writing the answer")?;
    if let Some(source) = &mut source {
        texts(source, lenses, show.as_mut(), output)?;
    }
    show.end(output)?;
    output.flush().context("writing the answer")
}

/// The texts that are asked for, in batches; there is a first one.
struct Source {
    input: Input,
    next: Vec<Review>,
    left: usize,
}

impl Source {
    fn new(args: &Args) -> anyhow::Result<Self> {
        let left = args.limit.map_or(usize::MAX, |limit| limit as usize);
        let mut source = Source { input: Input::new(args)?, next: Vec::new(), left };
        source.next = source.batch()?;
        ensure!(!source.next.is_empty(), "there was no text to look at");
        Ok(source)
    }

    fn batch(&mut self) -> anyhow::Result<Vec<Review>> {
        let most = TEXTS_AT_ONCE.min(self.left);
        let batch = if most > 0 { self.input.next_batch(most)? } else { Vec::new() };
        self.left -= batch.len();
        Ok(batch)
    }

    /// None is left where it is empty.
    fn take(&mut self) -> anyhow::Result<Vec<Review>> {
        match std::mem::take(&mut self.next) {
            first if !first.is_empty() => Ok(first),
            _ => self.batch(),
        }
    }
}

fn texts(source: &mut Source, lenses: &[Lens], show: &mut dyn Show, output: &mut dyn Write) -> anyhow::Result<()> {
    let mut shown = 0;
    loop {
        let reviews = source.take()?;
        if reviews.is_empty() {
            break;
        }
        let readable = readable(lenses, reviews, source.input.is_stream())?;
        shown += readable.len();
        let seen = lenses.iter().map(|lens| lens.look(&readable)).collect::<anyhow::Result<Vec<_>>>()?;
        let mut seen: Vec<_> = seen.into_iter().map(Vec::into_iter).collect();
        for _ in &readable {
            let views: Vec<View> = seen.iter_mut().filter_map(Iterator::next).collect();
            show.text(&views, output)?;
        }
        output.flush().context("writing the answer")?;
    }
    ensure!(shown > 0, "there was no text to look at");
    Ok(())
}

/// Those that can be shown; in a stream one that cannot is said and passed over.
fn readable(lenses: &[Lens], reviews: Vec<Review>, is_stream: bool) -> anyhow::Result<Vec<Review>> {
    let mut readable = Vec::with_capacity(reviews.len());
    for review in reviews {
        let read = lenses.iter().try_for_each(|lens| lens.can_show(&review.text));
        match read {
            Ok(()) => readable.push(review),
            Err(error) if is_stream => log::warn!("left out: `{}`: {error}", review.id),
            Err(error) => return Err(error.context(format!("`{}`", review.id))),
        }
    }
    Ok(readable)
}

fn lenses(args: &Args, choice: Choice, engine: &Engine) -> anyhow::Result<Vec<Lens>> {
    let runs = args.run.iter().map(|folder| Subject::of_run(folder, engine));
    let models = args.model.iter().map(|folder| Subject::of_model(folder, engine));
    let lenses: Vec<Lens> = runs
        .chain(models)
        .map(|subject| subject.and_then(|subject| lens(args, choice, subject, engine)))
        .collect::<anyhow::Result<_>>()?;
    if args.format == Format::Png {
        ensure!(lenses.len() == 1, "a figure shows one model: name one, or ask for --format html");
        ensure!(args.faithfulness.is_none(), "a figure has no room for --faithfulness: ask for --format html");
    }
    Ok(lenses)
}

fn lens(args: &Args, choice: Choice, subject: Subject, engine: &Engine) -> anyhow::Result<Lens> {
    let reference = args.against.as_deref().map(|named| reference(args, named, &subject, engine)).transpose()?;
    // A page may begin with what the model has, whatever that is.
    let mut maps =
        if args.format == Format::Html && !args.asks_for_a_map() { vec![] } else { vec![choice.map(&subject)?] };
    if let Some(reference) = &reference {
        reference.maps(&subject, &maps)?;
    }
    if args.format == Format::Html {
        maps = subject.maps();
        let compares = |map: Map| reference.as_ref().is_none_or(|other| other.maps(&subject, &[map]).is_ok());
        maps.retain(|&map| compares(map) && !(args.attention_only && map.is_of_the_answer()));
    }
    Ok(Lens { subject, reference, maps, choice, attention_only: args.attention_only })
}

fn reference(args: &Args, named: &str, subject: &Subject, engine: &Engine) -> anyhow::Result<Reference> {
    let folder = std::path::Path::new(named);
    let other = match named {
        "pretrained" => subject.pretrained(&args.models)?,
        _ if records::run_dir::RunDir::new(folder).stamp().exists() => Subject::of_run(folder, engine)?,
        _ => Subject::of_model(folder, engine)?,
    };
    Reference::new(other, subject)
}
