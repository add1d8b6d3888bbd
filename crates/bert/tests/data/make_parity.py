"""Dump every layer of a tiny random BERT, as Hugging Face computes it, for tests/parity.rs.

    pip install torch transformers safetensors && python make_parity.py

Writes `parity/config.json`, `parity/model.safetensors` and `parity/expected.safetensors` beside itself.
"""
import json
import pathlib

import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertForSequenceClassification

torch.manual_seed(7)
folder = pathlib.Path(__file__).parent / "parity"
folder.mkdir(exist_ok=True)
config = BertConfig(
    vocab_size=40, hidden_size=16, num_hidden_layers=4, num_attention_heads=4, intermediate_size=24,
    max_position_embeddings=12, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, num_labels=3,
    initializer_range=0.5, attn_implementation="eager",
)
model = BertForSequenceClassification(config).eval()
for name, parameter in model.named_parameters():  # biases and LayerNorms too, or a swap would go unseen
    if name.endswith("bias") or "LayerNorm" in name:
        torch.nn.init.normal_(parameter, 0.3, 0.5)
lengths = [9, 4, 12]
input_ids = torch.zeros(3, 12, dtype=torch.long)
mask = torch.zeros(3, 12, dtype=torch.long)
for row, length in enumerate(lengths):
    input_ids[row, :length] = torch.randint(1, 40, (length,))
    mask[row, :length] = 1
labels = torch.tensor([0, 2, 1])
expected = {"input_ids": input_ids.to(torch.float32), "lengths": torch.tensor(lengths, dtype=torch.float32)}
kept_choices = {"first1": [0], "first3": [0, 1, 2], "all": [0, 1, 2, 3], "last2": [2, 3], "every2": [0, 2], "none": []}
layers = list(model.bert.encoder.layer)
for name, kept in kept_choices.items():
    model.bert.encoder.layer = torch.nn.ModuleList([layers[i] for i in kept])
    model.config.num_hidden_layers = len(kept)
    model.zero_grad()
    seen = []
    modules = [model.bert.embeddings, *model.bert.encoder.layer]
    keep = lambda module, args, out: seen.append((out[0] if isinstance(out, tuple) else out).detach())
    hooks = [module.register_forward_hook(keep) for module in modules]
    out = model(input_ids, attention_mask=mask, labels=labels)
    [hook.remove() for hook in hooks]
    out.loss.backward()
    for i, hidden in enumerate(seen):
        expected[f"{name}.hidden.{i}"] = hidden
    expected[f"{name}.logits"] = out.logits.detach()
    expected[f"{name}.loss"] = out.loss.detach().reshape(1)
    if name == "all":
        for parameter, tensor in model.named_parameters():
            expected[f"gradient.{parameter}"] = tensor.grad
model.bert.encoder.layer = torch.nn.ModuleList(layers)
model.config.num_hidden_layers = 4
save_file({k: v.contiguous().clone() for k, v in model.state_dict().items()}, folder / "model.safetensors")
save_file({k: v.contiguous().clone() for k, v in expected.items()}, folder / "expected.safetensors")
(folder / "config.json").write_text(json.dumps(config.to_dict(), indent=1, default=str) + "\n")
print({k: tuple(v.shape) for k, v in expected.items() if not k.startswith("gradient")})
