"""Camera: how the clip is seen, where the user left that open; and more about what the user asked for."""

from __future__ import annotations

from collections.abc import Sequence

from t2v_recaption.intent.model import Kind
from t2v_recaption.targets.model import Target
from t2v_recaption.writers.composer.notation import Reference
from t2v_recaption.writers.composer.scene import MOVING
from t2v_recaption.writers.composer.selector import Planned, Selector
from t2v_recaption.writers.composer.words import words

SIZES = {
    "tiny": ("close-up", "macro shot"),
    "small": ("close-up", "medium close-up", "medium shot"),
    "medium": ("medium shot", "medium close-up", "medium wide shot"),
    "human": ("medium shot", "medium wide shot", "full shot", "medium close-up"),
    "large": ("medium wide shot", "wide shot", "full shot"),
    "huge": ("wide shot", "medium wide shot", "establishing shot"),
    "vast": ("wide shot", "extreme wide shot", "establishing shot"),
}
"""Shot sizes that show a subject of this scale whole or nearly so."""
ANGLES = {
    "tiny": ("eye level", "ground-level shot", "side view"),
    "small": ("eye level", "high angle", "side view", "three-quarter view"),
    "medium": ("eye level", "side view", "three-quarter view", "front view"),
    "human": ("eye level", "side view", "three-quarter view", "front view"),
    "large": ("eye level", "low angle", "side view", "three-quarter view"),
    "huge": ("eye level", "low angle", "three-quarter view", "front view"),
    "vast": ("eye level", "high angle"),
}
SHOTS = {
    "tiny": "close", "small": "close", "medium": "medium", "human": "medium", "large": "medium", "huge": "wide",
    "vast": "wide",
}  # fmt: skip
"""Key of `words().shot` by scale."""
MOVES = ("static shot", "push in", "static shot", "slider shot", "push in", "pull back", "push in")
FOLLOWING = ("tracking shot", "following shot", "static shot", "push in", "push in")


class Camera:
    """Camera sentences for one scene."""

    def __init__(self, selector: Selector, target: Target, *, rich: bool) -> None:
        self.s = selector
        self.scene = selector.scene
        self.library = selector.library
        self.target = target
        self.rich = rich
        self.sized = False
        """Whether the opening already names a shot size."""

    def sentences(self) -> list[Planned]:
        """What is said about the camera."""
        stated = [fact for fact in self.scene.intent.of_kind(Kind.CAMERA) if not fact.negated]
        who = self.s.who()
        if any(fact.category in ("movement", "size", "angle") for fact in stated):
            return []  # the user has said it: a second sentence about it could only dilute it
        out = list[Planned]()
        weight = {"required": 0.9, "wanted": 0.6}.get(self.target.camera)
        if weight is not None:
            out = self._move(FOLLOWING if self._travels() else MOVES, weight, who)
        if not out or self.rich:
            out += self._framing(who)
        return out

    def shot(self) -> str:
        """Key of `words().shot` for a scene that is shown: close, medium, wide or plain."""
        if self.scene.has(Kind.CAMERA):
            return "plain"
        names = self.s.tag_names()
        shot = SHOTS[self.scale()]
        return "plain" if "far" in names or ("close-up" in names and shot != "close") else shot

    def scale(self) -> str:
        """The scale of what is in the picture."""
        main = self.scene.main
        for link in self.library.chain(main.entry) if main is not None else ():
            if link.head.get("scale") in SIZES:
                return str(link.head["scale"])
        return "vast" if self.scene.place is not None and main is None else "medium"

    def _travels(self) -> bool:
        action = self.scene.action
        return action is not None and action.entry is not None and action.lemma in words().travel

    def _framing(self, who: Reference) -> list[Planned]:
        """One plain sentence on shot size and angle."""
        lens, scale = words().lens, self.scale()
        size = self._name("size", [name for name in SIZES[scale] if name in lens["sizes"]])
        angle = self._name("angle", [name for name in ANGLES[scale] if name in lens["angles"] and self._has_side(name)])
        if self._is_stated() or not size or not angle:
            return self._still(who)
        who = who._replace(
            size=self.s.choice.pick("size word", lens["sizes"][size]),
            angle=self.s.choice.pick("angle word", lens["angles"][angle]),
        )
        leads = self.s.choice.order("lead", [self.library.ready(source) for source in lens["lead"]])
        lead, other = self.s.pick_two(leads, who)
        return [Planned("camera", 0.86, lead, who, "framing", spare=other)] if lead is not None else []

    def _move(self, names: Sequence[str], weight: float, who: Reference) -> list[Planned]:
        """One plain sentence on a camera move that fits."""
        for name in self.s.choice.order("move", names):
            entry = self.library.named("camera", name)
            if entry is not None and not entry.tags.fits(self.s.tags):
                continue
            found = self.s.pick(f"move.{name}", [self.library.ready(source) for source in words().moves[name]], who)
            if found is not None:
                return [Planned("camera", weight, found, who, "move")]
        return []

    def _still(self, who: Reference) -> list[Planned]:
        """That the camera stands, where size or angle are the user's own."""
        if self.target.camera == "unwanted":
            return []
        return self._move(("static shot",), 0.5, who)

    def _has_side(self, angle: str) -> bool:
        """Whether the subject has a front and a side: a tree, a meal or a view has none."""
        main = self.scene.main
        return angle not in ("side view", "three-quarter view", "front view") or (
            main is not None and main.root in MOVING and not self.scene.hands
        )

    def _is_stated(self) -> bool:
        return self.sized or self.scene.has(Kind.CAMERA, "size") or self.scene.has(Kind.CAMERA, "angle")

    def _name(self, key: str, names: Sequence[str]) -> str:
        """The first of the names whose tags fit the scene."""
        for name in self.s.choice.order(key, names):
            entry = self.library.named("camera", name)
            if entry is None or entry.tags.fits(self.s.tags):
                return name
        return ""
