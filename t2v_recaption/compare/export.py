"""Results as files: CSV (one row a prompt and arm), JUnit (one test an arm), HTML."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from xml.etree import ElementTree

from t2v_recaption.compare.result import Result
from t2v_recaption.compare.verdicts import Call
from t2v_recaption.tidy import SURROGATE
from t2v_recaption.whole_files import write_whole

NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold."""
COLUMNS = ("id", "prompt", "stratum", "arm", "text", "score", "difference", "failed", "clips")


def write_csv(result: Result, path: Path) -> None:
    """One row a prompt and arm; `difference` is to the baseline, both only where they are known."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    base = result.primary.contest.baseline
    for row in result.rows:
        for name, cell in row.cells.items():
            other = row.cells[base].score
            apart = "" if cell.score is None or other is None or name == base else cell.score - other
            score = "" if cell.score is None else cell.score
            told = (row.id, row.prompt, row.stratum, name, cell.text, score, apart, " ".join(cell.failed))
            writer.writerow([*map(_harmless, told), " ".join(cell.clips)])
    write_whole(path, SURROGATE.sub("�", stream.getvalue()))


def write_junit(result: Result, path: Path) -> None:
    """One test for each arm but the baseline: failed where it is worse, skipped where that cannot be told."""
    suite = ElementTree.Element("testsuite", name=f"t2v ab: {result.primary.title}")
    counts = {"tests": 0, "failures": 0, "skipped": 0, "errors": 0}
    for found in result.comparisons:
        case = ElementTree.SubElement(
            suite, "testcase", classname="t2v.ab", name=f"{found.second} against {found.first}"
        )
        counts["tests"] += 1
        if found.verdict.call is Call.FIRST:
            counts["failures"] += 1
            ElementTree.SubElement(case, "failure", message=_xml(found.verdict.text))
        elif found.verdict.call is Call.INCONCLUSIVE:
            counts["skipped"] += 1
            ElementTree.SubElement(case, "skipped", message=_xml(found.verdict.text))
        ElementTree.SubElement(case, "system-out").text = _xml("\n".join([found.verdict.text, *found.notes]))
    for name, count in counts.items():
        suite.set(name, str(count))
    text = ElementTree.tostring(suite, encoding="unicode", xml_declaration=False)
    write_whole(path, f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n')


def write_html(result: Result, path: Path) -> None:
    """The report, one self-contained file."""
    from t2v_recaption.compare.report import report

    write_whole(path, SURROGATE.sub("�", report(result)))


def _harmless(value: object) -> object:
    """Text that a spreadsheet would run as a formula is kept as text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value


def _xml(text: str) -> str:
    return NO_XML.sub("�", text)
