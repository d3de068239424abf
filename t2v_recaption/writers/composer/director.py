"""Director: which take of the knowledge fits a scene, and how much of it may be used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from t2v_recaption.intent.model import Kind
from t2v_recaption.writers.composer.deeds import ranked
from t2v_recaption.writers.composer.library import Entry, Ready
from t2v_recaption.writers.composer.pictures import THINGS, Pictures, is_exact
from t2v_recaption.writers.composer.scene import ALIVE, MOVING, PLACES, Actor
from t2v_recaption.writers.composer.selector import Selector
from t2v_recaption.writers.composer.surroundings import Surroundings
from t2v_recaption.writers.composer.tags import words_of
from t2v_recaption.writers.composer.takes import Group, Take
from t2v_recaption.writers.composer.words import words

ANYTHING = "*"
"""The verb of takes for what people do that the knowledge does not know."""
ENOUGH = 4
"""Takes after which no other group is asked: as many as candidates are usually made."""
LIKENESSES = frozenset(("miniature", "toy", "model", "lego", "origami"))
SEATED = frozenset(("seat", "chair", "bench", "lap", "sits", "sit", "seated", "bed", "armchair", "sofa"))
ROOTS = frozenset(("outdoor", "indoor", "water", "sky", "space", "abstract"))
"""Places that say too little to show one, where the subject itself has something to show."""
SINGLE = frozenset(("it", "its", "itself"))


@dataclass(frozen=True)
class Shot:
    """A take that was chosen for a scene."""

    take: Take
    kind: str
    """action, subject, place, above."""
    placed: bool
    """Whether the take's setting is that of the scene."""
    framed: bool
    """Whether the take's camera may be used."""
    worth: int
    """How much of it can be used, less what may be strange to the scene, and more for what it shows of the prompt."""


