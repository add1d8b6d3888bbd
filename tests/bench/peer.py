"""The peer of `make bench PEER=1`: the same work in PyTorch + transformers.

    peer.py trainer   --shards DIR --model DIR --blocks 6 [--as-it-comes] [--random] [--device cuda]
    peer.py evaluate  --shards DIR --model DIR --blocks 6
    peer.py recurrent --shards DIR --model DIR --blocks 3      an LSTM on the blocks; with 0, on a table of its own

Prints one JSON line: examples, seconds, versions. The seconds include the first step, but not the loading of model and
data. Dropout is applied as in Fathom, before the classifier only.
"""
import argparse
import functools
import json
import pathlib
import random
import tempfile
import time

import torch
import transformers
import transformers.trainer_pt_utils as trainer_parts
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainerCallback, TrainingArguments

ENCODER_RATE, HEAD_RATE, DROPOUT, BATCH_SIZE = 1e-4, 1e-3, 0.2, 32


def examples(folder, split):
    lines = (line for shard in sorted(folder.glob(f"{split}-*.jsonl")) for line in shard.open())
    return [{"input_ids": torch.tensor(row["input_ids"]), "labels": row["label"]} for row in map(json.loads, lines)]


def padded(rows, multiple=1):
    """A batch as long as its longest row, or as the next multiple."""
    ids = torch.nn.utils.rnn.pad_sequence([row["input_ids"] for row in rows], batch_first=True)
    ids = torch.nn.functional.pad(ids, (0, -ids.shape[1] % multiple))
    lengths = torch.tensor([len(row["input_ids"]) for row in rows])
    mask = (torch.arange(ids.shape[1]) < lengths[:, None]).long()
    return {"input_ids": ids, "attention_mask": mask, "labels": torch.tensor([row["labels"] for row in rows])}


