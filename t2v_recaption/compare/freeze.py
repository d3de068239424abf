"""What is checked, frozen before anything is made: the facts and claims of the original prompts, never of a rewrite."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from t2v_recaption import intent
from t2v_recaption.compare.design import Design
from t2v_recaption.compare.items import Item
from t2v_recaption.intent.model import Intent
from t2v_recaption.records import to_plain

if TYPE_CHECKING:
    from t2v_recaption.verify.model import ClaimSet


class Frozen:
    """The facts (for texts) or claims (for clips) of every prompt of a design.

    Args:
        design: whose prompts they are.
        claims: claim sets of the user's own by prompt id (a suite with hand-written claims); others are made by rules.
    """

    def __init__(self, design: Design, claims: Mapping[str, ClaimSet] | None = None) -> None:
        self.level = design.level
        self.items = design.items.items
        self.intents: dict[str, Intent] = {item.id: intent.parse(item.prompt) for item in self.items}
        self.claims: dict[str, ClaimSet] = dict(claims or {})
        if self.level == "clip":
            from t2v_recaption.verify.claims import claims_of

            for item in self.items:
                if item.id not in self.claims:
                    self.claims[item.id] = claims_of(item.prompt)

    def lines(self) -> str:
        """All of them as JSON lines, the same on every machine."""
        return "".join(json.dumps(self._line(item), ensure_ascii=False, sort_keys=True) + "\n" for item in self.items)

    def _line(self, item: Item) -> dict[str, Any]:
        line: dict[str, Any] = {"id": item.id, "prompt": item.prompt}
        if self.level == "clip":
            return line | {"claims": to_plain(self.claims[item.id])}
        return line | {"facts": [fact.to_dict() for fact in self.intents[item.id].facts]}
