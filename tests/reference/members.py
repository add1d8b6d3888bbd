"""The members of every kind of `cases.py`: one change to a tiny random model, and what must come of it.

`refused`: our message holds these words. `warns`: our warning holds these words. `plain`: the logits are those of the
unchanged folder, because `transformers` refuses the folder or draws the missing part anew.
"""
import collections
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess

import torch
import transformers
from safetensors.torch import load_file, save_file

FAMILIES = {
    "bert": (transformers.BertConfig, transformers.BertForSequenceClassification),
    "roberta": (transformers.RobertaConfig, transformers.RobertaForSequenceClassification),
    "distilbert": (transformers.DistilBertConfig, transformers.DistilBertForSequenceClassification),
    "electra": (transformers.ElectraConfig, transformers.ElectraForSequenceClassification),
}
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = [chr(i) for i in range(33, 127)] + list("àáâçéèêïîñóöüÀÁÇÉÏ好")
WORDS = ["the", "The", "film", "Film", "a", "good", "bad", "not", "naïve", "naive", "ça", "Ça", "ca"]
VOCABULARY = [*SPECIAL, *dict.fromkeys([*LETTERS, *WORDS]), *("##" + letter for letter in LETTERS)]


def template(text_type=0, end="[SEP]", more=()):
    """The post-processor `[CLS] A [SEP]`, or one that differs."""
    special = lambda token: {"SpecialToken": {"id": token, "type_id": 0}}
    text = lambda name, kind: {"Sequence": {"id": name, "type_id": kind}}
    ids = {token: {"id": token, "ids": [SPECIAL.index(token)], "tokens": [token]} for token in SPECIAL}
    single = [special("[CLS]"), *map(special, more), text("A", text_type), *([special(end)] if end else [])]
    pair = [special("[CLS]"), text("A", 0), special("[SEP]"), text("B", 1), {"SpecialToken": {"id": "[SEP]", "type_id": 1}}]
    return {"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": ids}


def tokenizer_json(lowercase):
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": i, "content": token, **flags} for i, token in enumerate(SPECIAL)],
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                       "strip_accents": None, "lowercase": lowercase},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": template(),
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": {token: i for i, token in enumerate(VOCABULARY)}},
    }


def plain(folder, family):
    """A cased classifier of three classes whose logits tell one token from another."""
    torch.manual_seed(1)
    config, model = FAMILIES[family]
    config = config(vocab_size=len(VOCABULARY), hidden_size=16, num_hidden_layers=2, num_attention_heads=4,
                    intermediate_size=24, max_position_embeddings=64, num_labels=3, initializer_range=0.3,
                    pad_token_id=0, **({"embedding_size": 8} if family == "electra" else {}),
                    **({"dim": 16, "n_layers": 2, "n_heads": 4, "hidden_dim": 24} if family == "distilbert" else {}))
    model(config).save_pretrained(folder)
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer_json(False)))
    tokenizer = {"distilbert": "DistilBertTokenizer", "electra": "ElectraTokenizer"}.get(family, "BertTokenizer")
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": tokenizer, "do_lower_case": False}))
    return folder


class Folder:
    """A model folder to change."""

    def __init__(self, path):
        self.path = path

    def json(self, name, change):
        path = self.path / name
        value = json.loads(path.read_text())
        path.write_text(json.dumps(change(value) or value))

    def config(self, drop=(), **keys):
        self.json("config.json", lambda it: {key: value for key, value in (it | keys).items() if key not in drop})

    def settings(self, drop=(), **keys):
        self.json("tokenizer_config.json", lambda it: {k: v for k, v in (it | keys).items() if k not in drop})

    def normalizer(self, **keys):
        self.json("tokenizer.json", lambda it: it["normalizer"].update(keys))

    def template(self, **keys):
        self.json("tokenizer.json", lambda it: it.update(post_processor=template(**keys)))

    def write(self, name, text):
        (self.path / name).write_text(text)

    def remove(self, *names):
        for name in names:
            (self.path / name).unlink()

    def tensors(self, change):
        """Rewrite the weights; `change` gets the dictionary and may return another."""
        path = self.path / "model.safetensors"
        tensors = load_file(path)
        tensors = change(tensors) or tensors
        save_file({name: tensor.contiguous().clone() for name, tensor in tensors.items()}, path)

    def rename(self, change):
        self.tensors(lambda it: {change(name): tensor for name, tensor in it.items()})

    def pickle(self, change=lambda it: None, **keywords):
        """Replace the weights by `pytorch_model.bin`."""
        tensors = load_file(self.path / "model.safetensors")
        tensors = change(tensors) or tensors
        torch.save(tensors, self.path / "pytorch_model.bin", **keywords)
        self.remove("model.safetensors")

    def shards(self, name="model.safetensors"):
        """Two shards and their index."""
        tensors = load_file(self.path / "model.safetensors")
        self.remove("model.safetensors")
        stem, ending = name.split(".")
        files = [f"{stem}-0000{i}-of-00002.{ending}" for i in (1, 2)]
        place = {tensor: files[i % 2] for i, tensor in enumerate(tensors)}
        for file in files:
            part = {tensor: tensors[tensor] for tensor in tensors if place[tensor] == file}
            save_file(part, self.path / file, {"format": "pt"}) if ending == "safetensors" else torch.save(part, self.path / file)
        self.write(f"{name}.index.json", json.dumps({"metadata": {}, "weight_map": place}))
        return files

    def vocabulary(self, text=None, encoding="utf-8"):
        """`vocab.txt` instead of `tokenizer.json`."""
        self.remove("tokenizer.json")
        text = "".join(token + "\n" for token in VOCABULARY) if text is None else text
        (self.path / "vocab.txt").write_bytes(text.encode(encoding))


