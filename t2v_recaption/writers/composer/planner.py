"""Planner: which aspects the prompt leaves open, and which sentences of the knowledge fill them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from t2v_recaption.intent.model import Kind
from t2v_recaption.targets.model import Target
from t2v_recaption.writers.base import Aspect, WriteOptions
from t2v_recaption.writers.composer.camera import Camera
from t2v_recaption.writers.composer.director import Director, Shot
from t2v_recaption.writers.composer.library import Entry, Library
from t2v_recaption.writers.composer.pictures import Pictures
from t2v_recaption.writers.composer.scene import MOVING, PLACES, Actor, Scene
from t2v_recaption.writers.composer.selector import GENERAL, Planned, Selector
from t2v_recaption.writers.composer.states import States
from t2v_recaption.writers.composer.surroundings import Surroundings
from t2v_recaption.writers.composer.wardrobe import Wardrobe
from t2v_recaption.writers.composer.words import words

REQUIRED = 0.85
"""From this importance on a sentence is written even where the caption has its length."""
ANCHORS = frozenset(("name", "they", "their", "them"))
FELLED = frozenset(("fallen", "fall", "felled", "fell", "collapsed", "overturned", "wrecked", "dead"))
"""What lies, whatever it usually does."""
BOARDED = frozenset(("bus", "tram", "train", "subway", "metro", "plane", "airplane", "ferry"))
PICTURES = frozenset(("picture", "photo", "photograph", "selfie", "video", "portrait", "footage", "shot"))
ASLEEP = frozenset(("sleeping", "asleep", "sleepy", "resting"))
ROOMY = 150
"""Words from which on a target wants more than one picture of each thing."""
WITHIN = frozenset(
    ("in", "inside", "at", "on", "within", "through", "under", "into", "along", "across", "over", "from", "of")
)
"""Relations whose ground is a place rather than a thing beside."""
FAMILY = frozenset(
    ("baby", "mom", "mum", "mother", "dad", "father", "parent", "child", "kid", "family", "friend", "sibling")
)
NEAR = frozenset(("close-up", "fine-detail"))
INSIDE = frozenset(("in", "inside", "at", "on", "within"))
ITS = frozenset(("it", "its", "itself"))
BEATS = (0.85, 0.7, 0.65)
FILMED = {"light": (0.88, 0.7, 0.65), "normal": (0.88, 0.86, 0.7), "rich": (0.88, 0.86, 0.8)}
"""Importance of the sentences of a take's motion, by strength."""


@dataclass
class Plan:
    """What the caption says besides the user's words."""

    items: list[Planned] = field(default_factory=list)
    place_phrase: str = ""
    posture: tuple[str, str] | None = None
    shot: str = "plain"
    look: str = ""
    """What follows the subject's name: "in a camel coat"."""


