//! The model whose attention is shown, with its tokenizer.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use bert::{Config, Encoder, Precision};
use burn::module::Module;
use burn::tensor::{Device, Tensor, activation};
use classifier::device::Engine;
use classifier::{Definition, EmbeddingsConfig, HeadConfig, Model as Network};
use serde_json::{Value, json};
use study::Data;
use tokens::{Spanned, TextTokenizer};
use trained::{Answers, Trained};

use crate::method::Method;

/// A trained model, or a pretrained encoder for comparison.
pub(crate) struct Model {
    /// The run's id, or the folder's name.
    pub(crate) name: String,
    /// Pretrained index of each kept block.
    pub(crate) blocks: Vec<usize>,
    /// N, attention heads of a block.
    pub(crate) heads: usize,
    /// Class names by index.
    pub(crate) labels: Vec<String>,
    /// sha256 of the training shards' manifest, if the model is one of our runs.
    pub(crate) shards_sha256: Option<String>,
    /// Folder name of the pretrained encoder, if it is known.
    pub(crate) encoder: Option<String>,
    data: Data,
    pub(crate) tokenizer: TextTokenizer,
    pub(crate) network: Network,
    pub(crate) device: Device,
}

/// A model's intermediate results for one text.
pub(crate) struct Activations {
    /// `[P, H]` each: the input of each kept block; for a model without blocks the embeddings, if the head reads them.
    pub(crate) hidden_states: Vec<Tensor<2>>,
    /// `[C]`, summing to 1.
    pub(crate) probabilities: Vec<f32>,
}

impl Activations {
    /// P
    pub(crate) fn tokens(&self) -> usize {
        self.hidden_states[0].dims()[0]
    }
}

impl Model {
    /// Load the model of a finished run.
    ///
    /// # Errors
    /// The run is not finished, or is TF-IDF, which has no attention.
    pub(crate) fn from_run(folder: &Path, engine: &Engine) -> anyhow::Result<Self> {
        Self::new(Trained::from_run(folder, engine).with_context(|| format!("`{}`", folder.display()))?, engine)
    }

    /// Load a Hugging Face folder of a classifier.
    ///
    /// # Errors
    /// The folder holds another kind of model, or none.
    pub(crate) fn from_folder(folder: &Path, engine: &Engine) -> anyhow::Result<Self> {
        Self::new(Trained::from_model(folder, engine)?, engine)
    }

    fn new(trained: Trained, engine: &Engine) -> anyhow::Result<Self> {
        let tokenizer = trained.tokenizer()?;
        let name = trained.name;
        let Answers::Network { model: network, encoder } = trained.answers else {
            bail!("`{name}` is TF-IDF, which has no attention: name a run of a network");
        };
        let ours = |field: &str| encoder.other.get("fathom").map_or(Value::Null, |ours| ours[field].clone());
        let blocks = match network.encoder() {
            Some(whole) => serde_json::from_value(ours("blocks")).unwrap_or((0..whole.blocks().len()).collect()),
            None => Vec::new(),
        };
        let kept = network.encoder().map_or(0, |whole| whole.blocks().len());
        ensure!(
            blocks.len() == kept && blocks.windows(2).all(|pair: &[usize]| pair[0] < pair[1]),
            "`{name}`: config.json lists the blocks {blocks:?} under `fathom`, but the model has {kept}; train the run again"
        );
        Ok(Model {
            name,
            blocks,
            heads: encoder.num_attention_heads,
            labels: trained.labels,
            shards_sha256: trained.origin.shards_sha256().map(str::to_owned),
            encoder: ours("encoder").as_str().map(str::to_owned),
            data: trained.data,
            tokenizer,
            network: *network,
            device: engine.device.clone(),
        })
    }

    /// The pretrained encoder of this model with the same blocks, before training.
    ///
    /// # Errors
    /// Its name is unknown, or `models` does not hold it.
    pub(crate) fn pretrained(&self, models: &Path) -> anyhow::Result<Self> {
        let unknown =
            || format!("`{}` does not name its pretrained model: give that folder with --against DIR", self.name);
        let folder = models.join(self.encoder.as_deref().filter(|name| study::is_id(name)).with_context(unknown)?);
        let remedy =
            || format!("`{}`: no pretrained model; name the folder of models with --models DIR", models.display());
        let encoder = Config::read(&folder).with_context(remedy)?;
        let no_weights =
            || format!("`{}` has no pretrained weights to compare with; name another run with --against", self.name);
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
        Ok(Model {
            name: "pretrained".to_owned(),
            blocks: self.blocks.clone(),
            heads,
            labels: Vec::new(),
            shards_sha256: None,
            encoder: None,
            data: self.data.clone(),
            tokenizer: TextTokenizer::load(&folder, &self.data)?,
            network: definition.pretrained(&folder, 0, &self.device).with_context(no_weights)?.valid(),
            device: self.device.clone(),
        })
    }