def bert(args):
    config = BertConfig.from_pretrained(
        args.model, num_labels=2, num_hidden_layers=args.blocks, classifier_dropout=DROPOUT, hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    config._attn_implementation = args.attention
    if args.random:
        return BertForSequenceClassification(config)
    return BertForSequenceClassification.from_pretrained(args.model, config=config)


def synchronize():
    if torch.cuda.is_available():
        torch.cuda.synchronize()


class Clock(TrainerCallback):
    """From before the first step until after the last."""

    def on_train_begin(self, *_, **__):
        self.start = time.perf_counter()

    def on_train_end(self, *_, **__):
        synchronize()
        self.seconds = time.perf_counter() - self.start


def run(args, folder, **asked):
    """A Trainer with its defaults (fp32, batches padded to their longest row), or with every faster option."""
    fields = TrainingArguments.__dataclass_fields__  # version 5 renamed `group_by_length`
    by_length = "group_by_length"
    grouped = {by_length: True} if by_length in fields else {"train_sampling_strategy": by_length}
    best = {"bf16": True, "optim": "adamw_torch_fused", "max_grad_norm": 0.0, "logging_strategy": "no", **grouped}
    common = {"num_train_epochs": 1, "learning_rate": ENCODER_RATE, "weight_decay": 0.01, "save_strategy": "no",
              "per_device_train_batch_size": BATCH_SIZE, "report_to": "none", "disable_tqdm": True,
              "use_cpu": args.device == "cpu", "dataloader_pin_memory": args.device != "cpu"}
    settings = TrainingArguments(folder, **common | ({} if args.as_it_comes else best) | asked)
    data, clock = examples(args.shards, "train"), Clock()
    pad = padded if args.as_it_comes else functools.partial(padded, multiple=32)  # of 1, 32 and 64 the fastest
    return Trainer(bert(args), settings, pad, data, callbacks=[clock]), clock


def trainer(args):
    with tempfile.TemporaryDirectory() as folder:
        training, clock = run(args, folder)
        training.train()
    return len(training.train_dataset), clock.seconds


def evaluate(args):
    data = sorted(examples(args.shards, "test"), key=lambda row: -len(row["input_ids"]))
    with tempfile.TemporaryDirectory() as folder:
        asked = {"bf16": args.autocast, "bf16_full_eval": not args.autocast}
        answering, _ = run(args, folder, per_device_eval_batch_size=args.batch_size, **asked)
        start = time.perf_counter()
        answering.evaluate(data)
        synchronize()
    return len(data), time.perf_counter() - start


class Recurrent(torch.nn.Module):
    """Blocks or a table, a BiLSTM over the real tokens, both end states, dropout, linear."""

    def __init__(self, args):
        super().__init__()
        if args.blocks:
            self.encoder = bert(args).bert
            self.encoder.pooler = None
            size = self.encoder.config.hidden_size
        else:
            size, vocabulary = args.table, BertConfig.from_pretrained(args.model).vocab_size
            self.encoder = torch.nn.Embedding(vocabulary, size, padding_idx=0)
        self.lstm = torch.nn.LSTM(size, 128, batch_first=True, bidirectional=True)
        self.dropout, self.classifier = torch.nn.Dropout(DROPOUT), torch.nn.Linear(256, 2)

    def hidden(self, ids, mask):
        if isinstance(self.encoder, torch.nn.Embedding):
            return self.encoder(ids)
        with torch.autocast(ids.device.type, dtype=torch.bfloat16):
            return self.encoder(ids, attention_mask=mask).last_hidden_state.float()

    def forward(self, ids, mask):
        pack = torch.nn.utils.rnn.pack_padded_sequence
        packed = pack(self.hidden(ids, mask), mask.sum(1).cpu(), batch_first=True, enforce_sorted=False)
        with torch.autocast(ids.device.type, dtype=torch.bfloat16, enabled=args.bf16_lstm):
            _, (ends, _) = self.lstm(packed)
        return self.classifier(self.dropout(torch.cat([ends[0], ends[1]], 1).float()))


def batches(data):
    """Random batches of similar length: windows of 16 batches are sorted, as in `train`."""
    random.shuffle(data)
    windows = [data[i:i + 16 * BATCH_SIZE] for i in range(0, len(data), 16 * BATCH_SIZE)]
    ordered = [row for window in windows for row in sorted(window, key=lambda row: len(row["input_ids"]))]
    cut = [ordered[i:i + BATCH_SIZE] for i in range(0, len(ordered), BATCH_SIZE)]
    random.shuffle(cut)
    return map(padded, cut)


def recurrent(args):
    data, model = examples(args.shards, "train"), Recurrent(args).to(args.device)
    of = lambda encoder: [p for name, p in model.named_parameters() if name.startswith("encoder.") == encoder]
    rate = ENCODER_RATE if args.blocks else HEAD_RATE
    groups = [{"params": of(True), "lr": rate}, {"params": of(False), "lr": HEAD_RATE}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01 if args.blocks else 0.0, fused=True)
    start = time.perf_counter()
    for batch in batches(data):
        ids, mask, labels = (batch[name].to(args.device) for name in ("input_ids", "attention_mask", "labels"))
        torch.nn.functional.cross_entropy(model(ids, mask), labels).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    synchronize()
    return len(data), time.perf_counter() - start


parser = argparse.ArgumentParser()
parser.add_argument("work", choices=["trainer", "evaluate", "recurrent"])
parser.add_argument("--shards", type=pathlib.Path, required=True)
parser.add_argument("--model", type=pathlib.Path, required=True)
parser.add_argument("--blocks", type=int, required=True)
parser.add_argument("--device", default="cpu")
parser.add_argument("--random", action="store_true", help="random weights of the model's shape")
parser.add_argument("--as-it-comes", action="store_true", help="the Trainer's own defaults, which are fp32")
parser.add_argument("--table", type=int, default=100, help="size of the table's vectors")
parser.add_argument("--bf16-lstm", action="store_true", help="autocast around the LSTM too, which Fathom computes in fp32")
# Measured on two cores, MiniLM, bf16: `eager` trains four times slower, `evaluate` is fastest with these two.
parser.add_argument("--attention", choices=["sdpa", "eager"], default="sdpa")
parser.add_argument("--batch-size", type=int, default=8, help="of evaluate: 1, 2, 4, 16, 32 and 64 are slower")
parser.add_argument("--autocast", action="store_true", help="evaluate with autocast instead of bf16_full_eval")
args = parser.parse_args()
transformers.logging.set_verbosity_error()
# The Trainer sorts up to 50 batches together, but fewer of so few examples; this is its order of 25,000: 20 % faster.
grouped = trainer_parts.get_length_grouped_indices
trainer_parts.get_length_grouped_indices = functools.partial(grouped, mega_batch_mult=50)
random.seed(42)
torch.manual_seed(42)
count, seconds = {"trainer": trainer, "evaluate": evaluate, "recurrent": recurrent}[args.work](args)
versions = {"torch": torch.__version__, "transformers": transformers.__version__}
print(json.dumps({"examples": count, "seconds": seconds, "threads": torch.get_num_threads(), "versions": versions}))
