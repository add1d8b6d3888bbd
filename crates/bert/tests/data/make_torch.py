"""Files of `torch.save` for `tests/torch.rs`, rewritten by `pip install torch numpy && python make_torch.py`.

Every file holds `a`, the numbers 0 to 5 in two rows, and `b`, its transpose.
"""
import collections
import pathlib

import torch

folder = pathlib.Path(__file__).parent / "torch"
folder.mkdir(exist_ok=True)
flat = torch.arange(8, dtype=torch.float32) - 1
rows = flat[1:7].view(2, 3)
shared = {"a": rows, "b": rows.t()}
alone = {"a": rows.clone(), "b": rows.t().contiguous()}
for layout, zipped in [("zip", True), ("legacy", False)]:
    for name, value in [
        ("fp32", alone),
        ("fp16", {key: tensor.half() for key, tensor in alone.items()}),
        ("bf16", {key: tensor.bfloat16() for key, tensor in alone.items()}),
        ("fp64", {key: tensor.double() for key, tensor in alone.items()}),
        ("shared", shared),
        ("parameters", {key: torch.nn.Parameter(tensor) for key, tensor in alone.items()}),
        ("nested", {"epoch": 3, "dtype": torch.float32, "state_dict": collections.OrderedDict(alone), "again": [1.5, None]}),
        ("long", {**alone, "position_ids": torch.arange(4)}),
    ]:
        torch.save(value, folder / f"{name}-{layout}.bin", _use_new_zipfile_serialization=zipped)