@dataclasses.dataclass
class Member:
    case: int
    what: str
    change: object
    refused: str = ""
    warns: str = ""
    plain: bool = False
    family: str = "bert"
    trains: dict = None
    follows: int = 0  # the version of transformers that we follow, where versions differ


MEMBERS = []


def member(case, what, change, **keywords):
    MEMBERS.append(Member(case, what, change, **keywords))


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12\n"
FP32 = {"dtype": ("float32", None), "torch_dtype": (None,)}
ONE_LABEL = {"problem_type": ("single_label_classification", None)}
GONE = {key: (None,) for key in ["auto_map", "quantization_config", "pruned_heads", "finetuning_task", "_num_labels"]}

# 1, 2: what `train` writes. The expected values of keys of the saved `config.json` are tuples.
for key, value in [("dtype", "float16"), ("torch_dtype", "float16"), ("dtype", "bfloat16")]:
    member(1, f"train from `{key}: {value}`", lambda it, k=key, v=value: it.config(**{k: v}), trains=FP32)
member(1, "train from weights in half precision",
       lambda it: (it.config(dtype="float16"), it.tensors(lambda t: {k: v.half() for k, v in t.items()})), trains=FP32)
for kind in ["multi_label_classification", "regression"]:
    member(2, f"train from `problem_type: {kind}`", lambda it, k=kind: it.config(problem_type=k), trains=ONE_LABEL)
member(2, "train from a config with foreign keys",
       lambda it: it.config(_num_labels=2, num_labels=2, finetuning_task="mnli", pruned_heads={}, auto_map={"AutoModel": "m.C"},
                            quantization_config={"quant_method": "bitsandbytes", "load_in_8bit": True}, drop=["id2label", "label2id"]),
       trains=GONE)

for family in FAMILIES:
    member(2, f"train from {family}", lambda it: None, trains=ONE_LABEL, family=family)
member(2, "train from DistilBERT without `tokenizer_class`", lambda it: it.settings(drop=["tokenizer_class"]), trains={}, family="distilbert")
member(2, "train from one pickle", lambda it: it.pickle(), trains={})
member(2, "train from shards", lambda it: it.shards(), trains={})
member(2, "train from vocab.txt", lambda it: it.vocabulary(), trains={})
member(2, "train from vocab.txt alone", lambda it: (it.vocabulary(), it.remove("tokenizer_config.json")), trains={})
member(2, "train with `gelu_new`", lambda it: it.config(hidden_act="gelu_new"), trains={"hidden_act": ("gelu_new",)})

# 3: a decoder.
for key in ["is_decoder", "add_cross_attention", "is_encoder_decoder"]:
    member(3, f"`{key}: true`", lambda it, k=key: it.config(**{k: True}), refused=f"`{key}`")
member(3, "train from `is_decoder: true`", lambda it: it.config(is_decoder=True), refused="`is_decoder`", trains={})
member(3, "`is_decoder: false`", lambda it: it.config(is_decoder=False))
member(3, "`is_decoder: true` of RoBERTa", lambda it: it.config(is_decoder=True), refused="`is_decoder`", family="roberta")

