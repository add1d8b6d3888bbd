"""The peer of `prep`: `tokenizers` through `datasets.map`, all reviews of the archive, on two processes.

    peer_tokenize.py --archive aclImdb_v1.tar.gz --model DIR

Prints one JSON line. The seconds cover the call of `map` only: the texts are in memory before it.
"""
import argparse
import json
import os
import re
import tarfile
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"  # the processes of `map` are the parallelism

import datasets
import tokenizers

parser = argparse.ArgumentParser()
parser.add_argument("--archive", required=True)
parser.add_argument("--model", required=True)
parser.add_argument("--processes", type=int, default=2)
parser.add_argument("--tokens", type=int, default=512)
parser.add_argument("--examples", type=int, help="use at most this many")
args = parser.parse_args()

tokenizer = tokenizers.Tokenizer.from_file(f"{args.model}/tokenizer.json")
tokenizer.enable_truncation(args.tokens)
tokenizer.no_padding()


def reviews():
    with tarfile.open(args.archive) as archive:
        for member in archive:
            if re.search(r"/(train|test)/(pos|neg)/[^/]+\.txt$", member.name):
                yield archive.extractfile(member).read().decode()


def ids(batch):
    return {"input_ids": [encoding.ids for encoding in tokenizer.encode_batch_fast(batch["text"])]}


datasets.disable_progress_bars()
texts = list(reviews())[: args.examples]
with tempfile.TemporaryDirectory() as folder:  # `map` writes an Arrow file, as `prep` writes shards
    data = datasets.Dataset.from_dict({"text": texts})
    start = time.perf_counter()
    file = os.path.join(folder, "ids.arrow")
    tokenized = data.map(ids, batched=True, num_proc=args.processes, remove_columns=["text"], cache_file_name=file)
    seconds = time.perf_counter() - start
versions = {"tokenizers": tokenizers.__version__, "datasets": datasets.__version__}
print(json.dumps({"examples": len(tokenized), "seconds": seconds, "versions": versions}))
