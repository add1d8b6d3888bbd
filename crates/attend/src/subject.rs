//! A model to look into, and the tokenizer it reads with.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use bert::{Config, Encoder, Precision};
use burn::module::Module;
use burn::tensor::{Device, Tensor, activation};
use classifier::device::Engine;
use classifier::{Definition, EmbeddingsConfig, HeadConfig, Model};
use serde_json::{Value, json};
use study::Data;
use tokens::{Spanned, TextTokenizer};
use trained::{Answers, Trained};

use crate::map::Map;

/// A model to look into.
pub(crate) struct Subject {
    /// The run's id, or the folder's name.
    pub(crate) name: String,
    /// Which pretrained blocks it keeps.
    pub(crate) blocks: Vec<usize>,
    /// N
    pub(crate) heads: usize,
    /// Class names by index.
    pub(crate) labels: Vec<String>,
    /// What it was trained on, if it is one of our runs.
    pub(crate) shards_sha256: Option<String>,
    /// The encoder it was cut from, by the name of its folder; nothing if nobody knows.
    pub(crate) encoder: Option<String>,
    data: Data,
    pub(crate) tokenizer: TextTokenizer,
    pub(crate) model: Model,
    pub(crate) device: Device,
}

/// What a model makes of one text.
pub(crate) struct Seen {
    /// `[P, H]`: what each kept block reads; of a model without blocks the embeddings, if anything reads them.
    pub(crate) hidden_states: Vec<Tensor<2>>,
    /// `[C]`, summing to 1.
    pub(crate) probabilities: Vec<f32>,
}

impl Subject {
    /// The model of a finished run.
    ///
    /// # Errors
    /// The run is not finished, or it is TF-IDF, which attends to nothing.
    pub(crate) fn of_run(folder: &Path, engine: &Engine) -> anyhow::Result<Self> {
        Self::new(Trained::from_run(folder, engine).with_context(|| format!("`{}`", folder.display()))?, engine)
    }

    /// A Hugging Face folder of a classifier.
    ///
    /// # Errors
    /// It is no such folder.
    pub(crate) fn of_model(folder: &Path, engine: &Engine) -> anyhow::Result<Self> {
        Self::new(Trained::from_model(folder, engine)?, engine)
    }

    fn new(trained: Trained, engine: &Engine) -> anyhow::Result<Self> {
        let tokenizer = trained.tokenizer()?;
        let name = trained.name;
        let Answers::Network { model, encoder } = trained.answers else {
            bail!("`{name}` is TF-IDF, which weighs words by themselves: there is no attention to look at");
        };
        let ours = |field: &str| encoder.other.get("fathom").map_or(Value::Null, |ours| ours[field].clone());
        let blocks = match model.encoder() {
            Some(whole) => serde_json::from_value(ours("blocks")).unwrap_or((0..whole.blocks().len()).collect()),
            None => Vec::new(),
        };
        let kept = model.encoder().map_or(0, |whole| whole.blocks().len());
        ensure!(
            blocks.len() == kept && blocks.windows(2).all(|pair: &[usize]| pair[0] < pair[1]),
            "`{name}`: config.json names the blocks {blocks:?} under `fathom`, but the model has {kept}"
        );
        Ok(Subject {
            name,
            blocks,
            heads: encoder.num_attention_heads,
            labels: trained.labels,
            shards_sha256: trained.origin.shards_sha256().map(str::to_owned),
            encoder: ours("encoder").as_str().map(str::to_owned),
            data: trained.data,
            tokenizer,
            model: *model,
            device: engine.device.clone(),
        })
    }

    /// The pretrained encoder that this model was cut from, cut alike, before it was trained.
    ///
    /// # Errors
    /// Nobody knows its name, or `models` does not hold it.
    pub(crate) fn pretrained(&self, models: &Path) -> anyhow::Result<Self> {
        let unknown = || format!("`{}` does not say which pretrained model it comes from: name its folder", self.name);
        let folder = models.join(self.encoder.as_deref().filter(|name| study::is_id(name)).with_context(unknown)?);
        let remedy =
            || format!("no pretrained model in `{}`; name where models lie with --models DIR", models.display());
        let encoder = Config::read(&folder).with_context(remedy)?;
        let nothing =
            || format!("`{}` has no pretrained weights to compare with; try --against another run", self.name);
        let heads = encoder.num_attention_heads;
        let definition = Definition {
            encoder,
            embeddings: EmbeddingsConfig::Pretrained {},
            kept: self.blocks.clone(),
            head: HeadConfig::from_value(json!({"kind": "mean-linear"})).map_err(anyhow::Error::msg)?,
            positions: self.data.max_seq_length,
            classes: self.labels.len(),
            dropout: 0.0,
            encoder_dropout: 0.0,
            precision: Precision::Fp32,
        };
        Ok(Subject {
            name: "pretrained".to_owned(),
            blocks: self.blocks.clone(),
            heads,
            labels: Vec::new(),
            shards_sha256: None,
            encoder: None,
            data: self.data.clone(),
            tokenizer: TextTokenizer::load(&folder, &self.data)?,
            model: definition.pretrained(&folder, 0, &self.device).with_context(nothing)?.valid(),
            device: self.device.clone(),
        })
    }