# 4: two files about upper and lower case.
BOTH = "contradict each other"
AS_4 = "as in transformers 4.57"
member(4, "lower-casing tokenizer.json, `do_lower_case: false`", lambda it: it.normalizer(lowercase=True), warns=BOTH)
member(4, "cased tokenizer.json, no tokenizer_config.json", lambda it: it.remove("tokenizer_config.json"), warns=BOTH)
member(4, "cased tokenizer.json, no `do_lower_case`", lambda it: it.settings(drop=["do_lower_case"]), warns=BOTH)
member(4, "cased tokenizer.json, `do_lower_case: true`", lambda it: it.settings(do_lower_case=True), warns=BOTH)
for value in [True, False]:
    member(4, f"`strip_accents: {value}` in tokenizer.json", lambda it, v=value: it.normalizer(strip_accents=v), warns=BOTH)
    member(4, f"`strip_accents: {value}` in tokenizer_config.json", lambda it, v=value: it.settings(strip_accents=v), warns=BOTH)
    member(4, f"the same with `do_lower_case: true`",
           lambda it, v=value: it.settings(strip_accents=v, do_lower_case=True), warns=BOTH)
member(4, "`handle_chinese_chars: false` in tokenizer.json", lambda it: it.normalizer(handle_chinese_chars=False), warns=BOTH)
member(4, "`tokenize_chinese_chars: false` in tokenizer_config.json", lambda it: it.settings(tokenize_chinese_chars=False), warns=BOTH)
member(4, "`clean_text: false` in tokenizer.json", lambda it: it.normalizer(clean_text=False), warns=AS_4, follows=4)
for name in ["BertTokenizerFast", "DistilBertTokenizer", "ElectraTokenizerFast", "PreTrainedTokenizerFast"]:
    member(4, f"lower-casing tokenizer.json, `tokenizer_class: {name}`",
           lambda it, n=name: (it.normalizer(lowercase=True), it.settings(tokenizer_class=n)))
member(4, "lower-casing tokenizer.json, no `tokenizer_class`",
       lambda it: (it.normalizer(lowercase=True), it.settings(drop=["tokenizer_class"])), warns=BOTH)
member(4, "`tokenizer_class` in config.json alone",
       lambda it: (it.normalizer(lowercase=True), it.settings(drop=["tokenizer_class"]), it.config(tokenizer_class="PreTrainedTokenizerFast")))
member(4, "train from a cased tokenizer.json alone", lambda it: it.remove("tokenizer_config.json"), trains={})
member(4, "train from a tokenizer.json without normalizer's Chinese",
       lambda it: it.settings(tokenize_chinese_chars=False, strip_accents=True), trains={})

# 5, 6, 7: keys that older files lack.
for key in ["model_type", "layer_norm_eps", "type_vocab_size", "hidden_act", "initializer_range"]:
    member(5, f"no `{key}`", lambda it, k=key: it.config(drop=[k]), plain=key == "model_type")
member(5, "13 keys, as BERT's authors wrote them",
       lambda it: it.config(drop=["model_type", "layer_norm_eps", "architectures", "initializer_range", "pad_token_id"]), plain=True)
member(5, "`gelu_python`", lambda it: it.config(hidden_act="gelu_python"))
member(5, "no `num_hidden_layers`: 12 by default", lambda it: it.config(drop=["num_hidden_layers"]), refused="lacks the tensor")
member(5, "no `model_type` and no `hidden_size`", lambda it: it.config(drop=["model_type", "hidden_size"]), refused="`model_type`")
member(5, "`model_type` of an unknown network", lambda it: it.config(model_type="modernbert"), refused="`modernbert`")
member(5, "`vocab_size` as text", lambda it: it.config(vocab_size="many"), refused="config.json")
member(6, "`pad_token_id: null`", lambda it: it.config(pad_token_id=None), plain=True)
member(6, "no `pad_token_id`", lambda it: it.config(drop=["pad_token_id"]))
member(6, "`type_vocab_size: null`", lambda it: it.config(type_vocab_size=None), plain=True)
member(6, "`position_embedding_type: null`", lambda it: it.config(position_embedding_type=None), plain=True)
member(6, "`position_embedding_type: relative_key`", lambda it: it.config(position_embedding_type="relative_key"), refused="`relative_key`")
LABELS = ["id2label", "label2id", "num_labels"]
member(7, "`num_labels` without `id2label`", lambda it: it.config(drop=LABELS[:2], num_labels=3))
member(7, "`_num_labels` without `id2label`", lambda it: it.config(drop=LABELS, _num_labels=3), plain=True)
member(7, "neither", lambda it: it.config(drop=LABELS), plain=True)
member(7, "numbers as names", lambda it: it.config(id2label={"0": 0, "1": 1, "2": 2}))
member(7, "`label2id` alone", lambda it: it.config(drop=["id2label"]), plain=True)
member(7, "`id2label: null`", lambda it: it.config(id2label=None, label2id=None, num_labels=3))
member(7, "`num_labels: 2` over three rows", lambda it: it.config(drop=LABELS[:2], num_labels=2), refused="`classifier.weight`")
member(7, "`id2label` with a gap", lambda it: it.config(id2label={"0": "a", "1": "b", "3": "c"}), refused="`id2label`")
member(7, "one class", lambda it: it.config(id2label={"0": "score"}), refused="regression")

