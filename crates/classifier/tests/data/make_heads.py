"""Dump every head on a small random BERT, as PyTorch + transformers computes it, for ../parity.rs and train's reference.rs.

    pip install torch transformers safetensors && python make_heads.py

Writes `heads/config.json` (the encoder), `heads/cases.json` (each case as a study file would ask for it),
`heads/weights.safetensors` and `heads/expected.safetensors` beside itself: for each case logits, loss, the gradient of
every parameter, and every parameter after three optimizer steps on the one batch. The epsilon is large, so
that the rounding noise in key biases, whose gradient is 0 by mathematics, is not blown up to whole steps.
"""
import json
import math
import pathlib

import torch
from safetensors.torch import save_file
from torch import nn
from transformers import BertConfig, BertModel, get_linear_schedule_with_warmup

torch.manual_seed(11)
torch.set_num_threads(1)
folder = pathlib.Path(__file__).parent / "heads"
folder.mkdir(exist_ok=True)
POSITIONS, CLASSES, SIZE = 37, 3, 5
config = BertConfig(
    vocab_size=25, hidden_size=12, num_hidden_layers=3, num_attention_heads=2, intermediate_size=10,
    max_position_embeddings=POSITIONS, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    initializer_range=0.3, layer_norm_eps=1e-3, attn_implementation="eager",
)
lengths = [37, 2, 19, 8]
input_ids = torch.zeros(4, POSITIONS, dtype=torch.long)
for row, length in enumerate(lengths):
    input_ids[row, :length] = torch.randint(1, config.vocab_size, (length,))
mask = (torch.arange(POSITIONS)[None] < torch.tensor(lengths)[:, None]).long()
labels = torch.tensor([0, 2, 1, 2])

LSTM = {"hidden_size": SIZE}
ADAMW = {"kind": "adamw", "encoder_learning_rate": 1e-3, "head_learning_rate": 1e-2, "weight_decay": 0.1, "epsilon": 1e-3}
CASES = {
    "cls": {"blocks": [0, 1, 2], "head": {"kind": "cls-linear"}},
    "mean": {"blocks": [0], "head": {"kind": "mean-linear"}},
    "flatten": {"blocks": [0, 1], "head": {"kind": "flatten-linear"}},
    "bilstm": {"blocks": [0, 1], "head": {"kind": "bilstm", **LSTM}},
    "last-bilstm": {"blocks": [1, 2], "head": {"kind": "bilstm", **LSTM}},
    "concat": {"blocks": [0, 1], "head": {"kind": "concat-bilstm", **LSTM}},
    "first-padding": {"blocks": [0], "head": {"kind": "bilstm", "read_out": "first-padding", **LSTM}},
    "one-way": {"blocks": [0], "head": {"kind": "bilstm", "bidirectional": False, **LSTM}},
    "deep": {"blocks": [], "head": {"kind": "bilstm", "layers": 2, **LSTM}},
    "table": {"blocks": [], "head": {"kind": "bilstm", **LSTM}, "embeddings": {"kind": "table", "size": 7},
              "optimizer": {"kind": "adam", "learning_rate": 1e-2, "epsilon": 1e-3}},
    "recipe": {"blocks": [0, 1, 2], "head": {"kind": "cls-linear"},
               "optimizer": {**ADAMW, "layer_decay": 0.8, "betas": [0.8, 0.95]}, "gradient_clip_norm": 0.5,
               "schedule": {"kind": "linear", "warmup": 0.33}, "freeze": {"embeddings": 2, "blocks": 1},
               "batch_size": 2, "gradient_accumulation_steps": 2},
    # Three examples and one are two batches that must weigh by their examples.
    # Blocks that learn later than the embeddings below them must not count in the norm before they do.
    "frozen": {"blocks": [0], "head": {"kind": "mean-linear"}, "gradient_clip_norm": 0.2, "freeze": {"blocks": 2}},
    "accumulated": {"blocks": [0], "head": {"kind": "mean-linear"}, "batch_size": 3, "gradient_accumulation_steps": 2},
    "weighted": {"blocks": [0, 1], "head": {"kind": "cls-linear"}, "class_weights": [0.5, 3.0, 1.25]},
    # Batches must weigh by the weights of their examples.
    "balanced": {"blocks": [0], "head": {"kind": "mean-linear"}, "class_weights": "balanced", "batch_size": 3,
                 "gradient_accumulation_steps": 2},
}


class Reference(nn.Module):
    def __init__(self, case, encoder):
        super().__init__()
        self.head, kept = case["head"], case["blocks"]
        inputs = config.hidden_size
        if "embeddings" in case:
            inputs = case["embeddings"]["size"]
            self.embedding = nn.Embedding(config.vocab_size, inputs)
        else:
            self.bert = BertModel(config, add_pooling_layer=self.head["kind"] == "cls-linear")
            self.bert.load_state_dict({name: tensor for name, tensor in encoder.items() if name in self.bert.state_dict()})
            self.bert.encoder.layer = nn.ModuleList([self.bert.encoder.layer[i] for i in kept])
            self.bert.config.num_hidden_layers = len(kept)
        width = {"flatten-linear": POSITIONS * inputs}.get(self.head["kind"], inputs)
        if "bilstm" in self.head["kind"]:
            both = self.head.get("bidirectional", True)
            inputs *= len(kept) + 1 if self.head["kind"] == "concat-bilstm" else 1
            self.lstm = nn.LSTM(inputs, SIZE, self.head.get("layers", 1), batch_first=True, bidirectional=both)
            width = SIZE * (2 if both else 1)
        self.classifier = nn.Linear(width, CLASSES)

    def forward(self):
        if hasattr(self, "embedding"):
            return self.classifier(self.recurrent(self.embedding(input_ids)))
        out = self.bert(input_ids, attention_mask=mask, output_hidden_states=True)
        hidden, real = out.last_hidden_state, mask[..., None].float()
        match self.head["kind"]:
            case "cls-linear":
                read = out.pooler_output
            case "mean-linear":
                read = (hidden * real).sum(1) / real.sum(1)
            case "flatten-linear":
                read = (hidden * real).flatten(1)
            case "bilstm":
                read = self.recurrent(hidden)
            case "concat-bilstm":
                read = self.recurrent(torch.cat(out.hidden_states, -1))
        return self.classifier(read)

    def recurrent(self, sequence):
        if self.head.get("read_out") == "first-padding":  # as the source: over the padding, both states at one place
            output, _ = self.lstm(sequence)
            return output[torch.arange(4), torch.tensor(lengths).clamp(max=POSITIONS - 1)]
        packed = nn.utils.rnn.pack_padded_sequence(sequence, lengths, batch_first=True, enforce_sorted=False)
        _, (state, _) = self.lstm(packed)
        top = state[-(2 if self.lstm.bidirectional else 1):]
        return torch.cat(list(top), -1)


