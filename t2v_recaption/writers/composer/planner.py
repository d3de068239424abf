"""Planner: which aspects the prompt leaves open, and which sentences of the knowledge fill them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from t2v_recaption.intent.model import Fact, Kind
from t2v_recaption.targets.model import Target
from t2v_recaption.writers.base import Aspect, WriteOptions
from t2v_recaption.writers.composer.library import Entry, Library, Ready
from t2v_recaption.writers.composer.notation import Reference, joined
from t2v_recaption.writers.composer.scene import ALIVE, MOVING, PLACES, Actor, Scene
from t2v_recaption.writers.composer.tags import Tags
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
STILL_MOVES = ("static shot", "push in", "static shot", "slider shot", "push in", "dolly out", "pull back")
FOLLOWING = ("tracking shot", "following shot", "static shot", "push in", "gimbal shot")
FRAMING = ("centred composition", "rule of thirds", "shallow depth of field", "deep focus")
SHOT = {"tiny": "close", "small": "close", "medium": "medium", "human": "medium", "large": "medium", "huge": "wide", "vast": "wide"}
BODY = frozenset(
    "head heads face faces eye eyes gaze shoulder shoulders back backs chest hips hip knee knees leg legs lip lips mouth jaw "
    "torso body bodies chin neck brow expression smile smiles breath breathe breathes foot feet ears stands stand hair".split()
)
"""What is out of frame where only somebody's hands are seen."""


@dataclass
class Planned:
    """A sentence to be written."""

    aspect: Aspect
    importance: float
    ready: Ready
    who: Reference
    key: str
    own: bool = True
    """Whether `{they}` is the main subject."""


@dataclass
class Plan:
    """What the caption says besides the user's words."""

    items: list[Planned] = field(default_factory=list)
    place_phrase: str = ""
    posture: tuple[str, str] | None = None
    shot: str = "plain"