# 8, 9: other heads, missing poolers, prefixes.
without = lambda *parts: lambda it: it.tensors(lambda t: {k: v for k, v in t.items() if not any(p in k for p in parts)})
extra = lambda *names: lambda it: it.tensors(lambda t: t.update({name: torch.zeros(3, 3) for name in names}))
MLM = ["cls.predictions.transform.dense.weight", "cls.predictions.bias", "cls.predictions.decoder.weight"]
member(8, "train `cls-linear` without pooler", without("pooler", "classifier"), refused='pooler = "reinitialised"', trains={})
member(8, "no pooler tensors in a classifier", without("pooler"), refused="pooler")
member(8, "half of a pooler", without("pooler.dense.bias"), refused="pooler.dense.bias")
member(8, "train from a masked language model", lambda it: (without("classifier")(it), extra(*MLM)(it)), trains={})
member(9, "`qa_outputs` instead of `classifier`: no classifier", lambda it: it.rename(lambda n: n.replace("classifier.", "qa_outputs.")), refused="classifier")
member(9, "train from `qa_outputs`", lambda it: it.rename(lambda n: n.replace("classifier.", "qa_outputs.")), trains={}, warns="qa_outputs")
member(9, "train from a BERT with an LSTM", extra("lstm.weight_ih_l0"), trains={}, warns="lstm.weight_ih_l0")
member(9, "`bert.embeddings.token_type_ids`", extra("bert.embeddings.token_type_ids"))
member(9, "cross-attention", extra("bert.encoder.layer.0.crossattention.self.query.weight"), refused="cross-attention")
member(9, "a bottleneck adapter", extra("bert.encoder.layer.0.output.adapters.x.adapter_down.0.weight"), refused="adapter")
member(9, "LoRA", extra("bert.encoder.layer.0.attention.self.query.lora_A.default.weight"), refused="adapter")
member(9, "LoRA under peft's prefix", extra("base_model.model.bert.encoder.layer.0.attention.self.query.lora_A.weight"), refused="adapter")
member(9, "train from cross-attention", extra("bert.encoder.layer.1.crossattention.self.key.bias"), refused="cross-attention", trains={})
member(9, "a second set under another prefix", lambda it: it.tensors(lambda t: t.update({"module." + k: v + 1 for k, v in t.items()})), refused="twice")
member(9, "old and new spelling of one LayerNorm",
       lambda it: it.tensors(lambda t: t.update({"bert.embeddings.LayerNorm.gamma": torch.ones(16) * 2})), refused="twice")
for prefix in ["module.", "_orig_mod.", "model.", "_orig_mod.module."]:
    member(9, f"prefix `{prefix}`", lambda it, p=prefix: it.rename(lambda n: p + n), plain=True)
member(9, "doubled `bert.`", lambda it: it.rename(lambda n: "bert." + n if n.startswith("bert.") else n), plain=True)
member(9, "no `bert.`", lambda it: it.rename(lambda n: n.removeprefix("bert.")), plain=True)
member(9, "RoBERTa's own pooler beside the classifier's layer",
       lambda it: it.tensors(lambda t: t.update({"roberta.pooler.dense.weight": torch.ones(16, 16), "roberta.pooler.dense.bias": torch.ones(16)})), family="roberta")
member(9, "RoBERTa for token classification with a pooler",
       lambda it: it.tensors(lambda t: {k: v for k, v in t.items() if "classifier" not in k} | {"classifier.weight": torch.ones(3, 16), "classifier.bias": torch.ones(3), "roberta.pooler.dense.weight": torch.ones(16, 16), "roberta.pooler.dense.bias": torch.ones(16)}),
       refused="classifier", family="roberta")
member(9, "BERT for token classification with a pooler", lambda it: it.config(architectures=["BertForTokenClassification"]), refused="BertForTokenClassification")

