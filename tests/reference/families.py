"""Every family against transformers: a small random model of each goes through every command.

    pip install torch transformers==4.57.1 tokenizers sentencepiece protobuf
    python tests/reference/families.py target/release [FAMILY …] [--device flex] [--folder DIR]

Prints a table, family × command, with the largest difference in each cell; fails above its bound.

evaluate     logits of `evaluate --model`
first:2      logits after three AdamW steps on the first two blocks with `cls-linear`
last:1       the same on the last block with `bilstm`
heads        logits of every other head on the first block
attend       weights of every attention head for two queries, and rollout; every span beside transformers' offset
resume       weights of a run that was interrupted, beside those of one that was not
save         logits and token ids of `model/`, loaded as a sequence classifier of the family
tf-idf       the share of wrong answers of word counts, beside 0.5 by chance: half of the words are cut off
"""

import argparse
import json
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

import torch
import transformers
from safetensors.torch import load_file

import small_tokenizers

transformers.logging.set_verbosity_error()

FAMILIES = {
    "bert": "wordpiece-cased",
    "distilbert": "wordpiece-uncased",
    "electra": "wordpiece-uncased",
    "roberta": "byte-level-bpe",
    "xlm-roberta": "sentencepiece-xlm",
    "camembert": "sentencepiece-camembert",
}
BOUNDS = {
    "evaluate": 1e-4,
    "first:2": 1e-4,
    "last:1": 1e-4,
    "heads": 1e-4,
    "attend": 1e-5,
    "resume": 0.0,
    "save": 1e-4,
    "tf-idf": 0.35,
}
RATE, EPSILON, EPOCHS, LENGTH, POSITIONS = 1e-3, 1e-4, 3, 24, 40
HEADS = {
    "mean-linear": '{ kind = "mean-linear" }',
    "flatten-linear": '{ kind = "flatten-linear" }',
    "first-padding": '{ kind = "bilstm", hidden_size = 6, read_out = "first-padding" }',
    "concat-bilstm": '{ kind = "concat-bilstm", hidden_size = 6 }',
}
GOOD, BAD = ["fine", "great", "warm", "clever"], ["dull", "awful", "cold", "silly"]
ANY = [
    "The",
    "film",
    "café",
    "was",
    "in",
    "2019",
    "and",
    "naïve",
    "actors,",
    "of",
    "Paris!",
    "it's",
    "a",
    "story",
    "(long)",
]


def texts(count, seed):
    """Sentences of a few words, of which one tells the label."""
    chance = random.Random(seed)
    for label in (index % 2 for index in range(count)):
        words = chance.choices(ANY, k=chance.randint(2, 30))
        words.insert(chance.randrange(len(words)), chance.choice((GOOD, BAD)[label]))
        yield label, " ".join(words)


EXAMPLES = {split: list(texts(count, split)) for split, count in [("train", 96), ("validation", 24), ("test", 40)]}


