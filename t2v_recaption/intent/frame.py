"""Facts about the picture rather than what is in it: camera, style, time, weather, light, mood, format; and framing
words.

A term is found by its words alone (`language.terms`); here its place in the sentence decides whether it is meant as
one:
"an oil painting of a dog" names a medium, "an oil painting on the wall" a thing.
"""

from __future__ import annotations

import re

from t2v_recaption.intent.builder import Builder, Item
from t2v_recaption.intent.model import Kind, Span
from t2v_recaption.language.lexicon import lexicon, word_set
from t2v_recaption.language.model import ADJ, ADV, NOUN, VERB, NounPhrase, Term, VerbPhrase

_NUMBERS = "two|three|four|five|six|seven|eight|nine|ten|fifteen|twenty|thirty|sixty"
_RATIOS = r"16:9|9:16|4:3|3:4|1:1|21:9|9:21|3:2|2:3|4:5|5:4|2\.35:1|2\.39:1|1\.85:1|1\.78:1"
_FORMATS = (
    # "80s" and "1950s" are decades, "10s" and "30s" are seconds.
    (
        "duration",
        r"(?<![\d.])(?!(?:[5-9]0s|\d{4}s)\b)\d{1,3}(?:\.\d+)?[\s-]?(?:s|secs?|seconds?|minutes?|mins?)\b"
        r"(?:[\s-](?:long|video|clip|footage)\b)?",
    ),
    ("duration", rf"\b(?:{_NUMBERS})[\s-](?:seconds?|minutes?)\b(?:[\s-]long\b)?"),
    ("fps", r"\b\d{2,3}[\s-]?(?:fps|frames per second|hz)\b"),
    ("resolution", r"\b\d{3,4}\s?[x×]\s?\d{3,4}\b|\b(?:480|540|576|720|1080|1440|2160)[pi]\b"),
    ("resolution", r"\b(?:2|4|5|6|8|12|16)k\b(?:\s(?:resolution|uhd|hdr|video|footage))?"),
    ("aspect", rf"\b(?:{_RATIOS})\b(?:\s(?:aspect ratio|ratio|format))?"),
)
FRAMING = word_set("framing")
OPENING = frozenset(["appear", "seem", "begin", "end", "open", "start", "unfold"])
WISHING = word_set("wishing")
SHOWING = word_set("shown")
_MOODY = word_set("moody")
_KINDS = {
    "camera": Kind.CAMERA,
    "style": Kind.STYLE,
    "time": Kind.TIME,
    "weather": Kind.WEATHER,
    "light": Kind.LIGHT,
    "mood": Kind.MOOD,
    "format": Kind.FORMAT,
}


def add_formats(builder: Builder) -> None:
    """Duration, frame rate, resolution, aspect ratio, as written in figures."""
    text = builder.analysis.text
    lower = text.lower()
    if "second" not in lower and "minute" not in lower and not any(c.isdigit() for c in text):
        return  # most prompts state none: their cold start need not compile the expressions
    for category, pattern in _FORMATS:
        for match in re.finditer(pattern, builder.analysis.text, re.IGNORECASE):
            found = builder.within(match.start(), match.end())
            if found and builder.free(found[0], found[-1] + 1):
                value = re.sub(r"[\s-]+", " ", match[0].lower()).strip()
                item = builder.add(Kind.FORMAT, value, found[0], found[-1] + 1, category)
                item.spans = [Span(match.start(), match.end())]


def add_terms(builder: Builder) -> None:
    """The terms of the field that are meant as such where they stand."""
    analysis = builder.analysis
    heads = {np.head: np for np in analysis.nouns}
    inside = {k: np for np in analysis.nouns for k in range(np.first, np.last)}
    for term in analysis.terms:
        if term.negated or not builder.free(term.first, term.last) or not _meant(builder, term, heads, inside):
            continue
        item = builder.add(_KINDS[term.kind], term.value, term.first, term.last, term.category)
        _absorb_manner(builder, item, term)


