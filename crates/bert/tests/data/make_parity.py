"""Dump every part of a small random BERT of an unusual shape, as Hugging Face computes it, for tests/parity.rs.

    pip install torch transformers safetensors && python make_parity.py

Writes `parity/config.json`, `parity/model.safetensors` and `parity/expected.safetensors` beside itself. Hidden states
are those of all 5 blocks; of other choices of blocks the pooled [CLS], and the last hidden state of one. Gradients of
blocks 1 and 3 are left out to keep the file small: crates/classifier/tests/data has those of every parameter.
What padding positions hold means nothing, so only real tokens are kept, one example after the other.
"""
import json
import pathlib

import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertForSequenceClassification

torch.manual_seed(7)
torch.set_num_threads(1)
folder = pathlib.Path(__file__).parent / "parity"
folder.mkdir(exist_ok=True)
config = BertConfig(
    vocab_size=30, hidden_size=48, num_hidden_layers=5, num_attention_heads=3, intermediate_size=12,
    max_position_embeddings=37, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, num_labels=3,
    initializer_range=0.15, layer_norm_eps=1e-3, attn_implementation="eager",
)
model = BertForSequenceClassification(config).eval()
for name, parameter in model.named_parameters():  # biases and LayerNorms too, or a swap would go unseen
    if name.endswith("LayerNorm.weight"):
        torch.nn.init.normal_(parameter, 1.0, 0.3)
    elif name.endswith("bias"):
        torch.nn.init.normal_(parameter, 0.0, 0.3)
lengths = [37, 3, 20, 1]
input_ids = torch.zeros(4, 37, dtype=torch.long)
mask = torch.zeros(4, 37, dtype=torch.long)
for row, length in enumerate(lengths):
    input_ids[row, :length] = torch.randint(1, 30, (length,))
    mask[row, :length] = 1
labels = torch.tensor([0, 2, 1, 2])
real = lambda hidden: torch.cat([hidden[row, :length] for row, length in enumerate(lengths)]).detach()
expected = {"input_ids": input_ids.float(), "lengths": torch.tensor(lengths).float(), "labels": labels.float()}

out = model(input_ids, attention_mask=mask, labels=labels, output_hidden_states=True, output_attentions=True)
out.loss.backward()
for layer, hidden in enumerate(out.hidden_states):
    expected[f"hidden.{layer}"] = real(hidden)
for block in (0, 4):  # of the third example: [N, its tokens, its tokens]
    expected[f"attention.{block}"] = out.attentions[block][2, :, :20, :20].detach()
expected["logits"], expected["loss"] = out.logits.detach(), out.loss.detach().reshape(1)
for name, parameter in model.named_parameters():
    if ".layer.1." not in name and ".layer.3." not in name:
        expected[f"gradient.{name}"] = parameter.grad

layers = list(model.bert.encoder.layer)
for name, kept in {"none": [], "first3": [0, 1, 2], "last2": [3, 4], "every2": [0, 2, 4], "mixed": [0, 1, 4]}.items():
    model.bert.encoder.layer = torch.nn.ModuleList([layers[i] for i in kept])
    model.bert.config.num_hidden_layers = len(kept)
    bert = model.bert(input_ids, attention_mask=mask)
    if name == "last2":
        expected[f"{name}.last"] = real(bert.last_hidden_state)
    expected[f"{name}.pooled"] = bert.pooler_output.detach()
model.bert.encoder.layer = torch.nn.ModuleList(layers)
model.config.num_hidden_layers = 5
tensors = lambda named: {name: tensor.contiguous().clone() for name, tensor in named.items()}
save_file(tensors(model.state_dict()), folder / "model.safetensors")
save_file(tensors(expected), folder / "expected.safetensors")
(folder / "config.json").write_text(json.dumps(config.to_dict(), indent=1, default=str) + "\n")
print({name: tuple(tensor.shape) for name, tensor in expected.items() if not name.startswith("gradient")})
