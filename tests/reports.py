"""Reports on training data as `assay data` writes them, small and made up."""

import json
from pathlib import Path
from typing import Any

from backend.services.studies.files import Source

CLEANING: dict[str, Any] = {
    "report": "cleaning",
    "preset": "paper",
    "files": [
        {"file": "a.json", "kind": "sharegpt", "dialogues": 20, "problems": 1, "first_problems": ["line 3: no turns"]}
    ],
    "steps": [
        {
            "step": "language",
            "came": 20,
            "left": 14,
            "split": 0,
            "dropped": {"not English": 6},
            "changed": {},
            "samples": {"not English": [{"id": "d1", "what": "Wie geht <b>es</b>?"}]},
        },
        {
            "step": "split_long",
            "came": 14,
            "left": 17,
            "split": 3,
            "dropped": {},
            "changed": {"split": 2},
            "samples": {},
        },
    ],
    "came": 20,
    "left": 17,
    "sha256": "ab" * 32,
}
DIVERSITY: dict[str, Any] = {
    "report": "diversity",
    "files": ["clean.jsonl"],
    "queries": 100,
    "signature": "nrefs:1|case:lc|eff:yes|tok:13a|smooth:exp|version:2.6.0",
    "mean": 8.25,
    "median": 5.5,
    "same": 2,
    "histogram": [70, 20, 6, 0, 0, 0, 0, 0, 0, 4],
    "pairs": [
        {
            "score": 91.5,
            "text": "how do i <i>sort</i> a list?",
            "place": "clean.jsonl, line 3",
            "nearest": "how do i sort a list",
            "nearest_place": "clean.jsonl, line 9",
        }
    ],
}
LEAKAGE: dict[str, Any] = {
    "report": "leakage",
    "evaluation": ["prompts.jsonl"],
    "files": ["clean.jsonl"],
    "prompts": 252,
    "texts": 175,
    "signature": DIVERSITY["signature"],
    "threshold": 20.0,
    "near": 1,
    "contained": 1,
    "histogram": [200, 47, 3, 1, 0, 0, 0, 0, 0, 1],
    "marked": [
        {
            "text": "Write a haiku.",
            "place": "prompts.jsonl, line 7",
            "bleu": 88.0,
            "nearest": "Write a haiku!",
            "nearest_place": "clean.jsonl, line 3",
            "sequence": 5,
            "contained": 1.0,
            "container": "Please write a haiku now.",
            "container_place": "clean.jsonl, line 8",
        }
    ],
}
WHOLE = {"13a": 900, "gpt2": 1000}
MIXTURE: dict[str, Any] = {
    "report": "mixture",
    "name": "sharegpt-mix",
    "seed": 0,
    "measure": "gpt2",
    "sources": [
        {
            "name": "sharegpt",
            "file": "clean.jsonl",
            "sha256": "cd" * 32,
            "licence": "unknown",
            "origin": "https://example.org",
            "weight": 0.7,
            "dialogues": {
                "read": 12,
                "left_out_as_doubled": 1,
                "left_out_as_in_an_earlier_source": 1,
                "left": 10,
            },
            "tokens_left": WHOLE,
        }
    ],
    "files": [
        {
            "file": "mix-0.5k.jsonl",
            "tokens_at_most": 500,
            "dialogues": 4,
            "tokens": {"13a": 450, "gpt2": 498},
            "assistant_tokens": {"13a": 300, "gpt2": 320},
            "by_source": {"sharegpt": {"dialogues": 4, "tokens": {"13a": 450, "gpt2": 498}}},
            "bytes": 2000,
            "sha256": "ef" * 32,
        },
        {
            "file": "mix.jsonl",
            "tokens_at_most": None,
            "dialogues": 10,
            "tokens": WHOLE,
            "assistant_tokens": {"13a": 700, "gpt2": 720},
            "by_source": {"sharegpt": {"dialogues": 10, "tokens": WHOLE}},
            "bytes": 5000,
            "sha256": "01" * 32,
        },
    ],
}
ALL = (CLEANING, DIVERSITY, LEAKAGE, MIXTURE)


def written(folder: Path, report: object, name: str = "a.report.json") -> Source:
    """The report's file."""
    path = folder / name
    path.write_text(json.dumps(report), "utf-8")
    return Source(path, None, name)
