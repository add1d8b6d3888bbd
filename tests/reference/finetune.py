"""The same recipe in PyTorch + transformers on the same shards, to compare with Fathom's accuracy.

    pip install torch transformers safetensors
    python tests/reference/finetune.py --shards data/shards/<name> --model data/models/all-MiniLM-L6-v2 --blocks 6
    python tests/reference/finetune.py --head bilstm --shards … --model … --blocks 3

Prints one JSON line per epoch and split. Same tokens, same validation examples, same optimizer groups,
dropout before the classifier only; batches of similar length from windows of 16, as in `train`.
"""
import argparse
import json
import pathlib
import random
import time

import torch
from transformers import BertForSequenceClassification

parser = argparse.ArgumentParser()
parser.add_argument("--shards", type=pathlib.Path, required=True)
parser.add_argument("--model", type=pathlib.Path, required=True)
parser.add_argument("--blocks", type=int, required=True)
parser.add_argument("--head", choices=["cls-linear", "bilstm"], default="cls-linear")
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--batch-size", type=int, default=32)
parser.add_argument("--encoder-learning-rate", type=float, default=1e-4)
parser.add_argument("--head-learning-rate", type=float, default=1e-3)
parser.add_argument("--dropout", type=float, default=0.2)
parser.add_argument("--seed", type=int, default=42)
parser.add_argument("--fp32", action="store_true", help="use fp32 instead of bf16")
args = parser.parse_args()
torch.manual_seed(args.seed)


def examples(split):
    lines = (line for shard in sorted(args.shards.glob(f"{split}-*.jsonl")) for line in shard.open())
    return [json.loads(line) for line in lines]


def batches(data, shuffled):
    order = sorted(range(len(data)), key=lambda i: len(data[i]["input_ids"]))
    if shuffled:
        random.shuffle(order)
        window = 16 * args.batch_size
        windows = [sorted(order[i:i + window], key=lambda i: len(data[i]["input_ids"])) for i in range(0, len(order), window)]
        order = [i for window in windows for i in window]
    cut = [order[i:i + args.batch_size] for i in range(0, len(order), args.batch_size)]
    if shuffled:
        random.shuffle(cut)
    for indices in cut:
        rows = [data[i]["input_ids"] for i in indices]
        longest = max(map(len, rows))
        ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
        yield ids, mask, torch.tensor([data[i]["label"] for i in indices])


class Recurrent(torch.nn.Module):
    """BiLSTM over the real tokens, both end states, dropout, linear."""

    def __init__(self, bert):
        super().__init__()
        self.bert, self.lstm = bert, torch.nn.LSTM(bert.config.hidden_size, 128, batch_first=True, bidirectional=True)
        self.dropout, self.classifier = torch.nn.Dropout(args.dropout), torch.nn.Linear(256, 2)

    def forward(self, ids, attention_mask):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=not args.fp32):
            hidden = self.bert(ids, attention_mask=attention_mask).last_hidden_state
        lengths = attention_mask.sum(1)
        packed = torch.nn.utils.rnn.pack_padded_sequence(hidden.float(), lengths, batch_first=True, enforce_sorted=False)
        _, (ends, _) = self.lstm(packed)
        return self.classifier(self.dropout(torch.cat([ends[0], ends[1]], 1)))


def logits_of(ids, mask):
    if args.head == "bilstm":
        return model(ids, attention_mask=mask)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=not args.fp32):
        return model(ids, attention_mask=mask).logits.float()


random.seed(args.seed)
model = BertForSequenceClassification.from_pretrained(
    args.model, num_labels=2, classifier_dropout=args.dropout, hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.0, attn_implementation="sdpa",
)
model.bert.encoder.layer = model.bert.encoder.layer[: args.blocks]
model.config.num_hidden_layers = args.blocks
torch.nn.Linear.reset_parameters(model.classifier)
if args.head == "bilstm":
    model.bert.pooler = None
    model = Recurrent(model.bert)
flat = lambda name: name.endswith("bias") or "LayerNorm" in name
encoder = [(name, p) for name, p in model.bert.named_parameters()]
optimizer = torch.optim.AdamW([
    {"params": [p for name, p in encoder if not flat(name)], "lr": args.encoder_learning_rate, "weight_decay": 0.01},
    {"params": [p for name, p in encoder if flat(name)], "lr": args.encoder_learning_rate, "weight_decay": 0.0},
    {"params": [p for name, p in model.named_parameters() if not name.startswith("bert.")], "lr": args.head_learning_rate,
     "weight_decay": 0.0},
], eps=1e-8)
data = {split: examples(split) for split in ("train", "validation", "test")}
for epoch in range(1, args.epochs + 1):
    start = time.perf_counter()
    model.train()
    for ids, mask, labels in batches(data["train"], shuffled=True):
        torch.nn.functional.cross_entropy(logits_of(ids, mask), labels).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    seconds = time.perf_counter() - start
    model.eval()
    for split in ("validation", "test"):
        with torch.no_grad():
            right = sum(int((logits_of(i, m).argmax(1) == y).sum()) for i, m, y in batches(data[split], shuffled=False))
        line = {"head": args.head, "blocks": args.blocks, "epoch": epoch, "split": split, "accuracy": right / len(data[split])}
        print(json.dumps(line | {"examples": len(data[split]), "train_seconds": round(seconds, 1)}), flush=True)
