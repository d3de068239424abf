"""Surroundings: place, time of day, light, weather, style, mood and sound of a scene, stated or chosen."""

from __future__ import annotations

import re
from collections.abc import Iterable

from t2v_recaption.intent.model import Kind
from t2v_recaption.writers.base import Aspect
from t2v_recaption.writers.composer.library import Entry, Ready
from t2v_recaption.writers.composer.scene import PLACES, Actor
from t2v_recaption.writers.composer.selector import Planned, Selector
from t2v_recaption.writers.composer.words import words

PHRASE = re.compile(r"\w+(?: of)? (?:the|an?) (?P<name>[^,]+)$")
DEPTHS = (
    ("background", "life", "foreground"),
    ("background", "foreground", "life"),
    ("foreground", "background", "life"),
    ("life", "background", "foreground"),
)
GROWING = frozenset(("pick", "harvest", "grow", "pluck", "plant", "farm", "gather"))
"""What is done with food where it grows."""
WITHIN = frozenset(("on", "in", "at", "inside", "under"))
BOUND = 3
"""Places of an action up to which it can hardly be done elsewhere: swimming."""
SUNNY = frozenset(("sun", "sunlight", "sunny", "sunbeam", "bright", "brilliant", "clear"))
LIT = 11
"""Words of a sentence on the light of a place that says whence it comes and what it falls on."""
TIMES = ("day", "dusk", "dawn", "night")
EXTRAS: tuple[tuple[Kind, str, Aspect], ...] = (
    (Kind.STYLE, "styles", "style"), (Kind.WEATHER, "weather", "weather"), (Kind.MOOD, "moods", "mood"),
)  # fmt: skip