def optimizer_of(model, case):
    options = case.get("optimizer", ADAMW)
    if options["kind"] == "adam":
        return torch.optim.Adam(model.parameters(), lr=options["learning_rate"], eps=options["epsilon"])
    depth, decay = len(case["blocks"]), options.get("layer_decay", 1.0)
    groups = []
    for name, parameter in model.named_parameters():
        flat = name.endswith("bias") or "LayerNorm" in name
        below = depth if ".embeddings." in name else depth - 1 - int(name.split(".")[3]) if ".layer." in name else 0
        rate = options["encoder_learning_rate"] * decay**below if name.startswith("bert.") else options["head_learning_rate"]
        weight_decay = options["weight_decay"] if name.startswith("bert.") and not flat else 0.0
        groups.append({"params": [parameter], "lr": rate, "weight_decay": weight_decay})
    return torch.optim.AdamW(groups, eps=options["epsilon"], betas=tuple(options.get("betas", (0.9, 0.999))))


def loss_of(case):
    """The loss function, and the class weights if there are any."""
    weights = case.get("class_weights")
    if weights == "balanced":  # as scikit-learn's compute_class_weight("balanced", …)
        weights = len(labels) / (CLASSES * torch.bincount(labels, minlength=CLASSES).float())
    weights = None if weights is None else torch.as_tensor(weights)
    return nn.CrossEntropyLoss(weight=weights), weights


def freeze(model, case, epoch):
    frozen = case.get("freeze", {})
    for name, parameter in model.named_parameters():
        until = frozen.get("embeddings", 0) if ".embeddings." in name else frozen.get("blocks", 0) if ".layer." in name else 0
        parameter.requires_grad_(epoch > until)


base = BertModel(config)
for name, parameter in base.named_parameters():  # as trained ones look, so that no gradient vanishes
    if name.endswith("LayerNorm.weight"):
        nn.init.normal_(parameter, 1.0, 0.3)
    elif name.endswith("bias"):
        nn.init.normal_(parameter, 0.0, 0.3)
encoder = {name: tensor.clone() for name, tensor in base.state_dict().items()}
weights = {f"bert.{name}": tensor for name, tensor in encoder.items()}
expected = {"input_ids": input_ids.float(), "lengths": torch.tensor(lengths).float(), "labels": labels.float()}
for name, case in CASES.items():
    config.num_hidden_layers = 3
    model = Reference(case, encoder)
    for parameter_name, parameter in model.named_parameters():
        if not parameter_name.startswith("bert."):
            nn.init.normal_(parameter, 0.0, 0.1 if case["head"]["kind"] == "flatten-linear" else 0.5)
            weights[f"{name}.{parameter_name}"] = parameter.detach()
    logits = model()
    cross_entropy, class_weights = loss_of(case)
    loss = cross_entropy(logits, labels)
    loss.backward()
    expected[f"{name}.logits"], expected[f"{name}.loss"] = logits.detach(), loss.detach().reshape(1)
    if class_weights is not None:
        expected[f"{name}.class_weights"] = class_weights
    expected |= {f"{name}.gradient.{key}": parameter.grad.clone() for key, parameter in model.named_parameters()}
    weights = {key: tensor.clone() for key, tensor in weights.items()}
    optimizer = optimizer_of(model, case)
    warmup = math.ceil(case.get("schedule", {}).get("warmup", 0) * 3)
    scheduler = get_linear_schedule_with_warmup(optimizer, warmup, 3) if "schedule" in case else None
    for epoch in (1, 2, 3):
        optimizer.zero_grad()
        freeze(model, case, epoch)
        cross_entropy(model(), labels).backward()
        if "gradient_clip_norm" in case:
            nn.utils.clip_grad_norm_([p for p in model.parameters() if p.grad is not None], case["gradient_clip_norm"])
        optimizer.step()
        if scheduler:
            scheduler.step()
    expected |= {f"{name}.after.{key}": parameter.detach() for key, parameter in model.named_parameters()}

config.num_hidden_layers = 3
tensors = lambda named: {name: tensor.contiguous().clone() for name, tensor in named.items()}
save_file(tensors(weights), folder / "weights.safetensors")
save_file(tensors(expected), folder / "expected.safetensors")
(folder / "config.json").write_text(json.dumps(config.to_dict(), indent=1, default=str) + "\n")
asked = {name: {"optimizer": ADAMW, **case, "blocks": ",".join(map(str, case["blocks"])) or "none"} for name, case in CASES.items()}
(folder / "cases.json").write_text(json.dumps(asked, indent=1) + "\n")
print({name: round(float(expected[f"{name}.loss"]), 4) for name in CASES})
