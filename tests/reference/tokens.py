"""Compare the token ids of `prep`'s shards with those of the reference tokenizer, on 2,000 reviews of the archive.

    pip install transformers
    python tests/reference/tokens.py data/models/all-MiniLM-L6-v2 data/shards/<name> data/imdb/aclImdb_v1.tar.gz

Prints how many reviews differ; fails if any does.
"""
import json
import pathlib
import random
import re
import sys
import tarfile

from transformers import AutoTokenizer

model, shards, archive = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
data = json.loads((shards / "manifest.json").read_text())["data"]
budget = data["max_seq_length"] - 2
head = {"head-only": budget, "tail-only": 0, "head+tail": int(data["head_share"] * budget + 0.5)}[data["truncation"]]
tokenizer = AutoTokenizer.from_pretrained(model)
ours = {}
for shard in shards.glob("*.jsonl"):
    ours |= {example["id"]: example for example in map(json.loads, shard.open())}
chosen = set(random.Random(7).sample(sorted(ours), 2000))
reviews = differ = truncated = 0
with tarfile.open(archive, "r|gz") as tar:
    for member in tar:
        name = member.name.removeprefix("aclImdb/").removesuffix(".txt")
        if name not in chosen:
            continue
        text = re.sub(" +", " ", tar.extractfile(member).read().decode().replace("<br />", " ")).strip()
        ids = tokenizer.convert_tokens_to_ids(tokenizer.tokenize(text))
        if len(ids) > budget:
            truncated += 1
            ids = ids[:head] + ids[len(ids) - (budget - head):]
        ids = [tokenizer.cls_token_id, *ids, tokenizer.sep_token_id]
        reviews += 1
        differ += ids != ours[name]["input_ids"]
print(f"{shards.name}: {reviews} reviews, {truncated} truncated, {differ} differ")
sys.exit(differ > 0)