class Planner:
    """Fills the open aspects of one scene for one target."""

    def __init__(self, scene: Scene, library: Library, target: Target, options: WriteOptions) -> None:
        self.scene = scene
        self.library = library
        self.target = target
        self.options = options
        self.s = Selector(scene, library)
        self.camera = Camera(self.s, target, rich=options.strength == "rich")
        self.surroundings = Surroundings(self.s)
        self.pictures = Pictures(self.s)
        self.plan = Plan()
        self.depth = 3 if options.strength == "rich" else 2
        """Sentences of one kind at most."""
        self.free = options.task == "t2v"
        """Whether nothing is given but the words: no frame that already shows what is where."""
        self.dressed = False
        self.filmed: Shot | None = None
        """The take of the knowledge that the caption is made of."""

    def prepare(self) -> Plan:
        """Decide what the opening needs: place, posture, shot."""
        self.surroundings.settle_time()
        director = Director(self.s, self.surroundings, self.pictures, free=self.free, lit=self.target.light)
        self.filmed = director.choose()
        if self.filmed is not None:
            self._take_over(self.filmed)
        if self.free:
            self.surroundings.choose_place()
            self.plan.place_phrase = self.surroundings.place_phrase
            self.plan.posture = self._posture()
            self.plan.shot = "plain" if self._is_framed() else self.camera.shot()
            self.plan.look = Wardrobe(self.s, self.pictures).phrase(self.filmed)
        # What moves was not written for this place: light of a certain hour could belie it.
        self.surroundings.choose_time(plain=self.filmed is not None and not self.filmed.placed)
        return self.plan

    def _take_over(self, shot: Shot) -> None:
        """Let the scene be where and when the take is."""
        for ready in shot.take.motion:
            self.s.used.add(ready.fragment.source)
            self.s.narrow(ready.tags)
        if shot.take.time and not self.scene.time and self.library.vocabulary.named([shot.take.time]).fits(self.s.tags):
            self.scene.time = shot.take.time
            self.s.narrow_named(shot.take.time)
        if not shot.placed or shot.take.setting is None:
            return
        if shot.take.place is not None and self.scene.place is None and not self.scene.place_stated:
            self.surroundings.take_place(shot.take.place)
        self.s.narrow(shot.take.setting.tags)

    def _is_framed(self) -> bool:
        """Whether the take says how it is seen, and the target wants no move instead."""
        return self.filmed is not None and self.filmed.framed and self.target.camera in ("optional", "unwanted")

    def fill(self, spare: int, *, dense: bool, dressed: bool = False) -> Plan:
        """Add sentences, most important first, until about `spare` words are used.

        `dressed` tells that the opening already says how the subject looks.
        """
        self.dressed = dressed
        left = spare
        for item in self._wanted(dense):
            length = len(item.ready.fragment.source.split())
            if left < length * 0.6 and item.importance < REQUIRED:
                continue
            self.plan.items.append(item)
            left -= length
        return self.plan

    def _wanted(self, dense: bool) -> Iterable[Planned]:
        """All sentences that the caption could have, in the order in which they are worth their words."""
        if dense:
            yield from self.camera.sentences() if self.target.camera == "required" else ()
            yield from self._audio()
            return
        motion = self._motion()
        if not self.free:
            yield from (*motion, *self._seen(), *self._audio())
            return
        portraits = self._portraits()
        roomy = self.target.words.ideal > ROOMY and self.options.strength != "light"
        wanted = not (portraits or self.dressed) or self._is_close() or roomy or self.options.strength == "rich"
        look = self._look(dressed=bool(portraits)) if wanted and not self.pictures.from_above else []
        scenery = [item for item in self._scenery() if self.target.light or not self.pictures.lit([item])]
        first = portraits or look[:1]
        if not (first or self.dressed) and scenery and (self.scene.main is None or self.scene.main.root not in MOVING):
            first, scenery = [replace(scenery[0], aspect="subject")], scenery[1:]  # nothing but the place is shown
            if self.filmed is None and not self.pictures.from_above:
                scenery = scenery or self.surroundings.setting(close=self._is_close())
        told = 2 if self.filmed is not None and self.options.strength != "light" and self.target.motion else 1
        states = States(self.s).sentences()
        yield from (*first, *states, *motion[:told], *scenery[:1])
        if self.target.light and not self.pictures.lit([*first[:1], *motion[:told], *scenery[:1]]):
            yield from self.surroundings.light()
        yield from self._seen()
        yield from self.surroundings.stated_extras()
        if self.target.style in ("wanted", "required") and not self.scene.has(Kind.STYLE):
            yield from self.surroundings.plain_style()
        yield from self._audio()
        yield from (*motion[told:], *(item for item in look if item not in first), *scenery[1:])
        if self.options.strength == "rich":
            yield from self.surroundings.hour()

    def _seen(self) -> list[Planned]:
        """How the clip is seen: as the take says, or by the target's taste."""
        camera = self.filmed.take.camera if self.filmed is not None else None
        if camera is None or not self._is_framed() or self.camera.sized:
            return self.camera.sentences()
        return [Planned("camera", 0.86, camera, self.s.who(), "filmed")]

    def _audio(self) -> list[Planned]:
        return self.surroundings.sounds() if self.target.audio else []

    def _is_close(self) -> bool:
        camera = self.filmed.take.camera if self.filmed is not None and self.filmed.framed else None
        near = camera is not None and bool(NEAR & set(self.library.vocabulary.names(camera.tags)))
        return near or self.plan.shot == "close" or "close-up" in self.s.tag_names()

    # pictures

    def _portraits(self) -> list[Planned]:
        """How the subject looks, and how each other thing looks that the user named, two at most."""
        scene, out = self.scene, list[Planned]()
        if scene.main is not None and not self._is_painted(scene.main):
            for part in scene.main.parts[:2]:
                out += self.pictures.portrait(part, part.reference, 0.86, main=False, kin=True)
            vague = scene.main.noun.core.rpartition(" ")[2] in words().no_subject
            vague = vague and not self.library.picture("portraits", scene.main.noun.lemma, "portrait")
            alone = not out and not self.dressed and not vague
            own = self.pictures.portrait(scene.main, scene.main.reference, 0.86, main=True) if alone else []
            out += [replace(item, own=not scene.hands) for item in own]  # "their" would be the hands
        seen = {scene.main.noun.core} if scene.main is not None else set()
        for other in (self._second(), *scene.others):
            if other is None or other.noun.core in seen or other.root in ("", "abstract", "time", "body part"):
                continue
            seen.add(other.noun.core)
            if other.root == "food" and scene.main is not None and scene.main.root in ("animal", "creature"):
                continue  # what a squirrel nibbles lies on no plate
            if scene.main is not None and scene.main.root == "animal" and other.noun.core in FAMILY:
                continue  # the mom of a baby rhino
            if other.noun.core in PICTURES or self._is_purpose(other):
                continue
            if other.root == "vehicle" and self._is_boarded(other):
                continue  # seen from inside
            if self._is_model(other):
                continue  # a pile of bottles shaped like a whale
            if self._is_around(other) or other.noun.core == "home" or self._belongs(other):
                continue
            if not self._is_painted(other) and len(out) < self.depth + (scene.main is None):
                weight = 0.7 if len(out) < 2 else 0.5
                found = self.pictures.portrait(other, other.reference, weight, main=False)
                out += found or self._grounds(other, weight)
        return out

    def _grounds(self, other: Actor, weight: float) -> list[Planned]:
        """What a place that belongs to the subject looks like: a mansion with a garden."""
        place = self.library.place(other.noun.lemma, other.noun.core, exact=True) if other.root in PLACES else None
        return self.pictures.vignette(place, weight) if place is not None else []

    def _is_place(self, actor: Actor) -> bool:
        """Whether the thing is where it happens: then the place's own sentence shows it."""
        place = self.scene.place
        return place is not None and actor.entry is not None and place.name in (actor.entry.name, actor.noun.core)

    def _is_boarded(self, actor: Actor) -> bool:
        """Whether the subject is inside the vehicle."""
        return any(
            r.ground == actor.noun.index
            and (r.category in ("in", "inside") or (r.category == "on" and actor.noun.core in BOARDED))
            for r in self.scene.analysis.relations
        )

    def _is_purpose(self, actor: Actor) -> bool:
        """Whether something is only meant for it: nuts for a snack."""
        relations = self.scene.analysis.relations
        return any(r.ground == actor.noun.index and r.category == "for" for r in relations)

    def _is_model(self, actor: Actor) -> bool:
        """Whether another thing only has its shape."""
        relations = self.scene.analysis.relations
        return any(r.ground == actor.noun.index and r.category in ("like", "as") for r in relations)

    def _is_around(self, actor: Actor) -> bool:
        """Whether the thing is what the scene happens in or on: a studio, a field, a street."""
        near = INSIDE if actor.root in ("building", "vehicle") else WITHIN
        return actor.root in PLACES and any(
            relation.ground == actor.noun.index and relation.category in near
            for relation in self.scene.analysis.relations
        )

    def _belongs(self, actor: Actor) -> bool:
        """Whether the thing only tells which one another thing is: the band of "a singer of a band"."""
        counts = words().groups | words().collective
        return any(n.of == actor.noun.index and n.core not in counts for n in self.scene.analysis.nouns)

    def _is_painted(self, actor: Actor) -> bool:
        """Whether the sentence on the place shows the thing already."""
        return self._is_place(actor) and self.pictures.paints(self.scene.place)

    def _scenery(self) -> list[Planned]:
        """The place as a whole: two sentences where nothing else is seen, one otherwise; details where it has none."""
        if self.filmed is not None and self.filmed.placed and self.filmed.take.setting is not None:
            aspect: Aspect = "subject" if self.filmed.kind in ("place", "above") else "setting"
            return [Planned(aspect, 0.87, self.filmed.take.setting, self.s.who(), "filmed")]
        place = self.scene.place
        close = self._is_close() and not self.pictures.from_above
        painted: list[Planned] = []
        if place is not None and not (close and self.scene.main is not None):
            painted = self.pictures.vignette(place, 0.86)
            if painted and (self.scene.main is None or self._is_place(self.scene.main)):
                painted = [replace(painted[0], aspect="subject"), *self.pictures.vignette(place, 0.6)]
        if self.pictures.from_above:
            return painted or self.surroundings.backdrop("above")
        return painted or self.surroundings.setting(close=close)

    # subject

    def _look(self, *, dressed: bool) -> list[Planned]:
        """How the subject looks from near, what a person wears, how the object looks."""
        main = self.scene.main
        out: list[Planned] = []
        if main is None:
            return out
        if main.entry is not None and self.pictures.is_told(main):
            out += self.s.from_chain(main.entry, "look", main.reference, "subject", (0.8, 0.5, 0.45)[: self.depth])
        if main.entry is not None and main.root == "person" and not dressed and not self.pictures.dressed:
            wear = self.s.from_chain(main.entry, "wear", main.reference, "subject", (0.6,))
            out = out[:1] + wear + out[1:]
        other = self._second()
        if other is not None and other.entry is not None:
            found = self._anchored(other)
            out = found + out if self.scene.hands and self.scene.action is None else out[:1] + found + out[1:]
        return out

    def _anchored(self, other: Actor) -> list[Planned]:
        """A look of the second subject that says whose it is."""
        assert other.entry is not None
        for link in self.library.chain(other.entry) if self.pictures.is_told(other) else ():
            if link.name in GENERAL:
                break
            options = [ready for ready in link.ready("look") if ready.slots & ANCHORS]
            found = self.s.pick(f"second.{link.name}", options, other.reference)
            if found is not None:
                return [Planned("subject", 0.55, found, other.reference, "second", own=False)]
        return []

    def _second(self) -> Actor | None:
        action, main = self.scene.action, self.scene.main
        if (
            action is not None
            and action.obj is not None
            and main is not None
            and action.obj.noun.index != main.noun.index
        ):
            return action.obj if action.obj.root not in ("abstract", "time", "body part", "") else None
        return next((o for o in self.scene.others if o.root in MOVING | {"object", "food", "plant"} and o.entry), None)

    def _posture(self) -> tuple[str, str] | None:
        """A verb for how the subject is somewhere; none for what is no thing of its own (a view, a design, a night)."""
        main = self.scene.main
        if main is not None and any(m.lemma in FELLED for m in main.noun.modifiers):
            return ("lies", "lie")
        if main is not None and any(m.lemma in ASLEEP or m.text.lower() in ASLEEP for m in main.noun.modifiers):
            return ("lies", "lie")
        if main is None or words().posture.get(self.scene.analysis.nouns[0].core) == []:
            return None
        for name in [main.noun.core, *self.library.chain_names(main.entry), main.root]:
            options = words().posture.get(name)
            if options is not None:
                return tuple(self.s.choice.pick("posture", options)) if options else None  # type: ignore[return-value]
        return None

    # action

    def _motion(self) -> list[Planned]:
        """How the action unfolds, or what moves where nobody acts. Nothing where the user gave an order of events."""
        count = 1 if not self.target.motion else 2 if self.options.strength == "light" else 3
        action = self.scene.action
        if self.scene.intent.of_kind(Kind.ORDER) and len(self.scene.intent.of_kind(Kind.ACTION)) > 1:
            return []
        if self.pictures.from_above and self.filmed is None:
            return self._general_beats("above")[:1]
        if self.filmed is not None:
            who, told = self.s.who(), zip(self.filmed.take.motion, FILMED[self.options.strength], strict=False)
            items = [Planned("action", weight, ready, who, f"take{at}") for at, (ready, weight) in enumerate(told)]
            return items if self.target.motion else items[:1]
        beats = self._beats(action.entry) if action is not None and action.entry is not None else []
        if beats:
            return beats[:count]
        if self.scene.hands and action is not None:
            return self._general_beats()[:1]
        return (self._own_motion() or self._life())[:count]

    def _life(self) -> list[Planned]:
        """What moves in the place, where nothing is known of how the subject itself moves."""
        place = self.scene.place or self.library.place("outdoor" if "outdoor" in self.s.tag_names() else "indoor")
        if place is None:
            return []
        return self.s.from_chain(place, "life", self.s.who(), "action", (0.75,), places=True)

    def _beats(self, entry: Entry) -> list[Planned]:
        who, main = self.s.who(), self.scene.main
        obj = self.scene.action.obj if self.scene.action is not None else None
        several = obj is not None and obj.plural and who.pronoun != "it"
        people = main is None or main.root in ("person", "creature") or self.scene.hands
        triples = self.s.choice.order("beats", list(enumerate(entry.beats())))
        if several:
            triples.sort(key=lambda item: sum(bool(ready.words & ITS) for ready in item[1]))
        for at, triple in triples:
            if not people and any(ready.words & words().human for ready in triple):
                continue
            if several:  # "it" would be one of the several things
                triple = [ready for ready in triple if not ready.words & ITS]
            if triple and all(self.s.fits(ready, who) for ready in triple):
                self.s.used.update(ready.fragment.source for ready in triple)
                pairs = list(zip(triple, BEATS, strict=False))
                return [
                    Planned("action", weight, ready, who, f"beat{at}.{n}") for n, (ready, weight) in enumerate(pairs)
                ]
        return []

    def _general_beats(self, key: str = "") -> list[Planned]:
        """Beats that go with any action of such a subject."""
        main, who = self.scene.main, self.s.who()
        key = key or "person" if key or self.scene.hands else main.root if main is not None else "any"
        columns = words().beats.get(key, words().beats["any"])
        out: list[Planned] = []
        for n, (column, weight) in enumerate(zip(columns, (0.75, 0.6, 0.55), strict=True)):
            found = self.s.pick(f"beats{n}", [self.library.ready(source) for source in column], who)
            out += [Planned("action", weight, found, who, f"general{n}")] if found is not None else []
        return out

    def _own_motion(self) -> list[Planned]:
        """How the subject moves of itself, or the small signs of life while it keeps still."""
        main = self.scene.main
        if main is None or main.entry is None:
            return []
        posed = any(verb.lemma in words().posed for verb in self.scene.analysis.verbs) or self.plan.posture is not None
        who = self.s.who()
        if main.root in MOVING:
            key = "still" if posed else "move"
            return self.s.from_chain(main.entry, key, who, "action", (0.75, 0.5, 0.45)[: self.depth])
        if not self.pictures.is_told(main):
            return []
        return self.s.from_chain(main.entry, "move", who, "action", (0.75, 0.45))