class Surroundings:
    """Everything around the subject of one scene."""

    def __init__(self, selector: Selector) -> None:
        self.s = selector
        self.scene = selector.scene
        self.library = selector.library
        self.place_phrase = ""
        """Phrase for the chosen place; empty when the user stated one."""

    # place

    def take_place(self, entry: Entry) -> None:
        """Let it be there."""
        scene = self.scene
        said_already = any(noun.core == str(entry.get("in", "")).split(" ")[-1] for noun in scene.analysis.nouns)
        self.place_phrase = "" if said_already else str(entry.get("in", ""))
        said = PHRASE.match(self.place_phrase)
        scene.place, scene.place_name = entry, f"the {said['name'] if said else entry.name}"
        self.s.narrow(entry.situation)

    def choose_place(self) -> None:
        """Choose a place where the user stated none and the subject is not one itself."""
        scene = self.scene
        if any(fact.value in words().airborne for fact in scene.intent.of_kind(Kind.CAMERA)) and not scene.place_stated:
            self.s.narrow_named("outdoor")
        if scene.place is not None or scene.place_stated or self.has_landmark():
            return
        if scene.main is not None and scene.main.root in PLACES - {"building"}:
            return
        if scene.analysis.nouns and scene.analysis.nouns[0].core in words().no_subject:
            self._fall_back()
            return
        for entry in self._places():
            if entry.situation.fits(self.s.tags):
                self.take_place(entry)
                return
        self._fall_back()

    def _fall_back(self) -> None:
        """Inside or outside, where the situation says which."""
        names = self.s.tag_names()
        for name in ("underwater", "indoor", "outdoor"):
            entry = self.library.place(name) if name in names else None
            if entry is not None:
                self.scene.place = entry
                self.s.narrow(entry.situation)
                return

    def setting(self, *, close: bool) -> list[Planned]:
        """What stands in front, behind and around, and what moves there."""
        place, who = self.scene.place, self.s.who()
        if place is None:
            return self.backdrop("close" if close else "any")
        out: list[Planned] = []
        for key, weight in zip(self.s.choice.pick("depth", DEPTHS), (0.7, 0.5, 0.45), strict=True):
            out += self.s.from_chain(place, key, who, "setting", (weight,), places=True)
        return out

    def backdrop(self, kind: str) -> list[Planned]:
        """What lies around a subject where no place is known: depth and texture, nothing that may be wrong."""
        if kind != "above" and (self.scene.main is None or self.scene.main.root in PLACES):
            return []
        who = self.s.who()
        if who.name == "the scene":
            return []
        options = [self.library.ready(source) for source in words().backdrop[kind]]
        out: list[Planned] = []
        for key, weight in (("backdrop", 0.45), ("backdrop2", 0.4)):
            found = self.s.pick(key, options, who)
            out += [Planned("setting", weight, found, who, key)] if found is not None else []
        return out

    def has_landmark(self) -> bool:
        """Whether the prompt says where it is by a thing that has no entry among the places: in a car, by a lake."""
        nouns = self.scene.analysis.nouns
        for relation in self.scene.analysis.relations:
            if relation.ground is None or relation.negated:
                continue
            root = nouns[relation.ground].root
            inside = ("in", "inside") if nouns[relation.ground].core in words().ridden else ("in", "inside", "on")
            if root in PLACES or (root == "vehicle" and relation.category in inside):
                return True
        return False

    def _places(self) -> list[Entry]:
        """Places of the action that suit the subject, then of the action, then of the subject."""
        main, action, choice = self.scene.main, self.scene.action, self.s.choice
        actor = (
            main if main is None or main.entry is not None else next((a for a in self.scene.others if a.entry), main)
        )
        mine = self.own_places(actor) if actor is not None else []
        landmarks = [[name for name in pool if name in mine] or pool for pool in self.landmark_pools()]
        doing = list(action.entry.get("places", ()) or ()) if action is not None and action.entry is not None else []
        known = main is not None and main.root == "person" and main.noun.core not in words().people
        bound = 0 < len(doing) <= BOUND
        rest = [*landmarks, mine, doing] if known and not bound else [doing, *landmarks, mine]
        pools = [[name for name in doing if name in mine], *self._object_pools(mine), *rest]
        if action is not None and action.obj is not None and 0 < len(self.own_places(action.obj)) < 3:
            pools = [self.own_places(action.obj), *pools]  # a sandcastle is built where there is sand
        pools = [*landmarks, *pools]
        if self._is_about_food():
            pools = (
                [mine, words().food_places, *pools]
                if known and len(mine) < 4
                else [pools[0], words().food_places, *pools[1:]]
            )
        elif any(noun.core == "window" for noun in self.scene.analysis.nouns):
            pools = [words().window_places]  # whoever is at a window is inside, whatever the weather beyond
        elif self._is_harvest():
            pools.insert(0, words().growing_places)
        names = [name for pool in pools for name in choice.order("place", pool)]
        stands = self.furniture_pools()
        names = (
            [name for name in names if all(name in pool for pool in stands)]
            or [n for pool in stands for n in pool]
            or names
        )
        found = [self.library.place(name) for name in names]
        return [entry for entry in found if entry is not None]

    def _object_pools(self, mine: list[str]) -> list[list[str]]:
        """Where the object of the action stands, when it is too big or too alive to be carried."""
        action = self.scene.action
        if action is None or action.obj is None:
            return []
        theirs = self.own_places(action.obj)
        both = [name for name in theirs if name in mine]
        return [both, theirs] if action.obj.root in ("plant", "animal", "vehicle", "building") else [both]

    def landmark_pools(self) -> list[list[str]]:
        """Where the plant or vehicle stands that the user placed something on or by."""
        pools: list[list[str]] = []
        for relation in self.scene.analysis.relations:
            ground = self.scene.analysis.nouns[relation.ground] if relation.ground is not None else None
            if ground is not None and ground.root in ("plant", "vehicle") and not relation.negated:
                general = "tree" if ground.root == "plant" else "vehicle"
                entry = self.library.subject(ground.lemma, ground.core, general)
                pools.append(list((entry.get("places", ()) if entry is not None else ()) or ()))
        return pools

    def furniture_pools(self) -> list[list[str]]:
        """Where the things are found that the prompt places something on or in: a sofa, a bathtub."""
        pools: list[list[str]] = []
        nouns = self.scene.analysis.nouns
        for relation in self.scene.analysis.relations:
            ground = nouns[relation.ground] if relation.ground is not None and not relation.negated else None
            if ground is None or ground.root != "object" or relation.category not in WITHIN:
                continue
            entry = self.library.subject(ground.lemma, ground.core)
            if entry is not None and entry.get("is") and entry.get("scale") not in ("tiny", "small"):
                pools += [list(entry.get("places", ()) or ())] if entry.get("places") else []
        return pools

    def _is_about_food(self) -> bool:
        """Whether people, hands or nobody deal with food: not a squirrel with its nut."""
        main = self.scene.main
        if main is not None and main.root in ("animal", "vehicle", "creature", "building"):
            return False
        a = self.scene.analysis
        if any(noun.root == "plant" for noun in a.nouns) or any(verb.lemma in GROWING for verb in a.verbs):
            return False
        ware = words().kitchenware
        return any(noun.root == "food" or noun.core in ware for noun in self.scene.analysis.nouns)

    def _is_harvest(self) -> bool:
        """Whether food is taken from where it grows."""
        a = self.scene.analysis
        return any(noun.root == "food" for noun in a.nouns) and any(verb.lemma in GROWING for verb in a.verbs)

    def own_places(self, actor: Actor) -> list[str]:
        """Places of the subject. A profession without places of its own does not take those of people in general."""
        links = list(self.library.chain(actor.entry))
        for at, link in enumerate(links):
            places = list(link.get("places", ()) or ())
            if places:
                general = link.name == "person" and at > 0 and actor.noun.core not in words().people
                return words().neutral_places if general else places
        return []

    # time and light

    def settle_time(self) -> None:
        """Take the stated time of day into the situation."""
        if self.scene.time:
            self.s.narrow_named(self.scene.time)

    def choose_time(self, *, plain: bool = False) -> None:
        """Choose a time of day that suits the place, where the user stated none; with `plain`, the day."""
        if self.scene.time or self.scene.has(Kind.TIME):
            return
        place = self.scene.place
        times = [str(time) for time in (place.get("times", ()) if place is not None else ())]
        if self.s.against or self.s.tag_names() & {"overcast", "rain", "fog", "blue sky", "snowing"}:
            times = []  # weather is seen by day
        if plain:
            times = []
        if "candle" in self.s.tag_names() and not self.scene.has(Kind.TIME):
            times = ["night"]
        for time in self.s.choice.order("time", [*times, "day"]):
            if time in TIMES and self.library.vocabulary.named([time]).fits(self.s.tags):
                self.scene.time = time
                self.s.narrow_named(time)
                return

    def light(self) -> list[Planned]:
        """One sentence on the light."""
        who, main = self.s.who(), self.scene.main
        if main is not None and main.root == "sky" and self.scene.time == "night":
            return []  # no lamp lights a cloud
        ready, spare = self.s.pick_two(self._lights(), who)
        if ready is None:
            return []
        self.s.narrow(ready.tags)
        return [Planned("light", 0.86, ready, who, "light", spare=spare)]

    def _lights(self) -> Iterable[Ready]:
        """Sentences on the light, best first: what the user stated, the place's own, plain ones for anywhere."""
        choice, place = self.s.choice, self.scene.place
        for fact in self.scene.intent.of_kind(Kind.LIGHT):
            entry = self.library.named("light", fact.value) if not fact.negated else None
            if entry is not None:
                yield from choice.order("stated light", entry.ready("sentences"))
        dull = bool(self.s.tag_names() & {"fog", "storm", "rain", "snow", "overcast"})
        own = place.ready(f"light.{self.scene.time or 'day'}") if place is not None else []
        own = [ready for ready in own if len(ready.fragment.source.split()) >= LIT]
        plain = [self.library.ready(source) for source in words().lights[self.hour_name()]]
        yield from choice.order("light", [r for r in (*own, *plain) if not (dull and r.words & SUNNY)])

    def hour_name(self) -> str:
        """Which of the plain lights may fall here."""
        names = self.s.tag_names()
        if "indoor" in names:
            return "indoor night" if self.scene.time in ("night", "dusk") else "indoor"
        return self.scene.time if self.scene.time in words().lights else "day"

    def hour(self) -> list[Planned]:
        """One sentence on the time of day."""
        who = self.s.who()
        entry = self.library.named("times", self.scene.time) if self.scene.time else None
        found = self.s.pick("hour", entry.ready("sentences"), who) if entry is not None else None
        return [Planned("time", 0.35, found, who, "hour")] if found is not None else []

    # style, weather, mood, sound

    def stated_extras(self) -> Iterable[Planned]:
        """More about a style, weather or mood that the user stated."""
        who = self.s.who()
        for kind, table, aspect in EXTRAS:
            for fact in self.scene.intent.of_kind(kind)[:1]:
                entry = self.library.named(table, fact.value) if not fact.negated else None
                found = self.s.pick(aspect, entry.ready("sentences"), who) if entry is not None else None
                if found is not None:
                    yield Planned(aspect, 0.4, found, who, aspect)

    def plain_style(self) -> list[Planned]:
        """One sentence on the style that any live scene has, for targets that want one named."""
        who, entry = self.s.who(), self.library.named("styles", "photorealistic")
        found = self.s.pick("style", entry.ready("sentences"), who) if entry is not None else None
        return [Planned("style", 0.6, found, who, "style")] if found is not None else []

    def sounds(self) -> list[Planned]:
        """What is heard: the action or subject first, then the place."""
        who = self.s.who()
        out: list[Planned] = []
        for name in self._sounding():
            entry = self.library.sound(name)
            found = self.s.pick(f"sound.{name}", entry.ready("sentences"), who) if entry is not None else None
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
        return [*names, *sorted(self.s.tag_names()), "any"]
