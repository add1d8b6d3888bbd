"""Write the Parquet files of the tests, each with the same rows, by the writers that people use.

    python -m venv venv && venv/bin/pip install pandas pyarrow polars duckdb datasets
    venv/bin/python write.py

All texts are made up. `rows.jsonl` has what `parquet-rows` must print of each file but those in OTHER.
"""

import base64
import json
from pathlib import Path

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.parquet as parquet
from datasets import ClassLabel, Dataset, Features, Value

HERE = Path(__file__).parent
NAMES = ["bad, very", "good", "so-so"]
TEXTS = ["plain", "a, b; c\tand d", 'he said "no"', "two\nlines\r\nand a third", "", " blanks ", "naïve 😀 'x'"]
ROWS = [
    {"id": 100 + n, "text": f"{TEXTS[n % 7]} {n}", "label": NAMES[n % 3], "note": None if n % 4 else f"note {n}"}
    for n in range(60)
]
COLUMNS = {key: [row[key] for row in ROWS] for key in ROWS[0]}
NUMBERS = COLUMNS | {"label": [NAMES.index(name) for name in COLUMNS["label"]]}
FEATURES = Features(id=Value("int64"), text=Value("string"), label=ClassLabel(names=NAMES), note=Value("string"))


def write():
    (HERE / "rows.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in ROWS))
    frame = pandas.DataFrame(COLUMNS)
    frame.to_csv(HERE / "rows.csv", index=False)
    split_files(frame)
    frame.to_parquet(HERE / "pandas-snappy.parquet", index=False)
    frame.astype({"label": "category"}).to_parquet(HERE / "pandas-category-gzip.parquet", index=False, compression="gzip")
    table = pyarrow.table(COLUMNS)
    parquet.write_table(table, HERE / "pyarrow-v2-pages.parquet", data_page_version="2.0", data_page_size=200,
                        use_dictionary=False, row_group_size=25, compression="zstd")
    parquet.write_table(table, HERE / "pyarrow-delta.parquet", use_dictionary=False, compression="none",
                        column_encoding={"id": "DELTA_BINARY_PACKED", "text": "DELTA_LENGTH_BYTE_ARRAY",
                                         "label": "DELTA_BYTE_ARRAY", "note": "DELTA_BYTE_ARRAY"})
    large = pyarrow.schema([("id", pyarrow.uint32()), ("text", pyarrow.large_string()),
                            ("label", pyarrow.dictionary(pyarrow.int8(), pyarrow.large_string())),
                            ("note", pyarrow.large_string())])
    parquet.write_table(table.cast(large), HERE / "pyarrow-large-strings.parquet", row_group_size=7)
    frame = polars.DataFrame(COLUMNS)
    frame.write_parquet(HERE / "polars-zstd.parquet", row_group_size=16)
    frame.with_columns(polars.col("label").cast(polars.Enum(NAMES))).write_parquet(HERE / "polars-enum.parquet",
                                                                                   compression="snappy")
    database = duckdb.connect()
    database.register("made", pandas.DataFrame(COLUMNS))
    for name, options in [("snappy", ""), ("zstd-v2", ", CODEC zstd, PARQUET_VERSION v2")]:
        database.sql(f"COPY made TO '{HERE}/duckdb-{name}.parquet' (FORMAT parquet{options})")
    Dataset.from_dict(NUMBERS, features=FEATURES).to_parquet(HERE / "datasets.parquet", batch_size=20)
    only_in_arrow_schema(database)
    others(database)


def split_files(frame):
    """A folder as the hub has it, with one file of another format, and the same rows in one table."""
    (HERE / "split/data").mkdir(parents=True, exist_ok=True)
    for number, part in enumerate([frame[:30], frame[30:45]]):
        part.to_parquet(HERE / f"split/data/train-0000{number}-of-00002.parquet", index=False)
    frame[45:].to_csv(HERE / "split/data/test-00000-of-00001.csv", index=False)
    frame.assign(split=["train"] * 45 + ["test"] * 15).to_csv(HERE / "split.csv", index=False)


def only_in_arrow_schema(database):
    """Names of classes in the Arrow schema, and not beside it."""
    schema = FEATURES.arrow_schema
    encoded = base64.b64encode(schema.serialize().to_pybytes()).decode()
    database.register("numbered", pandas.DataFrame(NUMBERS))
    database.sql(f"COPY numbered TO '{HERE}/names-in-arrow-schema.parquet' "
                 f"(FORMAT parquet, KV_METADATA {{'ARROW:schema': '{encoded}'}})")


def others(database):
    """Files of which something must be said."""
    parquet.write_table(pyarrow.table({"text": ["a", "b", None], "label": [1.0, None, 0.0], "yes": [True, False, None]}),
                        HERE / "nulls.parquet")
    parquet.write_table(pyarrow.table({"text": [b"caf\xc3\xa9", b"caf\xe9"], "label": [0, 1]}), HERE / "latin-1.parquet")
    parquet.write_table(pyarrow.table({"text": ["a"], "label": [0]}), HERE / "brotli.parquet", compression="brotli")
    database.sql(f"""COPY (SELECT ['a'] AS text, {{'a': 1}} AS label, 1.5::DECIMAL(4, 1) AS price, uuid() AS id, 1::UBIGINT AS n)
                     TO '{HERE}/kinds.parquet' (FORMAT parquet)""")
    parquet.write_table(pyarrow.table({"text": pyarrow.array([], pyarrow.string()), "label": pyarrow.array([], pyarrow.int64())}),
                        HERE / "empty.parquet")


if __name__ == "__main__":
    write()