def small_model(family, tokenizer, folder):
    """A classifier of three blocks with random weights, as `save_pretrained` writes it."""
    size = {
        "vocab_size": len(tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        "max_position_embeddings": POSITIONS,
        "initializer_range": 0.25,
    }
    if family == "distilbert":
        size |= {"dim": 16, "n_layers": 3, "n_heads": 4, "hidden_dim": 24}
    else:
        size |= {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 24}
    if family == "electra":
        size["embedding_size"] = 12
    if tokenizer.pad_token_id == 1:  # RoBERTa and its relatives count positions from 2
        size["max_position_embeddings"] += 2
    config = transformers.AutoConfig.for_model(family, **size)
    torch.manual_seed(5)
    model = transformers.AutoModelForSequenceClassification.from_config(config)
    for parameter in model.parameters():  # biases and norms are constant otherwise
        parameter.data += 0.05 * torch.randn(parameter.shape)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def optimizer(rate):
    rates = f"encoder_learning_rate = {rate}, head_learning_rate = {rate}"
    return f'{{ kind = "adamw", {rates}, weight_decay = 0.0, epsilon = {EPSILON} }}'


def study(runs):
    """`runs`: id, blocks, head, and the settings that differ."""
    head = 'name = "x"\nseeds = [1]\n[data]\ndataset = "jsonl"\ntokenizer = "small"\n'
    head += f'max_seq_length = {LENGTH}\ntruncation = "head+tail"\n'
    adamw = optimizer(RATE)
    defaults = {"epochs": EPOCHS, "batch_size": len(EXAMPLES["train"]), "dropout": 0.0, "optimizer": adamw}
    for name, blocks, kind, other in runs:
        settings = defaults | {"encoder": '"small"', "blocks": f'"{blocks}"', "head": kind} | other
        head += f'[[configuration]]\nid = "{name}"\n' + "".join(
            f"{key} = {value}\n" for key, value in settings.items()
        )
    return head


class Place:
    """A family's folder: model, shards, runs, and the commands on them."""

    def __init__(self, family, folder, tools, device):
        self.family, self.folder, self.tools, self.device = family, folder, tools, device
        self.model = folder / "models/small"
        tokenizer = small_tokenizers.make(
            FAMILIES[family], [text for _, text in EXAMPLES["train"]], self.model, 300 if family == "roberta" else 90
        )
        small_model(family, tokenizer, self.model)
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(self.model)
        still = optimizer(1e-30)
        lstm, linear = '{ kind = "bilstm", hidden_size = 6 }', '{ kind = "cls-linear" }'
        runs = [("first-still", "first:2", linear, {"optimizer": still}), ("first", "first:2", linear, {})]
        runs += [("last-still", "last:1", lstm, {"optimizer": still}), ("last", "last:1", lstm, {})]
        runs += [(name, "first:1", head, {"optimizer": still}) for name, head in HEADS.items()]
        runs += [("long", "last:2", linear, {"batch_size": 2, "epochs": 12, "dropout": 0.1})]
        runs += [("tf-idf", "none", '{ kind = "tf-idf", min_documents = 1 }', {"optimizer": '{ kind = "newton" }'})]
        (folder / "x.toml").write_text(study(runs))
        lines = (
            json.dumps({"id": f"{split}/{i}", "split": split, "label": label, "text": text})
            for split, all in EXAMPLES.items()
            for i, (label, text) in enumerate(all)
        )
        self.call(
            "prep",
            "--definition",
            folder / "x.toml",
            "--models",
            folder / "models",
            "--out",
            folder / "shards",
            input="\n".join(lines),
        )
        plan = self.call("plan", folder / "x.toml")
        decoder, self.configurations = json.JSONDecoder(), {}
        while plan.strip():
            configuration, end = decoder.raw_decode(plan.lstrip())
            plan = plan.lstrip()[end:]
            self.configurations[configuration["id"].removesuffix("-s1")] = configuration

    def command(self, tool, *arguments):
        return [str(self.tools / tool), *map(str, arguments)]

    def call(self, tool, *arguments, input=None):
        return subprocess.run(
            self.command(tool, *arguments), input=input, text=True, check=True, stdout=subprocess.PIPE
        ).stdout

    def training(self, name, out):
        (self.folder / f"{name}.json").write_text(json.dumps(self.configurations[name]))
        return self.command(
            "train",
            "--config",
            self.folder / f"{name}.json",
            "--shards",
            self.folder / "shards",
            "--model",
            self.model,
            "--out",
            out,
            "--device",
            self.device,
            "-q",
        )

    def train(self, name):
        out = self.folder / "runs" / name
        subprocess.run(self.training(name, out), check=True)
        return out

    def evaluate(self, *of):
        lines = "\n".join(json.dumps({"id": i, "text": text}) for i, (_, text) in enumerate(EXAMPLES["test"]))
        out = self.call("evaluate", *of, "--text", "-", "--device", self.device, "-q", input=lines)
        return torch.tensor([json.loads(line)["logits"] for line in out.splitlines()])

    def batch(self, split, budget=LENGTH - 2, way="head+tail"):
        """Padded ids, mask and labels of a split."""
        rows = [small_tokenizers.expected(self.tokenizer, text, budget, way) for _, text in EXAMPLES[split]]
        longest = max(LENGTH, *map(len, rows))
        ids = torch.tensor([row + [self.tokenizer.pad_token_id] * (longest - len(row)) for row in rows])
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
        return ids, mask, torch.tensor([label for label, _ in EXAMPLES[split]])


class Headed(torch.nn.Module):
    """An encoder with a head of ours, whose tensors are PyTorch's."""

    def __init__(self, encoder, head, tensors):
        super().__init__()
        self.encoder, self.head = encoder, head
        lstm = {name.removeprefix("lstm."): tensor for name, tensor in tensors.items() if name.startswith("lstm.")}
        if lstm:
            self.lstm = torch.nn.LSTM(lstm["weight_ih_l0"].shape[1], 6, batch_first=True, bidirectional=True)
            self.lstm.load_state_dict(lstm)
        linear = {name.split(".")[-1]: tensor for name, tensor in tensors.items() if name.startswith("classifier.")}
        self.classifier = torch.nn.Linear(linear["weight"].shape[1], 2)
        self.classifier.load_state_dict(linear)

    def forward(self, ids, mask):
        out = self.encoder(ids, attention_mask=mask, output_hidden_states=True)
        hidden, real = out.last_hidden_state, mask[..., None].float()
        match self.head:
            case "mean-linear":
                read = (hidden * real).sum(1) / real.sum(1)
            case "flatten-linear":
                read = (hidden * real).flatten(1)
            case "first-padding":  # over the padding, both states at one place
                read = self.lstm(hidden)[0][torch.arange(len(ids)), mask.sum(1).clamp(max=LENGTH - 1)]
            case "bilstm" | "concat-bilstm":
                sequence = torch.cat(out.hidden_states, -1) if self.head == "concat-bilstm" else hidden
                packed = torch.nn.utils.rnn.pack_padded_sequence(
                    sequence, mask.sum(1), batch_first=True, enforce_sorted=False
                )
                read = torch.cat(list(self.lstm(packed)[1][0]), 1)
        return self.classifier(read)


def headed(place, folder, head):
    """The model of a run, without dropout."""
    pooler = {} if place.family in ("distilbert", "electra") else {"add_pooling_layer": False}
    encoder = transformers.AutoModel.from_pretrained(folder, attn_implementation="eager", **pooler)
    return dropped(Headed(encoder, head, load_file(folder / "model.safetensors")))


def classifier(folder):
    model, report = transformers.AutoModelForSequenceClassification.from_pretrained(
        folder, output_loading_info=True, attn_implementation="eager"
    )
    assert not report["missing_keys"] and not report["unexpected_keys"] and not report["mismatched_keys"], report
    return model.eval()


def largest(found, expected):
    assert found.shape == expected.shape, (found.shape, expected.shape)
    return float((found - expected).abs().max())


def stepped(forward, parameters, place, steps):
    """AdamW on the whole of train, and the logits of test after it."""
    optimizer = torch.optim.AdamW(parameters, lr=RATE, eps=EPSILON, weight_decay=0.0)
    ids, mask, labels = place.batch("train")
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(forward(ids, mask), labels).backward()
        optimizer.step()
    with torch.no_grad():
        return forward(*place.batch("test")[:2])


def trained(place, name, make):
    """Train for real and with a rate of about 0, and do the steps in PyTorch from the weights of the second run."""
    still, real = place.train(f"{name}-still"), place.train(name)
    forward, parameters = make(still / "model")
    steps = json.loads((real / "train.json").read_text())["best_epoch"]
    before, after = place.evaluate("--run", still), place.evaluate("--run", real)
    assert largest(before, after) > 1e-3, "training changed nothing"
    return largest(after, stepped(forward, parameters, place, steps))


def dropped(model):
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return model


def first(place):
    def make(folder):
        model = dropped(classifier(folder))
        original = classifier(place.model).state_dict()
        pairs = [
            (tensor, original[name])
            for name, tensor in model.state_dict().items()
            if "layer." in name or "embeddings." in name
        ]
        assert pairs and all(torch.equal(*pair) for pair in pairs if pair[0].is_floating_point()), (
            "other blocks than the first"
        )
        return lambda ids, mask: model(ids, attention_mask=mask).logits, model.parameters()

    return trained(place, "first", make)


def last(place):
    def make(folder):
        model = headed(place, folder, "bilstm")
        original = transformers.AutoModel.from_pretrained(place.model).state_dict()
        pairs = [
            (tensor, original[name.replace("layer.0.", "layer.2.")])
            for name, tensor in model.encoder.state_dict().items()
            if "pooler" not in name
        ]
        assert all(torch.equal(*pair) for pair in pairs if pair[0].is_floating_point()), "another block than the last"
        return model, model.parameters()

    return trained(place, "last", make)


def heads(place):
    """Every other head, as drawn: its logits after training at a rate of about 0."""
    differences, (ids, mask, _) = [], place.batch("test")
    for head in HEADS:
        run = place.train(head)
        with torch.no_grad():
            differences.append(largest(place.evaluate("--run", run), headed(place, run / "model", head)(ids, mask)))
    return max(differences)


def evaluated(place):
    ids, mask, _ = place.batch("test", POSITIONS - 2, "head-only")
    with torch.no_grad():
        return largest(
            place.evaluate("--model", place.model), classifier(place.model)(ids, attention_mask=mask).logits
        )


def attended(place):
    model, differences = classifier(place.model), []
    text = "A café, naïve: the film’s 七 actors was dull…"
    framed = place.tokenizer(text, return_offsets_mapping=True, return_tensors="pt")
    with torch.no_grad():
        maps = [block[0] for block in model(framed["input_ids"], output_attentions=True).attentions]  # [N, P, P] each
    attend = lambda *arguments: json.loads(
        place.call(
            "attend",
            "--model",
            place.model,
            "--text",
            text,
            "--special",
            "--format",
            "jsonl",
            "--device",
            place.device,
            "-q",
            *arguments,
        )
    )["tokens"]
    for block, head, query in ((block, head, query) for block in range(3) for head in range(4) for query in (0, 2)):
        tokens = attend("--block", block, "--head", head, "--query", query)
        differences.append(largest(torch.tensor([token["weight"] for token in tokens]), maps[block][head, query]))
    flow = torch.eye(maps[0].shape[1])
    for block in maps:
        flow = 0.5 * (block.mean(0) + torch.eye(len(flow))) @ flow
    tokens = attend("--method", "rollout")
    differences.append(largest(torch.tensor([token["weight"] for token in tokens]), flow[0]))
    for token, (start, end) in zip(tokens, framed["offset_mapping"][0].tolist(), strict=True):
        assert text[slice(*(token["span"] or (0, 0)))] == text[start:end].strip(), (token, text[start:end])
    return max(differences)


def resumed(place):
    whole, halted = place.train("long"), place.folder / "runs/halted"
    process = subprocess.Popen(place.training("long", halted))
    while process.poll() is None and not list(halted.glob("checkpoints/*")):
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    assert process.wait() == 130, f"not interrupted, exit code {process.returncode}"
    subprocess.run(place.training("long", halted), check=True)
    one, two = (load_file(run / "model/model.safetensors") for run in (whole, halted))
    assert (whole / "model/model.safetensors").read_bytes() == (halted / "model/model.safetensors").read_bytes()
    return max(largest(one[name], two[name]) for name in one | two)


def saved(place):
    folder = place.folder / "runs/first/model"
    model, tokenizer = classifier(folder), transformers.AutoTokenizer.from_pretrained(folder)
    names = json.loads((place.model / "config.json").read_text())["architectures"]
    assert [type(model).__name__] == names, type(model)
    for _, text in EXAMPLES["test"]:
        assert tokenizer(text)["input_ids"] == place.tokenizer(text)["input_ids"], text
    assert (
        tokenizer.pad_token_id == place.tokenizer.pad_token_id
        and tokenizer.cls_token_id == place.tokenizer.cls_token_id
    )
    ids, mask, _ = place.batch("test")
    with torch.no_grad():
        expected = model(ids, attention_mask=mask).logits
    return max(
        largest(place.evaluate("--run", folder.parent), expected),
        largest(place.evaluate("--model", folder), expected),
    )


def counted(place):
    """The share of wrong answers."""
    logits = place.evaluate("--run", place.train("tf-idf"))
    return float((logits.argmax(1) != place.batch("test")[2]).float().mean())


CELLS = {
    "evaluate": evaluated,
    "first:2": first,
    "last:1": last,
    "heads": heads,
    "attend": attended,
    "resume": resumed,
    "save": saved,
    "tf-idf": counted,
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tools", type=pathlib.Path, help="folder of the commands")
    parser.add_argument("family", nargs="*", default=list(FAMILIES))
    parser.add_argument("--device", default="flex")
    parser.add_argument(
        "--folder", type=pathlib.Path, help="where models and runs stay; a temporary folder by default"
    )
    arguments = parser.parse_args()
    scratch, failed = tempfile.TemporaryDirectory(), False
    print("| family | " + " | ".join(CELLS) + " |\n|---" + "|---" * len(CELLS) + "|")
    for family in arguments.family:
        place = Place(
            family,
            (arguments.folder or pathlib.Path(scratch.name)) / family,
            arguments.tools.resolve(),
            arguments.device,
        )
        cells = {name: cell(place) for name, cell in CELLS.items()}
        failed |= any(difference > BOUNDS[name] for name, difference in cells.items())
        print(f"| {family} | " + " | ".join(f"{difference:.1e}" for difference in cells.values()) + " |", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