    /// How the model's texts are cleaned and truncated.
    pub(crate) fn data(&self) -> &Data {
        &self.data
    }

    /// The encoder.
    ///
    /// # Errors
    /// The model has no blocks, so no attention.
    pub(crate) fn encoder(&self) -> anyhow::Result<&Encoder> {
        let name = &self.name;
        let encoder = self
            .network
            .encoder()
            .with_context(|| format!("`{name}` has no BERT encoder, so no attention: use --method gradient-input"))?;
        ensure!(
            !self.blocks.is_empty(),
            "`{name}` keeps no block, so it has no attention: use --method gradient-input"
        );
        Ok(encoder)
    }

    /// Attention in a kept block.
    ///
    /// # Errors
    /// The model lacks the block, the attention head, or all attention.
    pub(crate) fn attention(&self, block: usize, head: Option<usize>) -> anyhow::Result<Method> {
        self.encoder()?;
        let (name, last, pretrained) = (&self.name, self.blocks.len() - 1, block_list(&self.blocks));
        ensure!(
            block <= last,
            "`{name}` has no block {block}: it keeps {} of the pretrained model, counted from 0 to {last}",
            if last == 0 { format!("block {pretrained}") } else { format!("blocks {pretrained}") }
        );
        let heads = self.heads;
        ensure!(
            head.is_none_or(|head| head < heads),
            "`{name}` has no attention head {}: it has {heads}, counted from 0 to {}",
            head.unwrap_or(0),
            heads - 1
        );
        Ok(Method::Attention { block, head })
    }

    /// Every method of this model: the mean and the attention heads of each kept block, then rollout and gradients.
    pub(crate) fn methods(&self) -> Vec<Method> {
        let heads = || std::iter::once(None).chain((0..self.heads).map(Some));
        let attention =
            (0..self.blocks.len()).flat_map(|block| heads().map(move |head| Method::Attention { block, head }));
        let rollout = (!self.blocks.is_empty()).then_some(Method::Rollout);
        attention.chain(rollout).chain([Method::GradientInput, Method::IntegratedGradients]).collect()
    }

    /// The tokens that the model reads of `text`.
    ///
    /// # Errors
    /// The text has no token.
    pub(crate) fn read(&self, text: &str) -> anyhow::Result<Vec<Spanned>> {
        let tokens = self.tokenizer.spans(text)?;
        ensure!(tokens.len() > 2, "the text is empty, so it has no token to attend to");
        Ok(tokens)
    }

    /// Run the model on `sequences` of token ids.
    ///
    /// # Errors
    /// A logit is not finite.
    pub(crate) fn activations(&self, sequences: &[&[u32]]) -> anyhow::Result<Vec<Activations>> {
        let batch = self.network.batch(sequences, self.tokenizer.pad_token_id, &self.device);
        let (hidden_states, logits) = self.network.forward_with_hidden_states(&batch);
        let probabilities = self.probabilities(logits)?;
        let rows = batch.layout.sequences().iter().map(|sequence| (sequence.rows.start, sequence.tokens));
        let activations = |((start, tokens), probabilities): ((usize, usize), Vec<f32>)| {
            let of = |hidden: &Tensor<2>| hidden.clone().narrow(0, start, tokens);
            Activations { hidden_states: hidden_states.iter().map(of).collect(), probabilities }
        };
        Ok(rows.zip(probabilities).map(activations).collect())
    }

    fn probabilities(&self, logits: Tensor<2>) -> anyhow::Result<Vec<Vec<f32>>> {
        let classes = logits.dims()[1];
        let flat = numbers(activation::softmax(logits, 1));
        ensure!(flat.iter().all(|p| p.is_finite()), "`{}` produced a non-finite logit; train it again", self.name);
        Ok(flat.chunks(classes).map(<[f32]>::to_vec).collect())
    }
}

/// `0–2` or `0, 5, 11`.
pub(crate) fn block_list(blocks: &[usize]) -> String {
    match blocks {
        [first, .., last] if last - first + 1 == blocks.len() => format!("{first}–{last}"),
        _ => blocks.iter().map(usize::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// A tensor's numbers, row by row.
pub(crate) fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}