# 10: vocab.txt.
LINE = "".join(token + "\n" for token in VOCABULARY)
member(10, "vocab.txt and tokenizer_config.json", lambda it: it.vocabulary())
member(10, "vocab.txt alone", lambda it: (it.vocabulary(), it.remove("tokenizer_config.json")))
member(10, "a token U+2028", lambda it: it.vocabulary(LINE.replace("\n~\n", "\n\u2028\n")))
member(10, "an empty line", lambda it: it.vocabulary(LINE.replace("\n~\n", "\n\n")))
member(10, "lines end with \\r\\n", lambda it: it.vocabulary(LINE.replace("\n", "\r\n")))
member(10, "no newline at the end", lambda it: it.vocabulary(LINE.rstrip("\n")))
member(10, "a repeated token", lambda it: it.vocabulary(LINE.replace("\n~\n", "\nfilm\n")))
member(10, "`strip_accents: true`, no Chinese", lambda it: (it.vocabulary(), it.settings(strip_accents=True, tokenize_chinese_chars=False)))
member(10, "no `[UNK]` in it", lambda it: it.vocabulary(LINE.replace("[UNK]\n", "unk\n")), refused="[UNK]")
member(10, "no `[CLS]` in it", lambda it: it.vocabulary(LINE.replace("[CLS]\n", "cls\n")), refused="[CLS]")
member(10, "more lines than the model has ids", lambda it: it.vocabulary(LINE + "one\ntwo\n"), refused="tokens")
member(10, "Latin-1", lambda it: it.vocabulary(LINE.replace("好", "\u00a0"), "latin-1"), refused="UTF-8")
member(10, "empty", lambda it: it.vocabulary(""), refused="vocab.txt")
member(10, "neither vocab.txt nor tokenizer.json", lambda it: it.remove("tokenizer.json"), refused="tokenizer.json")
for name in ["merges.txt", "sentencepiece.bpe.model"]:
    member(10, f"{name} alone", lambda it, n=name: (it.remove("tokenizer.json"), it.write(n, "#")), refused=f"`{name}` is not read", family="roberta")
member(10, "added_tokens.json beyond the model", lambda it: (it.vocabulary(), it.write("added_tokens.json", '{"film好": 9999}')), refused="tokens")

# 11, 15: pointers and shards.
for name in ["model.safetensors", "tokenizer.json", "config.json", "tokenizer_config.json"]:
    member(11, f"a pointer as {name}", lambda it, n=name: it.write(n, POINTER), refused="git-lfs")
member(11, "a pointer as pytorch_model.bin", lambda it: (it.remove("model.safetensors"), it.write("pytorch_model.bin", POINTER)), refused="git-lfs")
member(11, "a pointer as vocab.txt", lambda it: (it.vocabulary(), it.write("vocab.txt", POINTER)), refused="git-lfs")
member(11, "a pointer as a shard", lambda it: it.write(it.shards()[1], POINTER), refused="git-lfs")
member(11, "a pointer as the index", lambda it: (it.shards(), it.write("model.safetensors.index.json", POINTER)), refused="git-lfs")
member(11, "a web page as model.safetensors", lambda it: it.write("model.safetensors", "<!DOCTYPE html><html>not found</html>"), refused="model.safetensors")
member(11, "an empty model.safetensors", lambda it: it.write("model.safetensors", ""), refused="model.safetensors")
member(11, "no weights", lambda it: it.remove("model.safetensors"), refused="model.safetensors")
member(11, "tf_model.h5 alone", lambda it: (it.remove("model.safetensors"), it.write("tf_model.h5", "x")), refused="tf_model.h5")
for name in ["model.safetensors", "pytorch_model.bin"]:
    index = f"{name}.index.json"
    member(15, f"two shards of {name}", lambda it, n=name: it.shards(n))
    member(15, f"a missing shard of {name}", lambda it, n=name: it.remove(it.shards(n)[1]), refused="missing")
    member(15, f"a doubled shard of {name}", lambda it, n=name: (lambda f: shutil.copy(it.path / f[0], it.path / f[1]))(it.shards(n)), refused="is also in")
    member(15, f"an index of {name} that names a file outside", lambda it, n=name, i=index: (it.shards(n), it.json(i, lambda t: t["weight_map"].update(x="../plain/model.safetensors"))), refused="../plain")
    member(15, f"an index of {name} that names an absolute path", lambda it, n=name, i=index: (it.shards(n), it.json(i, lambda t: t["weight_map"].update(x="/etc/passwd"))), refused="/etc/passwd")
    member(15, f"an index of {name} without `weight_map`", lambda it, n=name, i=index: (it.shards(n), it.write(i, "{}")), refused="weight_map")

# 12, 13: depth; as transformers writes it.
member(12, "`num_hidden_layers: 1` over two blocks", lambda it: it.config(num_hidden_layers=1), warns="2 blocks")
member(12, "`num_hidden_layers: 12` over two blocks", lambda it: it.config(num_hidden_layers=12), refused="layer.2.")
member(12, "`num_hidden_layers: 0` over two blocks", lambda it: it.config(num_hidden_layers=0), warns="2 blocks")
member(12, "`n_layers: 1` of DistilBERT over two", lambda it: it.config(n_layers=1), warns="2 blocks", family="distilbert")
member(12, "a block missing in the middle", without("layer.0."), refused="layer.0.")
member(12, "a layer of a block missing", without("layer.1.output.dense"), refused="layer.1.output.dense")
member(12, "train first:1 from one of two blocks", lambda it: it.config(num_hidden_layers=1), trains={}, warns="2 blocks")
for family in FAMILIES:
    member(13, f"as saved, {family}", lambda it: None, family=family)
