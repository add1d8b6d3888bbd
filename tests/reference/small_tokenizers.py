"""Token ids of four kinds of tokenizer: `prep` against transformers, on 2,000 reviews of the archive.

    pip install transformers==4.57.1 tokenizers sentencepiece protobuf
    python tests/reference/small_tokenizers.py data/imdb/aclImdb_v1.tar.gz target/release/prep [--folder DIR]

Trains small tokenizers (2,000 tokens) on other reviews: WordPiece cased and uncased, byte-level BPE without and with a
space before the text, SentencePiece Unigram as XLM-RoBERTa and CamemBERT have it. Tokenizes whole and
shortened reviews. Prints how many differ; fails if any does.
"""

import argparse
import io
import json
import pathlib
import random
import re
import subprocess
import sys
import tarfile
import tempfile

import sentencepiece
import tokenizers
import transformers

# Family, and the settings of its tokenizer.
KINDS = {
    "wordpiece-cased": ("bert", {"lowercase": False}),
    "wordpiece-uncased": ("distilbert", {"lowercase": True}),
    "byte-level-bpe": ("roberta", {"add_prefix_space": False}),
    "byte-level-bpe-space": ("roberta", {"add_prefix_space": True}),
    "sentencepiece-xlm": ("xlm-roberta", {}),
    "sentencepiece-camembert": ("camembert", {}),
}
SPECIAL = {
    "wordpiece": ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
    "byte": ["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
}


def make(kind, texts, folder, size=2000, rules=None):
    """Train a tokenizer on `texts`, and save it to `folder` with the class of its family."""
    family, settings = KINDS[kind]
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        tokenizer = trained(kind, family, settings, texts, pathlib.Path(scratch), size, rules)
    tokenizer.save_pretrained(folder)
    return tokenizer


def trained(kind, family, settings, texts, scratch, size, rules):
    if kind.startswith("wordpiece"):
        model = tokenizers.BertWordPieceTokenizer(**settings)
        model.train_from_iterator(texts, size, special_tokens=SPECIAL["wordpiece"], show_progress=False)
        model.save_model(str(scratch))
        classes = {"bert": transformers.BertTokenizerFast, "distilbert": transformers.DistilBertTokenizerFast}
        return classes[family](str(scratch / "vocab.txt"), do_lower_case=settings["lowercase"])
    if kind.startswith("byte-level"):
        model = tokenizers.ByteLevelBPETokenizer(**settings)
        model.train_from_iterator(texts, size, special_tokens=SPECIAL["byte"], show_progress=False)
        model.save_model(str(scratch))
        return transformers.RobertaTokenizerFast(str(scratch / "vocab.json"), str(scratch / "merges.txt"), **settings)
    written = io.BytesIO()
    options = {"normalization_rule_tsv": str(rules)} if rules else {}
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=written,
        vocab_size=size,
        minloglevel=2,
        hard_vocab_limit=False,
        **options,
    )
    (scratch / "sentencepiece.bpe.model").write_bytes(written.getvalue())
    classes = {"xlm-roberta": transformers.XLMRobertaTokenizerFast, "camembert": transformers.CamembertTokenizerFast}
    return classes[family](str(scratch / "sentencepiece.bpe.model"))


def clean(text):
    return re.sub(" +", " ", text.replace("<br />", " ")).strip()


def expected(tokenizer, text, budget, way):
    """The ids of a text: the tokenizer's own special tokens around the first or last tokens."""
    framed = tokenizer(clean(text), verbose=False)["input_ids"]
    inner = framed[1:-1]
    head = {"head-only": budget, "tail-only": 0, "head+tail": int(budget / 2 + 0.5)}[way]
    if len(inner) > budget:
        inner = inner[:head] + inner[len(inner) - (budget - head) :]
    return [framed[0], *inner, framed[-1]]


def study(name, length, way):
    rest = 'encoder = "e"\nblocks = "none"\nhead = { kind = "h" }\noptimizer = { kind = "o" }\n'
    rest += "epochs = 1\nbatch_size = 1\ndropout = 0.0\n"
    data = f'dataset = "jsonl"\ntokenizer = "{name}"\nmax_seq_length = {length}\ntruncation = "{way}"\n'
    return f'name = "x"\nseeds = [1]\n[data]\n{data}[[configuration]]\nid = "a"\n{rest}'


def ours(prep, models, name, texts, length, way):
    lines = "".join(
        json.dumps({"id": str(i), "split": "train", "label": i % 2, "text": text}) + "\n"
        for i, text in enumerate(texts)
    )
    with tempfile.TemporaryDirectory() as scratch:
        definition = pathlib.Path(scratch) / "x.toml"
        definition.write_text(study(name, length, way))
        command = [prep, "--definition", definition, "--models", models, "--out", "-", "-q"]
        out = subprocess.run(command, input=lines, text=True, check=True, stdout=subprocess.PIPE).stdout
    records = [json.loads(line) for line in out.splitlines()]
    return {int(record["id"]): record["input_ids"] for record in records if "input_ids" in record}


def reviews(archive):
    """All reviews that are no summary: 50,000."""
    with tarfile.open(archive, "r|gz") as tar:
        for member in tar:
            if re.fullmatch(r"aclImdb/(train|test)/(pos|neg)/.*\.txt", member.name):
                yield tar.extractfile(member).read().decode()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("archive", type=pathlib.Path)
    parser.add_argument("prep", type=pathlib.Path)
    parser.add_argument(
        "--folder", type=pathlib.Path, help="where the tokenizers stay; a temporary folder by default"
    )
    arguments = parser.parse_args()
    chosen = random.Random(7).sample(list(reviews(arguments.archive)), 5000)
    training, texts = chosen[:3000], chosen[3000:]
    scratch = tempfile.TemporaryDirectory()
    models, differ = arguments.folder or pathlib.Path(scratch.name), 0
    for kind in KINDS:
        make(kind, [clean(text) for text in training], models / kind)
        tokenizer = transformers.AutoTokenizer.from_pretrained(models / kind)
        for length, way in [(4000, "head-only"), (128, "tail-only"), (64, "head+tail")]:
            found = ours(arguments.prep.resolve(), models, kind, texts, length, way)
            wrong = [i for i, text in enumerate(texts) if found.get(i) != expected(tokenizer, text, length - 2, way)]
            differ += len(wrong)
            print(
                f"{kind} ({type(tokenizer).__name__}, {len(tokenizer)} tokens), {length} {way}:",
                f"{len(texts)} reviews, {len(wrong)} differ",
                flush=True,
            )
    sys.exit(differ > 0)


if __name__ == "__main__":
    main()
