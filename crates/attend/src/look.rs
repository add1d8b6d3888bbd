//! Open the models, then show each text as it arrives.

use std::io::{IsTerminal, Write};

use anyhow::{Context, ensure};
use clap::error::ErrorKind;
use classifier::device::Engine;
use records::publish::Output;

use crate::arguments::{Args, Format, usage};
use crate::baseline::Baseline;
use crate::choice::Choice;
use crate::faithfulness;
use crate::input::{Input, Review};
use crate::method::Method;
use crate::model::Model;
use crate::show::Show;
use crate::view::{View, Viewer};
use crate::{ansi, jsonl, page, png};

/// Upper bound on texts that are computed together.
const TEXTS_AT_ONCE: usize = 16;

/// Run the command.
///
/// # Errors
/// A model, a text or the output cannot be used.
pub(crate) fn look(args: &Args) -> anyhow::Result<()> {
    let choice = Choice::new(args);
    if !args.names_texts() && args.faithfulness.is_none() {
        usage(ErrorKind::MissingRequiredArgument, "no text was given: add --text, --review or FILE (`-` is stdin)");
    }
    if args.format == Format::Png && args.out.is_none() && std::io::stdout().is_terminal() {
        usage(ErrorKind::MissingRequiredArgument, "a terminal cannot show a PNG: add --out FILE");
    }
    let engine = Engine::open(&args.device)?;
    let viewers = viewers(args, choice, &engine)?;
    let mut output = Output::open(args.out.as_deref())?;
    write(args, &viewers, &mut output)?;
    Ok(output.finish()?)
}

fn write(args: &Args, viewers: &[Viewer], output: &mut dyn Write) -> anyhow::Result<()> {
    let mut source = args.names_texts().then(|| Source::new(args)).transpose()?; // fails before the slow work starts
    let scores = match args.faithfulness {
        Some(reviews) => faithfulness::test(viewers, args.shards(), reviews as usize)?,
        None => Vec::new(),
    };
    let mut show: Box<dyn Show> = match args.format {
        Format::Ansi => Box::new(ansi::Terminal::new(args)),
        Format::Jsonl => Box::new(jsonl::Lines::new(args)),
        Format::Html => Box::new(page::Page::new(args)),
        Format::Png => Box::new(png::Figure::new(args)),
    };
    show.begin(viewers, &scores, output)?;
    output.flush().context("writing the answer")?;
    if let Some(source) = &mut source {
        texts(source, viewers, show.as_mut(), output)?;
    }
    show.end(output)?;
    output.flush().context("writing the answer")
}

/// The texts in batches; the first batch is read at once.
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
        ensure!(
            !source.next.is_empty(),
            "the input holds no text: pipe in JSON Lines with `id` and `text`; if `report flips` wrote none, name runs that differ"
        );
        Ok(source)
    }

    fn batch(&mut self) -> anyhow::Result<Vec<Review>> {
        let most = TEXTS_AT_ONCE.min(self.left);
        let batch = if most > 0 { self.input.next_batch(most)? } else { Vec::new() };
        self.left -= batch.len();
        Ok(batch)
    }

    /// The next batch; empty at the end.
    fn take(&mut self) -> anyhow::Result<Vec<Review>> {
        match std::mem::take(&mut self.next) {
            first if !first.is_empty() => Ok(first),
            _ => self.batch(),
        }
    }
}

fn texts(source: &mut Source, viewers: &[Viewer], show: &mut dyn Show, output: &mut dyn Write) -> anyhow::Result<()> {
    let mut shown = 0;
    loop {
        let reviews = source.take()?;
        if reviews.is_empty() {
            break;
        }
        let readable = readable(viewers, reviews, source.input.is_stream())?;
        shown += readable.len();
        let views = viewers.iter().map(|viewer| viewer.views(&readable)).collect::<anyhow::Result<Vec<_>>>()?;
        let mut by_model: Vec<_> = views.into_iter().map(Vec::into_iter).collect();
        for _ in &readable {
            let views: Vec<View> = by_model.iter_mut().filter_map(Iterator::next).collect();
            show.text(&views, output)?;
        }
        output.flush().context("writing the answer")?;
    }
    ensure!(shown > 0, "the input holds no text that can be shown: see the warnings above, and name other texts");
    Ok(())
}

/// The reviews that can be shown; a stream skips the others with a warning, and a list stops at them.
fn readable(viewers: &[Viewer], reviews: Vec<Review>, is_stream: bool) -> anyhow::Result<Vec<Review>> {
    let mut readable = Vec::with_capacity(reviews.len());
    for review in reviews {
        let read = viewers.iter().try_for_each(|viewer| viewer.check(&review.text));
        match read {
            Ok(()) => readable.push(review),
            Err(error) if is_stream => log::warn!("skipped: `{}`: {error}", review.id),
            Err(error) => return Err(error.context(format!("`{}`", review.id))),
        }
    }
    Ok(readable)
}

fn viewers(args: &Args, choice: Choice, engine: &Engine) -> anyhow::Result<Vec<Viewer>> {
    let runs = args.run.iter().map(|folder| Model::from_run(folder, engine));
    let models = args.model.iter().map(|folder| Model::from_folder(folder, engine));
    let viewers: Vec<Viewer> = runs
        .chain(models)
        .map(|model| model.and_then(|model| viewer(args, choice, model, engine)))
        .collect::<anyhow::Result<_>>()?;
    if args.format == Format::Png {
        ensure!(viewers.len() == 1, "--format png shows one model: name one, or use --format html");
        ensure!(args.faithfulness.is_none(), "--format png has no room for --faithfulness: use --format html");
    }
    Ok(viewers)
}

fn viewer(args: &Args, choice: Choice, model: Model, engine: &Engine) -> anyhow::Result<Viewer> {
    let baseline = args.against.as_deref().map(|named| baseline(args, named, &model, engine)).transpose()?;
    // Without a choice, a page starts with whatever methods the model has.
    let mut methods =
        if args.format == Format::Html && !args.names_method() { vec![] } else { vec![choice.method(&model)?] };
    if let Some(baseline) = &baseline {
        baseline.methods(&model, &methods)?;
    }
    if args.format == Format::Html {
        methods = model.methods();
        let compares = |method: Method| baseline.as_ref().is_none_or(|other| other.methods(&model, &[method]).is_ok());
        methods.retain(|&method| compares(method) && !(args.attention_only && method.needs_answer()));
    }
    Ok(Viewer { model, baseline, methods, choice, attention_only: args.attention_only })
}

fn baseline(args: &Args, named: &str, model: &Model, engine: &Engine) -> anyhow::Result<Baseline> {
    let folder = std::path::Path::new(named);
    let other = match named {
        "pretrained" => model.pretrained(&args.models)?,
        _ if trained::is_run(folder) => Model::from_run(folder, engine)?,
        _ => Model::from_folder(folder, engine)?,
    };
    Baseline::new(other, model)
}