member(13, "fp16", lambda it: it.tensors(lambda t: {k: v.half() for k, v in t.items()}))
member(13, "bf16", lambda it: it.tensors(lambda t: {k: v.bfloat16() for k, v in t.items()}))
member(13, "LayerNorm.gamma and beta", lambda it: it.rename(lambda n: n.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")))
member(13, "position_ids", lambda it: it.tensors(lambda t: t.update({"bert.embeddings.position_ids": torch.arange(64)[None]})))
member(13, "int8 weights", lambda it: it.tensors(lambda t: t.update({"classifier.weight": torch.ones(3, 16, dtype=torch.int8)})), refused="`classifier.weight`")
for key in ["num_attention_heads", "num_hidden_layers"]:
    member(5, f"DistilBERT with `{key}: 1` beside its own name", lambda it, k=key: it.config(**{k: 1}), refused=f"`{key}`", family="distilbert")
NAMES = {"dim": "hidden_size", "n_heads": "num_attention_heads", "n_layers": "num_hidden_layers"}
member(5, "DistilBERT with BERT's names", lambda it: it.json("config.json", lambda c: {NAMES.get(k, k): v for k, v in c.items()}), family="distilbert")
member(13, "`layer_norm_eps: 0.1`", lambda it: it.config(layer_norm_eps=0.1))

# 14: pickles.
class Call:
    """A pickle of it calls `function` when Python reads it."""

    def __init__(self, function, *arguments):
        self.parts = function, arguments

    def __reduce__(self):
        return self.parts


def views(tensors):
    """All tensors are views of one storage, and every matrix is transposed in it."""
    flat = torch.cat([tensor.t().reshape(-1) if tensor.dim() == 2 else tensor.reshape(-1) for tensor in tensors.values()])
    at, result = 0, {}
    for name, tensor in tensors.items():
        part = flat[at : at + tensor.numel()]
        result[name] = part.view(tensor.t().shape).t() if tensor.dim() == 2 else part
        at += tensor.numel()
    return result


LEGACY = {"_use_new_zipfile_serialization": False}
for layout, keywords in [("zip", {}), ("legacy", LEGACY)]:
    save = lambda change, k=keywords: lambda it: it.pickle(change, **k)
    member(14, f"{layout}", save(lambda t: None))
    member(14, f"{layout}, half", save(lambda t: {k: v.half() for k, v in t.items()}))
    member(14, f"{layout}, bf16", save(lambda t: {k: v.bfloat16() for k, v in t.items()}))
    member(14, f"{layout}, double", save(lambda t: {k: v.double() for k, v in t.items()}))
    member(14, f"{layout}, LongStorage", save(lambda t: t.update({"bert.embeddings.position_ids": torch.arange(64)[None]})))
    member(14, f"{layout}, one shared storage, transposed", save(views))
    member(14, f"{layout}, parameters", save(lambda t: {k: torch.nn.Parameter(v) for k, v in t.items()}))
    member(14, f"{layout}, under `state_dict`", save(lambda t: {"epoch": 3, "lr": 1e-3, "state_dict": t}), plain=True)
    member(14, f"{layout}, under `model_state_dict`", save(lambda t: {"epoch": 3, "model_state_dict": t}), plain=True)
    member(14, f"{layout}, complex numbers", save(lambda t: t | {"x": torch.ones(3, dtype=torch.complex64)}), refused="`ComplexFloatStorage`")
    member(14, f"{layout}, under `model`, with an optimizer",
           save(lambda t: {"model": t, "optimizer": {"state": {0: {"step": 1, "exp_avg": torch.ones(3)}}, "param_groups": [{"lr": 0.1}]}, "name": None}), plain=True)
    member(14, f"{layout}, under `model` and `model_ema`",
           save(lambda t: {"model": t, "model_ema": {k: v + 1 for k, v in t.items()}}), plain=True)
    member(14, f"{layout}, under `model` and `state_dict`",
           save(lambda t: {"model": t, "state_dict": {k: v + 1 for k, v in t.items()}}), refused="twice")
    member(14, f"{layout}, os.system", save(lambda t: t | {"x": Call(os.system, "touch executed")}), refused="system")
    member(14, f"{layout}, subprocess", save(lambda t: t | {"x": Call(subprocess.check_output, ["true"])}), refused="check_output")
    member(14, f"{layout}, eval", save(lambda t: t | {"x": Call(eval, "1")}), refused="eval")
    member(14, f"{layout}, 10^9 numbers from one", save(lambda t: t | {"classifier.weight": torch.ones(1).expand(10**9)}), refused="classifier.weight")
    member(14, f"{layout}, integers as weights", save(lambda t: t | {"classifier.bias": torch.ones(3, dtype=torch.int64)}), refused="classifier.bias")
    member(14, f"{layout}, a data class", save(lambda t: t | {"args": collections.Counter("ab")}), refused="Counter")
    member(14, f"{layout}, a `torch.dtype` and a `torch.Size` beside", save(lambda t: {"state_dict": t, "dtype": torch.float16, "shape": torch.Size([1])}), plain=True)
    member(14, f"{layout}, cut short", lambda it, k=keywords: (it.pickle(**k), os.truncate(it.path / "pytorch_model.bin", 3000)), refused="pytorch_model.bin")
member(14, "zip, protocol 4", lambda it: it.pickle(pickle_protocol=4), plain=True)
member(14, "zip, protocol 5, ordered", lambda it: it.pickle(collections.OrderedDict, pickle_protocol=5), plain=True)
member(14, "a text as pytorch_model.bin", lambda it: (it.remove("model.safetensors"), it.write("pytorch_model.bin", "not found\n" * 9)), refused="pytorch_model.bin")
member(14, "safetensors beside a pickle: the first is read",
       lambda it: torch.save({"x": Call(os.system, "touch executed")}, it.path / "pytorch_model.bin"))

# 16: activations.
for name in ["gelu", "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_accurate", "gelu_python_tanh", "relu"]:
    member(16, f"`{name}`", lambda it, n=name: it.config(hidden_act=n))
for name in ["silu", "swish", "quick_gelu", "tanh", "mish", "gelu_10", "leaky_relu"]:
    member(16, f"`{name}`", lambda it, n=name: it.config(hidden_act=n), refused=f"`{name}`")
member(16, "`relu` of DistilBERT", lambda it: it.config(activation="relu"), family="distilbert")
member(16, "`gelu_new` of ELECTRA", lambda it: it.config(hidden_act="gelu_new"), family="electra")

# 17: other problems than one label for a text.
for kind in ["multi_label_classification", "regression", "ranking"]:
    member(17, f"`problem_type: {kind}`", lambda it, k=kind: it.config(problem_type=k), refused=f"`{kind}`")
member(17, "several labels in a folder that `train` once wrote", lambda it: it.config(problem_type="multi_label_classification", fathom={"run": "r", "epoch": 1}), refused="`multi_label")
member(17, "`single_label_classification`", lambda it: it.config(problem_type="single_label_classification"))
member(17, "`problem_type: null`", lambda it: it.config(problem_type=None))

# 18: templates.
member(18, "token type 1 on the text", lambda it: it.template(text_type=1), refused="type_id")
member(18, "`[MASK]` before the text", lambda it: it.template(more=["[MASK]"]), refused="[CLS] $A [SEP]")
member(18, "no `[SEP]`", lambda it: it.template(end=None), refused="[CLS] $A [SEP]")
member(18, "`[PAD]` instead of `[SEP]`", lambda it: it.template(end="[PAD]"), warns=AS_4, follows=4)
member(18, "no post-processor", lambda it: it.json("tokenizer.json", lambda t: t.update(post_processor=None)), refused="[CLS] $A [SEP]")
member(18, "`BertProcessing`", lambda it: it.json("tokenizer.json", lambda t: t.update(post_processor={"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]})))
member(18, "`RobertaProcessing`", lambda it: it.json("tokenizer.json", lambda t: t.update(post_processor={"type": "RobertaProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2], "trim_offsets": True, "add_prefix_space": False})))
member(18, "`<s>` instead of `[CLS]`", lambda it: it.write("tokenizer.json", json.dumps(tokenizer_json(False)).replace("[CLS]", "<s>")), warns=AS_4, follows=4)
member(18, "another pre-tokenizer", lambda it: it.json("tokenizer.json", lambda t: t.update(pre_tokenizer={"type": "Whitespace"})), warns=AS_4, follows=4)
member(18, "another normalizer", lambda it: it.json("tokenizer.json", lambda t: t.update(normalizer={"type": "Lowercase"})), warns=AS_4, follows=4)
member(18, "words of at most 3 characters", lambda it: it.json("tokenizer.json", lambda t: t["model"].update(max_input_chars_per_word=3)), warns=AS_4, follows=4)
member(18, "another `unk_token` in tokenizer.json", lambda it: it.json("tokenizer.json", lambda t: t["model"].update(unk_token="[MASK]")), warns=AS_4, follows=4)
member(18, "another `cls_token` in tokenizer_config.json", lambda it: it.settings(cls_token="[MASK]"), warns=AS_4, follows=4)
member(18, "pieces begin with `@@`", lambda it: it.write("tokenizer.json", (it.path / "tokenizer.json").read_text().replace("##", "@@")), warns=AS_4, follows=4)
member(18, "vocab.txt in another order than tokenizer.json", lambda it: it.write("vocab.txt", "".join(token + "\n" for token in [*SPECIAL, *reversed(VOCABULARY[5:])])))
member(18, "added_tokens.json with a token that tokenizer.json lacks", lambda it: it.write("added_tokens.json", '{"Film,": 130}'), refused="`Film,`")
member(18, "`additional_special_tokens` with such a token", lambda it: it.settings(additional_special_tokens=["Film,"]), refused="`Film,`")
member(18, "`split_special_tokens`", lambda it: it.settings(split_special_tokens=True), refused="`split_special_tokens`")
member(18, "special tokens in the vocabulary alone", lambda it: it.json("tokenizer.json", lambda t: t.update(added_tokens=[])))
member(18, "special_tokens_map.json with another `cls_token`", lambda it: it.write("special_tokens_map.json", '{"cls_token": "[MASK]"}'), warns=AS_4, follows=4)
member(18, "an added token", lambda it: it.json("tokenizer.json", lambda t: t["added_tokens"].append({"id": 100, "content": VOCABULARY[100], "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False})))

STUDY = """
name = "cases"
seeds = [1]
[data]
dataset = "jsonl"
tokenizer = "member"
max_seq_length = 32
[defaults]
encoder = "member"
weights = "pretrained"
epochs = 1
batch_size = 8
dropout = 0.0
optimizer = { kind = "adamw", encoder_learning_rate = 1e-3, head_learning_rate = 1e-3 }
[[configuration]]
id = "1"
blocks = "first:1"
head = { kind = "cls-linear" }
"""


def trained(member, folder, binaries, reference, ours, texts):
    """Train one block of the changed folder, and hold what is saved against `transformers` with its own defaults."""
    member.change(Folder(folder))
    place = folder.parent
    (place / "study.toml").write_text(STUDY)
    shutil.rmtree(place / "shards", ignore_errors=True)
    shutil.rmtree(place / "run", ignore_errors=True)
    lines = [{"label": label, "split": split, "text": f"{text} {i}"} for split in ("train", "validation", "test")
             for i in range(8) for label, text in (("neg", "bad film"), ("pos", "good Film, naïve"))]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    call = lambda program, *rest, **keywords: subprocess.run([binaries / program, *map(str, rest)], capture_output=True, text=True, **keywords)
    shards = call("prep", "--definition", place / "study.toml", "--models", place, "--input", "-", "--out", place / "shards", input=text)
    plan = call("plan", place / "study.toml")
    done = call("train", "--config", "-", "--model", folder, "--shards", place / "shards", "--out", place / "run", "--device", "flex", input=plan.stdout)
    lines = [line for line in (shards.stderr + plan.stderr + done.stderr).splitlines() if line.startswith(("warn", "train:", "prep:", "plan:"))]
    said = " ".join(lines).replace(str(place), "DIR")
    if member.refused or done.returncode:
        return said, "-", bool(member.refused) and done.returncode == 1 and member.refused in said
    config = json.loads((place / "run/model/config.json").read_text())
    keys = all(config.get(key) in values for key, values in member.trains.items())
    shutil.copytree(place / "run/model", place / "saved", dirs_exist_ok=True)
    answer, more = ours(place / "saved", binaries)
    wanted, _ = reference(place / "saved", dtype=None)
    difference = max(float((a - b).abs().max()) for a, b in zip(answer[0], wanted))
    pipeline = transformers.pipeline("text-classification", model=str(place / "saved"), top_k=None)
    scores = [sorted(label["score"] for label in pipeline([text])[0]) for text in texts]
    ours_too = [torch.softmax(logits, 0).sort().values.tolist() for logits in answer[0]]
    sums = all(abs(a - b) < 1e-4 for one, two in zip(scores, ours_too) for a, b in zip(one, two))
    kept = {key: config.get(key) for key in member.trains}
    return f"{said} {kept} {more}".strip(), f"{difference:.1e}", keys and sums and difference < 1e-4 and member.warns in said
member(18, "RoBERTa whose `pad_token_id` is a token of the text", lambda it: it.config(pad_token_id=3), family="roberta")
