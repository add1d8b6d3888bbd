"""Attention weights: `transformers` (`output_attentions`) against `attend`, in fp32.

    pip install torch transformers
    python tests/reference/attentions.py out/sample/runs/4VA-s1 [TEXTS.jsonl] [--attend target/release/attend]

Compares every kept block and attention head of a finished run for query tokens 0 and 2, on texts of {"id","text"} lines or
on a few of its own; also checks each token's span against its text. Prints the largest difference; fails above 1e-5.

    python tests/reference/attentions.py --golden crates/attend/tests/data crates/evaluate/tests/data/model

Writes the golden file of the crate's own test: the model as it is, and its last block alone.
"""
import argparse
import json
import pathlib
import subprocess

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer, BertConfig, BertModel

TEXTS = ["The plot was not dull at all.", "Caf\u00e9 \U0001f600, na\u00efve!<br /><br />Ame\u0301lie \u201cagain\u201d", "One", "My sister adored it; I did not. " * 60]


def bert(folder):
    """The encoder of a model folder with any head."""
    config = BertConfig.from_pretrained(folder)
    config.attn_implementation = config._attn_implementation = "eager"
    model = BertModel(config).eval()
    tensors = {name.removeprefix("bert."): tensor for name, tensor in load_file(folder / "model.safetensors").items()}
    missing, _ = model.load_state_dict(tensors, strict=False)
    assert all(name.startswith(("pooler.", "embeddings.position_ids")) for name in missing), missing
    return model


def cut(ids, data, tokenizer):
    budget = data["max_seq_length"] - 2
    share = data.get("head_share", 0.5)
    head = {"head-only": budget, "tail-only": 0, "head+tail": int(share * budget + 0.5)}[data.get("truncation", "head-only")]
    if len(ids) > budget:
        ids = ids[:head] + ids[len(ids) - (budget - head):]
    return [tokenizer.cls_token_id, *ids, tokenizer.sep_token_id]


def input_ids(text, data, tokenizer):
    clean = " ".join(part for part in text.replace("<br />", " ").split(" ") if part)
    return cut(tokenizer(clean, add_special_tokens=False)["input_ids"], data, tokenizer)


def attentions(model, ids):
    with torch.no_grad():
        return [block[0] for block in model(torch.tensor([ids]), output_attentions=True).attentions]  # [N, P, P] each


def compare(run, texts, attend):
    folder = run / "model"
    config = json.loads((folder / "config.json").read_text())
    model, tokenizer = bert(folder), AutoTokenizer.from_pretrained(folder)
    expected = [attentions(model, input_ids(line["text"], config["fathom"]["data"], tokenizer)) for line in texts]
    lines = "".join(json.dumps(line) + "\n" for line in texts)
    largest, maps, spans = 0.0, 0, 0
    for block in range(config["num_hidden_layers"]):
        for head in range(config["num_attention_heads"]):
            for query in (0, 2):
                command = [attend, "--run", run, "--block", block, "--head", head, "--query", query]
                command = [*map(str, command), "--special", "--format", "jsonl", "-q", "-"]
                out = subprocess.run(command, input=lines, text=True, check=True, stdout=subprocess.PIPE).stdout
                for line, record, blocks in zip(texts, map(json.loads, out.splitlines()), expected, strict=True):
                    assert record["block"] == {"kept": block, "pretrained": config["fathom"]["blocks"][block]}
                    found = torch.tensor([token["weight"] for token in record["tokens"]])
                    largest = max(largest, float((found - blocks[block][head, query]).abs().max()))
                    maps += 1
                    if (block, head, query) == (0, 0, 0):
                        spans += check_spans(line["text"], record["tokens"], tokenizer)
    print(f"{run}: {len(texts)} texts, {maps} rows of weights, largest difference {largest:.2e}; {spans} spans are their tokens' text")
    assert largest < 1e-5


def check_spans(text, tokens, tokenizer):
    """The text of a span, normalised as in the tokenizer, must equal the token."""
    spans = [token for token in tokens if token["span"]]
    for token in spans:
        start, end = token["span"]
        written = tokenizer.backend_tokenizer.normalizer.normalize_str(text[start:end]).strip()
        assert token["token"] in ("[UNK]", written, "##" + written), (token, text[start:end])
    return len(spans)


def golden(out, source):
    config = json.loads((source / "config.json").read_text())
    model, tokenizer = bert(source), AutoTokenizer.from_pretrained(source)
    data = {"max_seq_length": config["max_position_embeddings"]}
    last = out / "last1"
    last.mkdir(parents=True, exist_ok=True)
    prefix = "bert.encoder.layer."
    tensors = load_file(source / "model.safetensors")
    kept = {name.replace(prefix + "1.", prefix + "0."): tensor for name, tensor in tensors.items() if not name.startswith(prefix + "0.")}
    save_file(kept, last / "model.safetensors", metadata={"format": "pt"})
    ours = {"blocks": [1], "data": {"dataset": "jsonl", "tokenizer": "sample-bert", **data}}
    (last / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 1, "fathom": ours}, indent=1) + "\n")
    with (out / "expected.jsonl").open("w") as lines:
        for name, encoder in (("whole", model), ("last1", bert(last))):
            for text in TEXTS:
                blocks = attentions(encoder, input_ids(text, data, tokenizer))
                rows = [[[[round(x, 8) for x in head[query].tolist()] for query in (0, 2)] for head in block] for block in blocks]
                lines.write(json.dumps({"model": name, "text": text, "weights": rows}) + "\n")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("run", type=pathlib.Path)
    arguments.add_argument("texts", type=pathlib.Path, nargs="?")
    arguments.add_argument("--attend", default="target/release/attend")
    arguments.add_argument("--golden", type=pathlib.Path)
    options = arguments.parse_args()
    if options.golden:
        return golden(options.golden, options.run)
    lines = options.texts.read_text().splitlines() if options.texts else []
    texts = [json.loads(line) for line in lines] or [{"id": str(index), "text": text} for index, text in enumerate(TEXTS)]
    compare(options.run, texts, options.attend)


main()