def _absorb_manner(builder: Builder, item: Item, term: Term) -> None:
    """“Slowly” inside "camera slowly pans" is said of the movement."""
    tokens = builder.analysis.tokens
    for k in range(term.first, min(term.last + 1, len(tokens))):
        inside = k < term.last
        if (
            tokens[k].pos == ADV
            and tokens[k].lower.endswith("ly")
            and item.kind is Kind.CAMERA
            and (inside or k not in builder.taken)
        ):
            builder.add_at(Kind.ATTRIBUTE, tokens[k].lemma, builder.span(k, k + 1), "manner", of=item)
            builder.taken.setdefault(k, item)
        if (
            inside
            and item.kind is Kind.CAMERA
            and tokens[k].pos == ADJ
            and tokens[k].lower in ("slow", "fast", "gentle", "smooth", "quick", "rapid")
        ) and tokens[k].lower not in item.value:
            builder.add_at(Kind.ATTRIBUTE, tokens[k].lemma, builder.span(k, k + 1), "manner", of=item)


def _meant(builder: Builder, term: Term, heads: dict[int, NounPhrase], inside: dict[int, NounPhrase]) -> bool:
    analysis = builder.analysis
    tokens = analysis.tokens
    np = heads.get(term.last - 1) or inside.get(term.last - 1)
    verbal = any(tokens[k].pos == VERB for k in range(term.first, term.last))
    if term.kind == "style":
        return _style_meant(builder, term, np, verbal)
    if term.kind == "mood":
        if verbal or any(tokens[k].pos == ADV for k in range(term.first, term.last)):
            return False
        return np is None or (np.head >= term.first and np.head < term.last) or np.core in _MOODY or np.root == "medium"
    if term.kind in ("weather", "time", "light") and verbal:
        return not any(
            _happens(builder, vp) for vp in analysis.verbs[:2000] if term.first - 1 <= vp.first and vp.verb < term.last
        )
    if term.kind == "weather" and np is not None and np.head not in range(term.first, term.last) and " " in term.value:
        return True
    if term.kind == "weather" and any(
        tokens[k].lower.endswith(("covered", "capped", "topped")) for k in range(term.first, term.last)
    ):
        return False
    if (
        term.kind in ("weather", "light", "time")
        and np is not None
        and np.head >= term.last
        and term.last - term.first == 1
        and tokens[term.first].pos == NOUN
    ):
        return (
            term.kind == "time" or np.head == term.last - 1 or np.root in ("medium", "time", "weather", "")
        )  # "snow leopard", "rain coat", "fog machine"
    return True


def _happens(builder: Builder, vp: VerbPhrase) -> bool:
    return bool(vp.agents or vp.objects) and not _rains(builder, vp.agents or vp.objects)


def _rains(builder: Builder, agents: tuple[int, ...]) -> bool:
    return all(builder.analysis.nouns[k].core == "it" for k in agents)


_POSTURES = frozenset(("hang", "stand", "lean", "sit", "fall", "rest", "lie"))
_STANDING = frozenset(("on", "in", "near", "left", "right", "behind"))


def _style_meant(builder: Builder, term: Term, np: NounPhrase | None, verbal: bool) -> bool:
    """A medium of the picture, not a thing in it."""
    if verbal and term.last - term.first == 1:
        return False
    if np is None:
        return True
    if term.value == "black and white" or term.category == "colour":
        return np.root == "medium" or (np.first == term.first and np.head < term.last)
    if not term.first <= np.head < term.last:
        return not _qualifies(builder, term, np)
    if any(vp.lemma not in SHOWING for vp in builder.doing[np.index]) and (np.proper or np.root == "person"):
        return False
    if any(vp.lemma in _POSTURES for vp in builder.doing[np.index]):
        return False
    thing = any(vp.lemma not in SHOWING for vp in builder.done_to[np.index])
    thing = thing or any(r.category not in ("in", "as", "with", "like") for r in builder.landmark[np.index])
    if np.of is None and term.last - term.first == 1:
        thing = thing or any(r.category in _STANDING for r in builder.placed[np.index])
    return not thing and (np.determiner not in ("his", "her", "their", "its"))