class Planner:
    """Fills the open aspects of one scene for one target."""

    def __init__(self, scene: Scene, library: Library, target: Target, options: WriteOptions) -> None:
        self.scene = scene
        self.library = library
        self.target = target
        self.options = options
        self.choice = scene.choice
        self.plan = Plan()
        self.used: set[str] = set()
        self.tags = scene.tags
        self.moving_image = options.task == "t2v"

    def prepare(self) -> Plan:
        """Decide what the opening needs: place, posture, shot."""
        self._choose_time_first()
        if self.moving_image:
            self._choose_place()
        self._choose_time()
        self.plan.posture = self._posture()
        self.plan.shot = self._shot()
        return self.plan

    def fill(self, spare: int, *, dense: bool) -> Plan:
        """Add sentences, most important first, until about `spare` words are used."""
        groups = list(self._wanted(dense))
        left = spare
        for item in groups:
            length = len(item.ready.words) + 2
            if left < length * 0.6 and item.importance < REQUIRED:
                continue
            self.plan.items.append(item)
            left -= length
        return self.plan

    # what is wanted, most important first

    def _wanted(self, dense: bool) -> Iterable[Planned]:
        if dense:
            yield from self._camera() if self.target.camera == "required" else ()
            yield from self._audio()
            return
        if not self.moving_image:
            yield from self._motion()
            yield from self._camera()
            yield from self._audio()
            return
        motion = list(self._motion())
        look = list(self._look())
        setting = list(self._setting())
        yield from look[:1]
        yield from motion[:1]
        yield from setting[:1]
        yield from self._light()
        yield from self._camera()
        yield from self._stated_extras()
        yield from self._audio()
        yield from motion[1:]
        yield from setting[1:2]
        yield from look[1:]
        yield from setting[2:]

    # subject

    def _look(self) -> list[Planned]:
        main = self.scene.main
        out: list[Planned] = []
        if main is None or main.entry is None:
            return out
        out += self._from_chain(main.entry, "look", main.reference, "subject", (0.8, 0.5), share=self.scene.choice)
        if main.root == "person" and not self._clothed():
            wear = self._from_chain(main.entry, "wear", main.reference, "subject", (0.6,))
            out = out[:1] + wear + out[1:]
        other = self._second()
        if other is not None and other.entry is not None:
            found = self._from_chain(other.entry, "look", other.reference, "subject", (0.55,))
            for item in found:
                item.own = False
            out = out[:1] + found + out[1:] if not self.scene.hands else found + out
        return out

    def _second(self) -> Actor | None:
        action = self.scene.action
        main = self.scene.main
        if action is not None and action.obj is not None and main is not None and action.obj.noun.index != main.noun.index:
            return action.obj if action.obj.root not in ("abstract", "time", "body part", "") else None
        return next((o for o in self.scene.others if o.root in MOVING | {"object", "food", "plant"} and o.entry), None)

    def _clothed(self) -> bool:
        names = self.library.vocabulary.names(self.scene.tags)
        nouns = self.scene.analysis.nouns
        return (
            "clothing" in names
            or self.scene.has(Kind.ATTRIBUTE, "clothing")
            or any(noun.root == "clothing" for noun in nouns)
            or any(verb.lemma in ("wear", "dress") for verb in self.scene.analysis.verbs)
        )

    # action

    def _motion(self) -> list[Planned]:
        count = 1 if not self.target.motion else 2 if self.options.strength == "light" else 3
        action, main = self.scene.action, self.scene.main
        if self.scene.intent.of_kind(Kind.ORDER):
            return []
        if action is not None and action.entry is not None:
            beats = self._beats(action.entry)
            if beats:
                return beats[:count]
        posed = action is not None and action.lemma in POSED
        if action is not None and not posed and (main is None or main.root in MOVING or self.scene.hands):
            return self._general_beats()[:count]
        return self._own_motion(count)

    def _who(self) -> Reference:
        main, action = self.scene.main, self.scene.action
        obj = action.obj.name if action is not None and action.obj is not None else ""
        if self.scene.hands:
            return Reference("the hands", "they", True, obj or (main.name if main else ""), self._place_name())
        if main is None:
            return Reference("the subject", "it", False, obj, self._place_name())
        return Reference(main.name, main.pronoun, main.plural, obj, self._place_name())

    def _beats(self, entry: Entry) -> list[Planned]:
        who = self._who()
        for at, triple in self.choice.order("beats", list(enumerate(entry.beats()))):
            if all(self._fits(ready, who) for ready in triple):
                self.used.update(ready.fragment.source for ready in triple)
                return [
                    Planned("action", weight, ready, who, f"beat{at}.{n}")
                    for n, (ready, weight) in enumerate(zip(triple, (0.85, 0.7, 0.65), strict=False))
                ]
        return []

    def _general_beats(self) -> list[Planned]:
        main = self.scene.main
        key = "person" if self.scene.hands else main.root if main is not None else "any"
        columns = words().beats.get(key, words().beats["any"])
        out: list[Planned] = []
        for n, (column, weight) in enumerate(zip(columns, (0.75, 0.6, 0.55), strict=True)):
            found = self._pick(f"beats{n}", [self.library.ready(source) for source in column], self._who())
            if found is not None:
                out.append(Planned("action", weight, found, self._who(), f"general{n}"))
        return out

    def _own_motion(self, count: int) -> list[Planned]:
        main = self.scene.main
        if main is None or main.entry is None:
            return []
        posed = any(verb.lemma in POSED for verb in self.scene.analysis.verbs) or self.plan.posture is not None
        first, second = ("still", "move") if posed and main.root in ALIVE else ("move", "still")
        who = self._who()
        out = self._from_chain(main.entry, first, who, "action", (0.75, 0.5))
        if first == "move" or not out:
            out += self._from_chain(main.entry, second, who, "action", (0.6,))
        return out[:count]

    # setting

    def _setting(self) -> list[Planned]:
        place = self.scene.place
        who = self._who()
        if place is None:
            return self._backdrop(who)
        keys = self.choice.pick("depth", (("background", "life", "foreground"), ("background", "foreground", "life"),
                                          ("foreground", "background", "life"), ("life", "background", "foreground")))
        out: list[Planned] = []
        for key, weight in zip(keys, (0.7, 0.5, 0.45), strict=True):
            found = self._from_chain(place, key, who, "setting", (weight,), places=True)
            out += found
        return out

    def _backdrop(self, who: Reference) -> list[Planned]:
        """What lies around a subject where no place is known: depth and texture, nothing that may be wrong."""
        if self.scene.main is None or self.scene.main.root in PLACES:
            return []
        close = self.plan.shot == "close" or "close-up" in self.library.vocabulary.names(self.tags)
        options = [self.library.ready(source) for source in words().backdrop["close" if close else "any"]]
        found = self._pick("backdrop", options, who)
        return [Planned("setting", 0.45, found, who, "backdrop")] if found is not None else []

    def _choose_place(self) -> None:
        scene = self.scene
        if scene.place is not None or scene.place_stated or self._has_landmark():
            return
        main = scene.main
        if main is not None and main.root in PLACES - {"building"}:
            return
        for entry in self._place_options():
            tags = self._place_tags(entry)
            if tags.fits(self.tags):
                scene.place, scene.place_name = entry, f"the {entry.name}"
                self.tags = self.tags | tags
                self.plan.place_phrase = str(entry.get("in", ""))
                return

    def _has_landmark(self) -> bool:
        nouns = self.scene.analysis.nouns
        return any(
            r.ground is not None and nouns[r.ground].root in PLACES and not r.negated and r.category != "of"
            for r in self.scene.analysis.relations
        )

    def _place_options(self) -> list[Entry]:
        main, action = self.scene.main, self.scene.action
        mine: list[str] = []
        for link in self.library.chain(main.entry) if main is not None else ():
            mine = list(link.get("places", ()) or ())
            if mine:
                break
        doing = list(action.entry.get("places", ()) or ()) if action is not None and action.entry is not None else []
        both = [name for name in doing if name in mine]
        names = self.choice.order("place", both) + self.choice.order("place", doing or mine)
        names += self.choice.order("place", mine) if main is None or main.root != "person" else []
        found = [self.library.place(name) for name in names]
        return [entry for entry in found if entry is not None]

    def _place_tags(self, entry: Entry) -> Tags:
        known = self.library.vocabulary.known
        names = [*entry.get("tags", ()), *self.library.chain_names(entry, places=True)]
        return self.library.vocabulary.named([name for name in names if name in known])

    def _place_name(self) -> str:
        return self.scene.place_name or "the surroundings"

    # time and light

    def _choose_time_first(self) -> None:
        if self.scene.time:
            self.tags = self.tags | self.library.vocabulary.named([self.scene.time])

    def _choose_time(self) -> None:
        if self.scene.time or self.scene.has(Kind.TIME):
            return
        place = self.scene.place
        times = [str(time) for time in (place.get("times", ()) if place is not None else ())] or ["day"]
        for time in self.choice.order("time", [*times, "day"]):
            tags = self.library.vocabulary.named([time])
            if time in ("day", "dusk", "dawn", "night") and tags.fits(self.tags):
                self.scene.time = time
                self.tags = self.tags | tags
                return

    def _light(self) -> list[Planned]:
        if not self.target.light:
            return []
        who = self._who()
        for ready in self._light_options():
            if self._fits(ready, who):
                self.used.add(ready.fragment.source)
                self.tags = self.tags | ready.tags
                return [Planned("light", 0.65, ready, who, "light")]
        return []

    def _light_options(self) -> Iterable[Ready]:
        for fact in self.scene.intent.of_kind(Kind.LIGHT, Kind.TIME, Kind.WEATHER):
            table = "light" if fact.kind is Kind.LIGHT else "times" if fact.kind is Kind.TIME else "weather"
            entry = self.library.named(table, fact.value) if not fact.negated else None
            if entry is not None:
                yield from self.choice.order("light", entry.ready("sentences"))
        place = self.scene.place
        if place is not None and self.scene.time:
            for link in self.library.chain(place, places=True):
                yield from self.choice.order("light", link.ready(f"light.{self.scene.time}"))
        for entry in self.choice.order("lights", self.light_entries()):
            yield from self.choice.order("light", entry.ready("sentences"))

    def light_entries(self) -> list[Entry]:
        """The general light entries that fit a scene; what needs a source that nobody mentioned comes last."""
        fitting = [e for e in self.library.table("light") if self.entry_tags(e).fits(self.tags)]
        now = self.tags.has
        near = [e for e in fitting if not (self.entry_tags(e).has & ~now)]
        return near or fitting

    def entry_tags(self, entry: Entry) -> Tags:
        return self.library.vocabulary.named(entry.head.get("tags", ()) or ())

    # camera

    def _camera(self) -> list[Planned]:
        stated = [fact for fact in self.scene.intent.of_kind(Kind.CAMERA) if not fact.negated]
        who = self._who()
        moves = [f for f in stated if f.category in ("movement", "speed")]
        out: list[Planned] = []
        for fact in stated[:1] if not moves else moves[:1]:
            entry = self.library.named("camera", fact.value) or self.library.named("camera", fact.text)
            found = self._pick("camera", entry.ready("sentences"), who) if entry is not None else None
            if found is not None:
                out.append(Planned("camera", 0.5, found, who, "camera"))
        if out:
            return out
        wanted = self.target.camera in ("required", "wanted")
        moving = wanted and not any(f.category == "movement" for f in stated)
        if moving:
            out += self._camera_of("move", self._moves(), 0.9 if self.target.camera == "required" else 0.6, who)
        if not out or self.options.strength == "rich":
            out += self._framing(stated, who, still=not out)
        return out

    def _framing(self, stated: Sequence[Fact], who: Reference, *, still: bool) -> list[Planned]:
        """One sentence on shot size and angle: mostly composed of the two, sometimes a sentence of the knowledge."""
        sized = self.plan.shot == "sized" or self.scene.has(Kind.CAMERA, "size")
        if sized or self.scene.has(Kind.CAMERA, "angle") or self.choice.chance("framing", 30):
            return self._camera_of("size", self._sizes(stated), 0.6, who)
        lens, scale = words().lens, self.scale()
        size = self._camera_name("size", [name for name in SIZES[scale] if name in lens["sizes"]])
        angle = self._camera_name("angle", [name for name in ANGLES[scale] if name in lens["angles"]])
        if not size or not angle:
            return self._camera_of("size", self._sizes(stated), 0.6, who)
        who = who._replace(
            size=self.choice.pick("size word", lens["sizes"][size]), angle=self.choice.pick("angle word", lens["angles"][angle])
        )
        lead = self.library.ready(self.choice.pick("lead", lens["lead"]))
        tails = [*lens["space"], *(lens["hold"] if still else ())]
        tail = self._pick("tail", [self.library.ready(source) for source in tails], who)
        parts = [lead.fragment] if tail is None else [lead.fragment, tail.fragment]
        return [Planned("camera", 0.6, lead._replace(fragment=joined(*parts)), who, "framing")]

    def _camera_name(self, key: str, names: Sequence[str]) -> str:
        """The first of the names whose tags fit the scene."""
        for name in self.choice.order(key, names):
            entry = self.library.named("camera", name)
            if entry is None or self.entry_tags(entry).fits(self.tags):
                return name
        return ""

    def _moves(self) -> tuple[str, ...]:
        action = self.scene.action
        travelling = action is not None and action.entry is not None and action.lemma in TRAVEL
        return FOLLOWING if travelling else STILL_MOVES

    def _sizes(self, stated: Sequence[Fact]) -> tuple[str, ...]:
        scale = self.scale()
        sized = self.plan.shot == "sized" or self.scene.has(Kind.CAMERA, "size")
        angled = self.scene.has(Kind.CAMERA, "angle")
        return (() if sized else SIZES[scale] * 2) + (() if angled else ANGLES[scale]) + FRAMING

    def _camera_of(self, key: str, names: Sequence[str], weight: float, who: Reference) -> list[Planned]:
        for name in self.choice.order(key, names):
            entry = self.library.named("camera", name)
            if entry is None or not self.entry_tags(entry).fits(self.tags):
                continue
            found = self._pick(f"{key}.{name}", entry.ready("sentences"), who)
            if found is not None:
                self.tags = self.tags | self.entry_tags(entry)
                return [Planned("camera", weight, found, who, key)]
        return []

    def scale(self) -> str:
        main = self.scene.main
        for link in self.library.chain(main.entry) if main is not None else ():
            if link.head.get("scale") in SIZES:
                return str(link.head["scale"])
        return "vast" if self.scene.place is not None and main is None else "medium"

    def _shot(self) -> str:
        if self.scene.has(Kind.CAMERA) or not self.moving_image:
            return "plain"
        names = set(self.library.vocabulary.names(self.tags))
        shot = SHOT[self.scale()]
        return "plain" if "far" in names or ("close-up" in names and shot != "close") else shot

    def _posture(self) -> tuple[str, str] | None:
        main = self.scene.main
        if main is None:
            return None
        for name in [*self.library.chain_names(main.entry), main.root]:
            options = words().posture.get(name)
            if options:
                pair = self.choice.pick("posture", options)
                return (pair[0], pair[1])
        return None

    # style, mood, weather, sound

    def _stated_extras(self) -> Iterable[Planned]:
        who = self._who()
        for kind, table, aspect in (
            (Kind.STYLE, "styles", "style"), (Kind.WEATHER, "weather", "weather"), (Kind.MOOD, "moods", "mood"),
        ):  # fmt: skip
            for fact in self.scene.intent.of_kind(kind)[:1]:
                entry = self.library.named(table, fact.value) if not fact.negated else None
                found = self._pick(aspect, entry.ready("sentences"), who) if entry is not None else None
                if found is not None:
                    yield Planned(aspect, 0.4, found, who, aspect)  # type: ignore[arg-type]

    def _audio(self) -> list[Planned]:
        if not self.target.audio:
            return []
        who = self._who()
        out: list[Planned] = []
        for name in self._sounding():
            entry = next((e for e in self.library.table("sounds") if name in e.head["of"]), None)
            found = self._pick(f"sound.{name}", entry.ready("sentences"), who) if entry is not None else None
            if found is not None:
                out.append(Planned("audio", 0.9 if not out else 0.5, found, who, f"sound{len(out)}"))
            if len(out) == 2:
                break
        return out

    def _sounding(self) -> list[str]:
        action, main, place = self.scene.action, self.scene.main, self.scene.place
        names = [action.entry.name, action.lemma] if action is not None and action.entry is not None else []
        names += self.library.chain_names(main.entry) if main is not None else []
        names += self.library.chain_names(place, places=True) if place is not None else []
        names += self.library.vocabulary.names(self.tags)
        return [*names, "any"]

    # picking

    def _from_chain(
        self,
        entry: Entry,
        key: str,
        who: Reference,
        aspect: Aspect,
        weights: Sequence[float],
        *,
        places: bool = False,
        share: object = None,
    ) -> list[Planned]:
        """One sentence a weight from the entry's list, going up to what it is where it has no more that fit."""
        out: list[Planned] = []
        for link in self.library.chain(entry, places=places):
            for ready in self.choice.order(f"{key}.{entry.name}", link.ready(key)):
                if len(out) == len(weights):
                    return out
                if self._fits(ready, who):
                    self.used.add(ready.fragment.source)
                    out.append(Planned(aspect, weights[len(out)], ready, who, f"{key}{len(out)}"))
            if out:
                break
        return out

    def _pick(self, key: str, options: Sequence[Ready], who: Reference) -> Ready | None:
        for ready in self.choice.order(key, options):
            if self._fits(ready, who):
                self.used.add(ready.fragment.source)
                return ready
        return None

    def _fits(self, ready: Ready, who: Reference) -> bool:
        """Whether the sentence may stand in this scene."""
        tags = ready.tags
        if tags.has & self.tags.bars or self.tags.has & tags.bars or ready.fragment.source in self.used:
            return False
        if "obj" in ready.slots and not who.obj or ready.words & self.scene.avoid:
            return False
        if "place" in ready.slots and not self.scene.place_name:
            return False
        if self.scene.hands and ready.words & BODY and who.name == "the hands":
            return False
        return True


REQUIRED = 0.85
POSED = frozenset(("sit", "stand", "lie", "rest", "perch", "lean", "sleep", "pose", "hang"))
TRAVEL = frozenset("walk run jog ride drive sail fly travel move cross march roam cycle skate ski swim trot gallop pass".split())
