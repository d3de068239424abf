"""JUnit: verifications as a test report that continuous integration reads."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree as Xml

from t2v_recaption.verify.model import ClaimResult, ClaimStatus, Verification
from t2v_recaption.verify.verifier import Unverified

_UNFIT = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no room for."""


def junit(outcomes: Iterable[Verification | Unverified]) -> str:
    """One suite a clip, one case a claim: refuted is a failure, undetermined and not applicable are skipped."""
    root = Xml.Element("testsuites", name="t2v verify")
    for outcome in outcomes:
        suite = Xml.SubElement(root, "testsuite")
        if isinstance(outcome, Unverified):
            _fill(suite, outcome.clip, 1, errors=1)
            case = Xml.SubElement(suite, "testcase", name="the clip can be verified", classname=_clean(outcome.clip))
            Xml.SubElement(case, "error", message=_clean(outcome.message), type=outcome.error)
        else:
            _suite(suite, outcome)
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _suite(suite: Xml.Element, found: Verification) -> None:
    name = str(found.clip.get("id", ""))
    skipped = found.of_status(ClaimStatus.UNDETERMINED, ClaimStatus.NOT_APPLICABLE)
    _fill(
        suite,
        name,
        len(found.results),
        failures=len(found.of_status(ClaimStatus.REFUTED)),
        errors=len(found.of_status(ClaimStatus.ERROR)),
        skipped=len(skipped),
    )
    properties = Xml.SubElement(suite, "properties")
    facts = {"prompt": found.prompt, "score": found.score, "coverage": found.coverage, "claims_hash": found.claims_hash}
    for key, value in facts.items():
        Xml.SubElement(properties, "property", name=key, value=_clean("" if value is None else str(value)))
    for result in found.results:
        _case(suite, name, result)


def _fill(suite: Xml.Element, name: str, tests: int, *, failures: int = 0, errors: int = 0, skipped: int = 0) -> None:
    counts = {"tests": tests, "failures": failures, "errors": errors, "skipped": skipped}
    suite.attrib.update(name=_clean(name), **{key: str(value) for key, value in counts.items()})


def _case(suite: Xml.Element, clip: str, result: ClaimResult) -> None:
    case = Xml.SubElement(suite, "testcase", name=_clean(result.claim.text), classname=_clean(clip))
    tag = {
        ClaimStatus.REFUTED: "failure",
        ClaimStatus.ERROR: "error",
        ClaimStatus.UNDETERMINED: "skipped",
        ClaimStatus.NOT_APPLICABLE: "skipped",
    }.get(result.status)
    if tag is not None:
        told = Xml.SubElement(case, tag, message=_clean(result.reason))
        if result.evidence.times:
            told.text = "Seen at " + ", ".join(f"{time:.2f} s" for time in result.evidence.times)


def _clean(text: str) -> str:
    return _UNFIT.sub("�", text)