def _qualifies(builder: Builder, term: Term, np: NounPhrase) -> bool:
    """A quality of one thing ("vintage car", "dreamlike colors"), not the style of the whole picture."""
    word = lexicon().look_up(builder.analysis.tokens[term.first].lower)
    if re.fullmatch(r"(?:\d\d)?\d0'?s", word.lower):
        return np.root not in ("medium", "")
    ordinary = (
        term.last - term.first == 1
        and word.known
        and word.adj in ("quality", "age", "emotion", "state", "texture", "size")
        and word.lower not in _PICTORIAL
    )
    return ordinary and np.root not in ("medium", "")


_PICTORIAL = word_set("pictorial")


def add_framing(builder: Builder) -> None:
    """“A video of”, "footage of", "the scene shows": words that only say that there is a picture."""
    analysis = builder.analysis
    objects = {
        k
        for vp in analysis.verbs
        if (vp.lemma not in SHOWING or vp.form == "ing" or vp.agents) and not _wishes(builder, vp)
        for k in vp.objects
    }
    grounds = {
        r.ground
        for r in analysis.relations
        if r.verb is not None or r.category not in ("in", "with", "from", "for", "on")
    }
    for np in analysis.nouns:
        if np.core not in FRAMING and np.root != "medium" and np.lemma not in ("camera angle", "camera work"):
            continue
        held = np.index in objects or (np.index in grounds and np.of is None)
        if np.core == "camera":
            held = held or (np.determiner in ("a", "his", "her", "their") and not builder.doing[np.index])
        if not held or (np.of is not None and np.index not in objects):
            _frame(builder, np)
    for vp in analysis.verbs:
        if _wishes(builder, vp):
            _frame_verb(builder, vp)
        about = all(analysis.nouns[k].root == "medium" or analysis.nouns[k].core in FRAMING for k in vp.agents)
        if vp.lemma in OPENING and vp.agents and about and not any(k in builder.of_noun for k in vp.agents):
            _frame_verb(builder, vp)
        if vp.lemma in SHOWING and _only_shows(builder, vp, about):
            _frame_verb(builder, vp)


def _frame_verb(builder: Builder, vp: VerbPhrase) -> None:
    for k in range(vp.first, vp.last):
        if builder.analysis.tokens[k].pos != ADV:
            builder.frame(k, k + 1)


def _wishes(builder: Builder, vp: VerbPhrase) -> bool:
    """“I want a video of …”."""
    return vp.lemma in WISHING and any(builder.analysis.nouns[k].core in ("i", "we") for k in vp.agents)


def _only_shows(builder: Builder, vp: VerbPhrase, about: bool) -> bool:
    analysis = builder.analysis
    if vp.agents:
        return about and analysis.nouns[vp.agents[0]].index not in builder.of_noun
    near = any(term.kind == "camera" and 0 <= term.first - vp.last <= 3 for term in analysis.terms[:200])
    if vp.form == "ed":
        return near or any(
            r.ground is not None and analysis.nouns[r.ground].core in ("camera", "drone")
            for r in builder.after_verb[vp.index]
        )
    starts = vp.first == 0 or analysis.tokens[vp.first - 1].pos == "punct"
    return starts and vp.form == "base" and bool(vp.objects)


def _frame(builder: Builder, np: NounPhrase) -> None:
    """Take the framing noun away; what qualifies it stays free for other facts."""
    analysis = builder.analysis
    head = analysis.tokens[np.head].lower
    if head in FRAMING and np.last > np.head + 1:  # "shot 2"
        value = " ".join(token.lower for token in analysis.tokens[np.head : np.last])
        builder.add(Kind.ORDER, value, np.head, np.last, "shot")
    elif head in FRAMING:
        builder.frame(np.head, np.last)
    elif np.root == "medium" and builder.free(np.head, np.head + 1):
        builder.of_noun[np.index] = builder.add(Kind.STYLE, np.core, np.head, np.head + 1, "medium")
    elif np.head > np.first and analysis.tokens[np.head - 1].lower == "camera":
        builder.frame(np.head - 1, np.head + 1)
