"""DSG-1k: prompts with questions and their dependencies (Cho et al. 2024).

Format read in j-min/DSG: `dsg/data/dsg-1k-anns.csv`, one row a question: item_id, text, proposition_id, dependency
("0": none; "1,2"), category_broad, category_detailed, tuple, question_natural_language; the answers are all yes.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from t2v_recaption.compare.suites.base import Suite, SuitePrompt, claim_set, find, not_like
from t2v_recaption.errors import InvalidInput
from t2v_recaption.intent.model import Kind
from t2v_recaption.verify.claims import ancestors
from t2v_recaption.verify.model import Checker, Claim

COLUMNS = ("item_id", "text", "proposition_id", "dependency", "category_broad", "question_natural_language")

KINDS = {
    ("relation", "action"): Kind.ACTION,
    ("other", "count"): Kind.COUNT,
    ("attribute", "count"): Kind.COUNT,
    ("other", "text rendering"): Kind.TEXT,
    ("attribute", "text rendering"): Kind.TEXT,
    ("attribute", "style"): Kind.STYLE,
    ("attribute", "lighting"): Kind.LIGHT,
    ("attribute", "time"): Kind.TIME,
    ("relation", "temporal"): Kind.ORDER,
}
BROAD = {
    "entity": Kind.SUBJECT,
    "attribute": Kind.ATTRIBUTE,
    "relation": Kind.RELATION,
    "global": Kind.STYLE,
}


def load(name: str, path: Path) -> Suite:
    """Read DSG-1k; the stratum is the data set that a prompt comes from.

    Raises:
        InvalidInput: the file is not there, or has other columns.
    """
    file = find(path, ("dsg/data/dsg-1k-anns.csv", "dsg-1k-anns.csv"), "DSG-1k")
    items: dict[str, list[dict[str, str]]] = {}
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            for row in csv.DictReader(stream):
                if missing := [column for column in COLUMNS if row.get(column) is None]:
                    raise not_like(file, "DSG-1k", f"there is no column {missing[0]!r}")
                items.setdefault(row["item_id"], []).append(row)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"{file} cannot be read: {error}.") from error
    if not items:
        raise not_like(file, "DSG-1k", "it has no rows")
    notes: list[str] = []
    prompts = tuple(_prompt(item, rows, notes) for item, rows in items.items())
    return Suite(name, prompts, str(file), "", tuple(notes))


def _prompt(item: str, rows: list[dict[str, str]], notes: list[str]) -> SuitePrompt:
    order = {row["proposition_id"].strip(): f"c{n}" for n, row in enumerate(rows, 1)}
    claims, known = [], dict[str, tuple[str, ...]]()
    for row in rows:
        own = order[row["proposition_id"].strip()]
        wanted = [each.strip() for each in row["dependency"].split(",") if each.strip() not in ("", "0", "-")]
        usable = dict.fromkeys(order[each] for each in wanted if each in order)
        parents = tuple(each for each in usable if own not in ancestors(each, known))
        if len(parents) < len(set(wanted)):
            notes.append(
                f"{item}: question {row['proposition_id']} depends on {row['dependency']!r}: not all are usable."
            )
        claims.append(_claim(own, row, parents))
        known[own] = parents
    text = rows[0]["text"].strip()
    source = item.rsplit("_", 1)[0]
    tags = tuple(dict.fromkeys((source, *(row["category_broad"] for row in rows))))
    return SuitePrompt(item, text, source, tags, claim_set(text, _once(claims), "dsg"))


def _claim(own: str, row: dict[str, str], parents: tuple[str, ...]) -> Claim:
    detailed = row.get("category_detailed", "")
    kind = KINDS.get((row["category_broad"], detailed), BROAD.get(row["category_broad"], Kind.PHRASE))
    question = row["question_natural_language"].strip()
    checker: Checker = "text" if kind is Kind.TEXT else "judge"
    text = row.get("tuple") or question
    return Claim(own, kind, text, question, "yes", category=detailed, parents=parents, checker=checker)


def _once(claims: Iterable[Claim]) -> list[Claim]:
    return list({claim.id: claim for claim in claims}.values())