    /// How its texts are cut.
    pub(crate) fn data(&self) -> &Data {
        &self.data
    }

    /// The encoder; only a model with attention has [`Map`]s that ask for it.
    pub(crate) fn encoder(&self) -> anyhow::Result<&Encoder> {
        let name = &self.name;
        let encoder = self.model.encoder().with_context(|| {
            format!("`{name}` has embeddings of its own and no BERT: there is no attention to look at; try --method gradient-input")
        })?;
        ensure!(
            !self.blocks.is_empty(),
            "`{name}` keeps no block: there is no attention to look at; try --method gradient-input"
        );
        Ok(encoder)
    }

    /// Attention in a kept block, if the model has it.
    ///
    /// # Errors
    /// It has no such block or attention head, or no attention at all.
    pub(crate) fn attention(&self, block: usize, head: Option<usize>) -> anyhow::Result<Map> {
        self.encoder()?;
        let (name, last, pretrained) = (&self.name, self.blocks.len() - 1, spoken(&self.blocks));
        ensure!(
            block <= last,
            "`{name}` has no block {block}: it keeps {} of the pretrained model, here counted from 0 to {last}",
            if last == 0 { format!("block {pretrained}") } else { format!("blocks {pretrained}") }
        );
        let heads = self.heads;
        ensure!(
            head.is_none_or(|head| head < heads),
            "`{name}` has no attention head {}: there are {heads}, counted from 0 to {}",
            head.unwrap_or(0),
            heads - 1
        );
        Ok(Map::Attention { block, head })
    }

    /// Every map of this model: each kept block's mean and attention heads, then what goes through all of them.
    pub(crate) fn maps(&self) -> Vec<Map> {
        let heads = || std::iter::once(None).chain((0..self.heads).map(Some));
        let attention =
            (0..self.blocks.len()).flat_map(|block| heads().map(move |head| Map::Attention { block, head }));
        let rollout = (!self.blocks.is_empty()).then_some(Map::Rollout);
        attention.chain(rollout).chain([Map::GradientInput, Map::IntegratedGradients]).collect()
    }

    /// The tokens that the model reads of `text`.
    ///
    /// # Errors
    /// Nothing is left of it.
    pub(crate) fn read(&self, text: &str) -> anyhow::Result<Vec<Spanned>> {
        let tokens = self.tokenizer.spans(text)?;
        ensure!(tokens.len() > 2, "the text is empty: there is nothing to attend to");
        Ok(tokens)
    }

    /// What the model makes of `sequences`.
    ///
    /// # Errors
    /// It answers with what is no number.
    pub(crate) fn see(&self, sequences: &[&[u32]]) -> anyhow::Result<Vec<Seen>> {
        let batch = self.model.batch(sequences, self.tokenizer.pad_token_id, &self.device);
        let (hidden_states, logits) = self.model.forward_with_hidden_states(&batch);
        let probabilities = self.probabilities(logits)?;
        let rows = batch.layout.sequences().iter().map(|sequence| (sequence.rows.start, sequence.tokens));
        let seen = |((start, tokens), probabilities): ((usize, usize), Vec<f32>)| {
            let of = |hidden: &Tensor<2>| hidden.clone().narrow(0, start, tokens);
            Seen { hidden_states: hidden_states.iter().map(of).collect(), probabilities }
        };
        Ok(rows.zip(probabilities).map(seen).collect())
    }

    fn probabilities(&self, logits: Tensor<2>) -> anyhow::Result<Vec<Vec<f32>>> {
        let classes = logits.dims()[1];
        let flat: Vec<f32> = activation::softmax(logits, 1).into_data().iter::<f32>().collect();
        ensure!(flat.iter().all(|p| p.is_finite()), "`{}` answers with what is no number; train it again", self.name);
        Ok(flat.chunks(classes).map(<[f32]>::to_vec).collect())
    }
}

/// `0–2` or `0, 5, 11`.
pub(crate) fn spoken(blocks: &[usize]) -> String {
    match blocks {
        [first, .., last] if last - first + 1 == blocks.len() => format!("{first}–{last}"),
        _ => blocks.iter().map(usize::to_string).collect::<Vec<_>>().join(", "),
    }
}