class Director:
    """Chooses the take of one scene."""

    def __init__(
        self, selector: Selector, surroundings: Surroundings, pictures: Pictures, *, free: bool, lit: bool
    ) -> None:
        self.s = selector
        self.scene = selector.scene
        self.surroundings = surroundings
        self.pictures = pictures
        self.free = free
        """Whether nothing is given but the words."""
        self.lit = lit
        """Whether light may be told of that the user did not ask for."""

    def choose(self) -> Shot | None:
        """The take that fits best; None where the knowledge has none, or the prompt tells the events itself."""
        if self.scene.intent.of_kind(Kind.ORDER) and len(self.scene.intent.of_kind(Kind.ACTION)) > 1:
            return None
        sources: dict[str, Callable[[], Iterator[list[Group]]]]
        sources = {"action": self._of_action, "subject": self._of_subject, "place": self._of_place}
        if self._is_own_scenery():
            sources = {"action": self._of_action, "place": self._of_place, "subject": self._of_subject}
        if self.pictures.from_above:
            sources = {"above": self._from_above}
        for kind, groups in sources.items():
            fitting: list[list[Shot]] = []
            for alike in groups():
                shots = [self._shot(take, kind, group) for group in alike for take in group.takes]
                fitting.append([shot for shot in shots if shot is not None])
                if sum(map(len, fitting)) >= ENOUGH:
                    break
            if any(fitting):
                return self._pick([shots for shots in fitting if shots])
            if kind == "action" and self._acts():
                return None  # what the subject does of itself is none for what it is said to do
        return None

    def _pick(self, fitting: Sequence[Sequence[Shot]]) -> Shot:
        """One of those of the nearest group of which most can be used; the others where the seed asks for another."""
        first = fitting[0]
        best = max(shot.worth for shot in first)
        good = [shot for shot in first if shot.worth == best]
        others = [shot for shots in fitting for shot in shots if shot not in good]
        others.sort(key=lambda shot: -shot.worth)
        return self.s.choice.prefer("take", good, others, spread=ENOUGH)

    def _is_own_scenery(self) -> bool:
        """Whether the subject is itself the place: a skyscraper, a castle."""
        main, place = self.scene.main, self.scene.place
        return main is not None and place is not None and place.name in (main.noun.lemma, main.noun.core)

    def _acts(self) -> bool:
        """Whether the subject does something: a house is made of bricks, or overlooks the sea, and stays as it is."""
        action, main = self.scene.action, self.scene.main
        if action is None:
            return False
        verb, tokens = action.verb, self.scene.analysis.tokens
        if verb is not None and verb.passive and not any(t.lower == "being" for t in tokens[verb.first : verb.last]):
            return False
        if main is not None and main.root == "body part":
            return action.obj is not None
        return (
            self.scene.hands
            or main is None
            or (main.root in MOVING and (main.root != "animal" or action.entry is not None))
        )

    # where to look

    def _of_action(self) -> Iterator[list[Group]]:
        action = self.scene.action
        if action is None or (action.verb is not None and action.verb.passive):
            return
        takes = self.s.library.takes
        options = [group for name in action.names for group in takes.of_action(name)]
        pools = [[g for g in options if g.head.get("needs") and self._is_needed(g)]]
        pools.append([g for g in options if not g.head.get("needs")])
        if action.entry is None:
            pools.append([*takes.of_action(ANYTHING)])
        for pool in pools:
            yield from ranked(pool, self.scene, action.obj, self.s.library)

    def _is_needed(self, group: Group) -> bool:
        """Whether the prompt has one of the words without which the group is about something else."""
        text = f" {' '.join(token.lower for token in self.scene.analysis.tokens)} "
        lemmas = f" {' '.join(token.lemma for token in self.scene.analysis.tokens)} "
        needs: Sequence[str] = group.head.get("needs") or ()
        return not needs or any(f" {word} " in text or f" {word} " in lemmas for word in needs)

    def _of_subject(self) -> Iterator[list[Group]]:
        main = self.scene.main
        if main is None or main.root in PLACES - {"building"} or self.scene.hands or self._is_likeness(main):
            return
        if main.parts and len({part.root for part in main.parts}) > 1:
            return
        takes = self.s.library.takes
        for name in self._names(main):
            yield from ([group] for group in takes.of_subject(name) if self._is_needed(group))

    def _names(self, main: Actor) -> Iterator[str]:
        """What the subject is called, and what it is, as long as that says how it looks."""
        if not main.parts:
            collective = [
                n.core for n in self.scene.analysis.nouns if n.of == main.noun.index and main.root == "person"
            ]
            yield from (*collective, *main.names)
        if main.root == "group":
            yield main.noun.lemma.rpartition(" ")[0]  # an elephant herd
        if main.root == "group" or (main.root in THINGS and not is_exact(main)):
            return
        for link in self.s.library.chain(main.entry):
            if main.root not in THINGS or link.get("is"):
                yield link.name

    def _is_likeness(self, main: Actor) -> bool:
        """Whether it only has the shape of the thing: a miniature house, a toy car."""
        said = {m.lemma for m in main.noun.modifiers}
        return bool(said & LIKENESSES) or (main.root == "animal" and bool(said & words().lifeless))

    def _of_place(self) -> Iterator[list[Group]]:
        main, place = self.scene.main, self.scene.place
        if main is not None and main.root not in PLACES | {"", "abstract", "medium", "time", "weather"}:
            return
        if main is not None and self._is_likeness(main):
            return
        vague = main is None or not main.root or main.noun.core.rpartition(" ")[2] in words().no_subject
        names = [] if vague or main is None else [*main.names]
        if place is not None and (main is None or vague or main.root not in PLACES or place.name in main.noun.lemma):
            names += [name for name in self.s.library.chain_names(place, places=True)[:2] if vague or name not in ROOTS]
        if place is not None and " " in place.name and main is not None and place.name.endswith(main.noun.core):
            names.insert(0, place.name)  # a crystal cave before a cave
        for name in names:
            yield from ([group] for group in self.s.library.takes.of_place(name) if self._is_needed(group))

    def _from_above(self) -> Iterator[list[Group]]:
        main, place, library = self.scene.main, self.scene.place, self.s.library
        names = [*main.names] if main is not None else []
        names += library.chain_names(place, places=True)[:2] if place is not None else []
        names += [name for other in self.scene.others for name in other.names]
        for name in names:
            yield from ([group] for group in library.takes.from_above(name) if self._is_needed(group))

    # what may be used

    def _shot(self, take: Take, kind: str, group: Group) -> Shot | None:
        who = self.s.who()
        if not all(self.s.fits(ready, who) for ready in take.motion) or self._misses_object(take, kind, group):
            return None
        seated = kind == "subject" and self.scene.main is not None and self.scene.main.root == "person"
        if seated and any(ready.words & SEATED for ready in take.motion):
            return None  # the opening says that they stand
        if not self._is_timely(take) or any(
            self.pictures.clashes(ready, self.scene.main) for ready in self._told(take, kind)
        ):
            return None
        if self._is_about_several() and any(ready.words & SINGLE for ready in take.motion):
            return None
        placed = self.free and self._is_placed(take, kind, group)
        framed = take.camera is not None and self.s.fits(take.camera, who) and not self._is_framed()
        placed = placed and (framed or not self._is_close(take) or "close-up" in self.s.tag_names())
        strange = 0 if placed else self._strange(take.motion, ())
        framed = framed and (placed or not self._strange((take.camera,), take.motion))
        return Shot(take, kind, placed, framed, 2 * placed + framed - min(strange, 2) + min(self._shown(take), 2))

    def _is_timely(self, take: Take) -> bool:
        """Whether it may be shown at the time of day that the prompt states."""
        if take.time == "day" and self.scene.time == "night":
            return False
        return not take.time or not self.scene.time or take.time in ("day", self.scene.time)

    def _is_coloured(self) -> bool:
        """Whether the prompt says of which colour the background is."""
        ground = (noun for noun in self.scene.analysis.nouns if noun.core in ("background", "backdrop"))
        return any(m.category == "colour" for noun in ground for m in noun.modifiers)

    def _is_late_morning(self, take: Take) -> bool:
        """Whether it is day already in what the prompt calls the morning."""
        names = self.s.tag_names()
        return take.time == "day" and "morning" in names and "dawn" not in names

    def _told(self, take: Take, kind: str) -> Sequence[Ready]:
        """The sentences that are about the subject itself."""
        if self.scene.main is None or (kind == "place" and self.scene.main.root in ("building", "place", "")):
            return ()  # a wooden room has linen, too
        return (*take.motion, take.setting) if kind == "place" and take.setting is not None else take.motion

    def _shown(self, take: Take) -> int:
        """How many words of the prompt, besides those that the take was found by, it shows."""
        parts = (*take.motion, take.setting, take.camera)
        seen = {word for ready in parts if ready is not None for word in ready.words}
        return len(seen & self._open)

    @cached_property
    def _open(self) -> frozenset[str]:
        """Words of the prompt that a take may show or not: what is neither the subject, the action nor its object."""
        scene = self.scene
        action, named = scene.action, set[str]()
        for actor in (scene.main, action.obj if action is not None else None):
            named |= words_of(actor.name) | {actor.noun.core, actor.noun.lemma} if actor is not None else set()
        named |= {action.lemma} if action is not None else set()
        content = [
            t for t in scene.analysis.tokens if t.pos in ("noun", "adj", "verb") and not {t.lower, t.lemma} & named
        ]
        return frozenset(form for t in content for form in (t.lower, t.lemma)) - words().filming

    def _strange(self, said: Sequence[Ready | None], known: Sequence[Ready]) -> int:
        """How many things that only the take's own place may have are spoken of."""
        seen = {word for ready in said if ready is not None for word in ready.words} & self.s.library.things
        named = {word for ready in known for word in ready.words} | self._said
        return len(seen - named)

    @cached_property
    def _said(self) -> frozenset[str]:
        """The words of the prompt, as they are and as the dictionary has them."""
        tokens = self.scene.analysis.tokens
        return words_of(self.scene.analysis.text) | {form for t in tokens for form in (t.lemma, f"{t.lemma}s")}

    def _is_about_several(self) -> bool:
        """Whether something is done to several things, which no "it" stands for."""
        scene = self.scene
        obj = scene.main if scene.hands else scene.action.obj if scene.action is not None else None
        human = scene.hands or (scene.main is not None and scene.main.root == "person")
        return human and obj is not None and obj.plural

    def _misses_object(self, take: Take, kind: str, group: Group) -> bool:
        """Whether a take of a verb without its object would be told of a verb that has one: playing, playing chess."""
        action = self.scene.action
        if kind != "action" or action is None or action.obj is None or group.head.get("objects"):
            return False
        if action.obj.root in PLACES or group.head.get("needs"):
            return False  # where one enters; what the take was written with
        if self.scene.main is not None and self.scene.main.root not in ("person", "creature"):
            return False  # animals do with it what they always do
        return not any("obj" in ready.slots for ready in take.motion)

    def _is_framed(self) -> bool:
        """Whether the user said how the clip is seen."""
        return any(
            fact.category in ("movement", "size", "angle") and not fact.negated and fact.value != "static shot"
            for fact in self.scene.intent.of_kind(Kind.CAMERA)
        )

    def _is_close(self, take: Take) -> bool:
        return take.camera is not None and "close-up" in self.s.library.vocabulary.names(take.camera.tags)

    def _is_placed(self, take: Take, kind: str, group: Group) -> bool:
        if take.setting is None or not self.s.fits(take.setting, self.s.who()):
            return False
        if not self.lit and take.setting.words & words().luminous:
            return False
        if take.time and self.scene.time and take.time != self.scene.time and not self._is_late_morning(take):
            return False
        if "close-up" in self.s.tag_names() and not self._is_close(take):
            return False
        if kind == "above":
            return self._is_seen_whole(group)
        if kind == "place":
            return self._is_own_place(group)
        if take.place is None or (take.place.name == "plain background" and self._is_coloured()):
            return False
        if self.scene.place is not None or self.scene.place_stated:
            return self.scene.place is not None and self.scene.place.name == take.place.name
        return take.place.situation.fits(self.s.tags) and self._may_be_at(take.place, group)

    def _is_seen_whole(self, group: Group) -> bool:
        """Whether the land that a view from the air shows is not of another place: a house in the mountains."""
        place, known = self.scene.place, {group.head["above"], *group.head.get("also", ())}
        return (
            place is None
            or not self.scene.place_stated
            or bool(known & {*self.s.library.chain_names(place, places=True)})
        )

    def _is_own_place(self, group: Group) -> bool:
        """Whether the scenery of a place is not somewhere else: a pond in a forest."""
        place, main = self.scene.place, self.scene.main
        if main is None or place is None or not self.scene.place_stated:
            return True
        known = {group.head["place"], *group.head.get("also", ())}
        return bool(known & set(self.s.library.chain_names(place, places=True)[:2]))

    def _may_be_at(self, place: Entry, group: Group) -> bool:
        """Whether it may happen there, where the prompt names no place."""
        scene, main = self.scene, self.scene.main
        if self.surroundings.has_landmark():
            return False
        pools = self.surroundings.landmark_pools()
        if pools and not any(place.name in pool for pool in pools):
            return False
        if not all(place.name in pool for pool in self.surroundings.furniture_pools()):
            return False
        if any(noun.core == "window" for noun in scene.analysis.nouns) and place.name not in words().window_places:
            return False
        if self._has_own_places(scene.action.obj if scene.action is not None else None, place):
            return False
        if main is None or scene.hands or self._is_meant(main, group):
            return True
        action = scene.action.entry if scene.action is not None else None
        if group.head.get("objects") and main.root != "animal":
            return True  # a take of refuelling a car is where cars are refuelled
        if action is not None and place.name in (action.get("places", ()) or ()):
            return True
        own = self.surroundings.own_places(main)
        known = self._entries(own)
        return not own or place.name in known or (main.root == "person" and main.noun.core in words().people)

    def _entries(self, places: Sequence[str]) -> set[str]:
        """The names of the entries that these places have: "city street" is a street."""
        return {entry.name for name in places if (entry := self.s.library.place(name)) is not None}

    def _has_own_places(self, obj: Actor | None, place: Entry) -> bool:
        """Whether the object of the action is somewhere else: what is too big or too alive to be carried."""
        names = self.s.library.chain_names(obj.entry) if obj is not None else []
        if (
            obj is None
            or "food" in names
            or obj.root not in ("plant", "animal", "vehicle", "building", "landform", "water")
        ):
            return False
        theirs = self.surroundings.own_places(obj)
        inside = "indoor" in self.s.library.vocabulary.names(place.situation)
        known = self._entries(theirs)
        return place.name not in known if known else inside

    def _is_meant(self, main: Actor, group: Group) -> bool:
        """Whether the group is written for just this subject."""
        own = {main.noun.lemma, main.noun.core, main.entry.name if main.entry is not None else ""}
        named: Sequence[str] = group.head.get("by") or [group.head.get("subject", "")]
        return bool(own.intersection(named)) and (main.root not in ALIVE | MOVING or not own & {"person", "animal"})
