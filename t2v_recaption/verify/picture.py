"""Questions about the picture as a whole: camera, style, light, mood, time, weather, format."""

from __future__ import annotations

from collections.abc import Mapping

from t2v_recaption.intent.model import Fact, Intent
from t2v_recaption.language.lexicon import A, V, lexicon
from t2v_recaption.verify.model import Checker
from t2v_recaption.verify.wording import Said, article, closed, inner, there, third_person

MOVES: Mapping[str, tuple[str, ...]] = {
    "pan": ("pan left", "pan right"),
    "tilt": ("tilt up", "tilt down"),
    "zoom": ("zoom in", "zoom out"),
    "push": ("move forward", "move backward"),
    "pull": ("move forward", "move backward"),
    "dolly": ("move forward", "move backward"),
    "truck": ("move left", "move right"),
    "crane": ("move up", "move down"),
    "pedestal": ("move up", "move down"),
}
"""Moves of the camera that have a direction, as they are offered."""

WAYS = {
    "left": "left",
    "right": "right",
    "up": "up",
    "down": "down",
    "in": "forward",
    "out": "backward",
    "back": "backward",
}

STILL = frozenset(("static shot", "static camera"))
STILL_QUESTION = "Does the camera stand still from beginning to end?"
CUT_QUESTION = "Does the picture jump to another shot at any time?"

CAMERA_DOES = {
    "moving camera": ("The camera moves", "Does the camera move?"),
    "camera movement": ("The camera moves", "Does the camera move?"),
    "shaky camera": ("The camera shakes", "Does the camera shake?"),
    "camera shake": ("The camera shakes", "Does the camera shake?"),
    "handheld camera": ("The camera is handheld", "Is the camera handheld, so that the picture shakes a little?"),
    "zooming": ("The camera zooms", "Does the camera zoom?"),
    "camera roll": ("The camera rolls to one side", "Does the camera roll to one side?"),
    "rack focus": ("The focus shifts", "Does the focus shift from one thing to another?"),
    "time-lapse": ("The video is a time-lapse", "Is the video a time-lapse?"),
}
"""Movements that are no verb: as a statement and as a question."""

FILMED = {
    "aerial": "from the air",
    "aerial view": "from the air",
    "point of view": "from a first-person point of view",
    "top-down": "from above",
    "overhead shot": "from above",
    "back view": "from behind",
    "front view": "from the front",
    "side view": "from the side",
}
"""Ways to film that read better in other words."""

SHAPES = ("vertical", "horizontal", "square", "portrait", "landscape", "widescreen")
"""Formats that are an aspect ratio in words."""

QUIET = frozenset(("camera movement", "camera motion", "camera move", "movement", "motion", "camera", "moving camera"))
"""What "no …" rules out when the camera is to stand still."""

CUTS = frozenset(("cut", "scene change", "scene cut", "transition", "jump cut", "shot change", "camera cut", "edit"))

WRITING = frozenset(("text", "word", "letter", "caption", "subtitle", "watermark", "logo", "writing"))


def camera(intent: Intent, fact: Fact) -> Said:
    """How it is filmed; what has a direction is asked for."""
    value = fact.value
    if value == "one take":
        return Said("It is one take.", CUT_QUESTION, "no", checker="either")
    if fact.category == "movement":
        return _movement(value)
    if fact.category == "speed":
        how = f"played in {value}" if value.endswith("motion") else article(value)
        return Said(closed(f"the video is {how}"), f"Is the video {how}?")
    if fact.category in ("size", "angle", "framing"):
        how = FILMED.get(value, f"as {article(value)}")
        how = f"from {article(value)}" if value.endswith((" angle", " level")) else how
        return Said(closed(f"it is filmed {how}"), f"Is it filmed {how}?")
    return Said(closed(f"the picture shows {value}"), f"Does the picture show {value}?")


def _movement(value: str) -> Said:
    verb, _, way = value.partition(" ")
    if value in STILL:
        return Said("The camera stands still.", STILL_QUESTION, checker="either")
    if verb in MOVES and way in WAYS:
        offered = MOVES[verb]
        expected = next(o for o in offered if o.endswith((f" {way}", f" {WAYS[way]}")))
        question = f"Does the camera {offered[0]}, {offered[1]}, or neither?"
        return Said(f"The camera {third_person(expected)}.", question, expected, "direction", "either")
    if value in CAMERA_DOES:
        does, question = CAMERA_DOES[value]
        return Said(closed(does), question, checker="either")
    if value.endswith(("shot", "cam", "through", "view")):
        how = article(value)
        return Said(closed(f"it is filmed as {how}"), f"Is it filmed as {how}?", checker="either")
    if verb in MOVES or verb == "orbit" or (not way and lexicon().look_up(verb).can & V):
        return Said(closed(f"the camera {third_person(value)}"), f"Does the camera {value}?", checker="either")
    told = f"the camera makes the movement “{value}”"
    return Said(closed(told), f"Does the camera make the movement “{value}”?", checker="either")


def manner(words: str) -> Said:
    """How the camera moves: "slowly", "smooth"."""
    if words.endswith("ly"):
        return Said(closed(f"the camera moves {words}"), f"Does the camera move {words}?")
    return Said(closed(f"the camera movement is {words}"), f"Is the camera movement {words}?")


def style(intent: Intent, fact: Fact) -> Said:
    """The look of the whole picture."""
    if fact.value == "black and white":
        return Said("The video is in black and white.", "Is the video in black and white?", checker="either")
    words = fact.value.removesuffix(" style")
    return Said(closed(f"the style of the video is {words}"), f"Is the style of the video {words}?")


def time(intent: Intent, fact: Fact) -> Said:
    """Time of day or year."""
    return Said(closed(f"it is {fact.value}"), f"Is it {fact.value} in the video?")


def weather(intent: Intent, fact: Fact) -> Said:
    """Weather, as a thing ("rain") or as a quality ("windy")."""
    if lexicon().look_up(fact.value.split(" ")[-1]).can & A:
        return Said(closed(f"it is {fact.value}"), f"Is it {fact.value} in the video?")
    return there(article(fact.value) if fact.value.endswith("sky") else fact.value, many=False)


def light(intent: Intent, fact: Fact) -> Said:
    """Light."""
    words = inner(intent, fact)
    if words == "warm light":
        return Said("The light is warm.", "Is the light warm or cold?", "warm", "direction", "either")
    if words.startswith(("under ", "in ", "by ", "at ", "with ")):
        return Said(closed(f"the scene is {words}"), f"Is the scene {words}?")
    return Said(closed(f"the video shows {words}"), f"Does the video show {words}?")


def mood(intent: Intent, fact: Fact) -> Said:
    """Mood."""
    words = inner(intent, fact)
    return Said(closed(f"the mood is {words}"), f"Is the mood of the video {words}?")


def ruled_out(fact: Fact) -> Said | None:
    """A negation that speaks of the picture: no camera movement, no cuts, no text."""
    if fact.value in QUIET:
        return Said("The camera stands still.", STILL_QUESTION, checker="either")
    if fact.value in CUTS:
        return Said("There are no cuts.", CUT_QUESTION, "no", checker="either")
    if fact.value in WRITING:
        question = f"Is there any {fact.value} to be seen in the video?"
        return Said(closed(f"there is no {fact.value}"), question, "no", checker="text")
    return None


def format_(intent: Intent, fact: Fact) -> Said:
    """Duration, resolution, aspect ratio and frame rate, which the file states; words of praise, which it does not."""
    words, value = inner(intent, fact), fact.value
    told = {
        "duration": f"the video is {words.removesuffix(' long')} long",
        "fps": f"the video has {words}",
        "resolution": f"the resolution is {words}",
        "aspect": f"the aspect ratio is {words}",
    }.get(fact.category)
    if told is None and value in SHAPES:
        told = f"the picture is {value}"
    if told is None:
        return Said(closed(f"the picture is: {words}"), f"Would you say of the picture: {words}?")
    question = f"Does the video have {words}?" if fact.category == "fps" else f"Is {told.replace(' is ', ' ', 1)}?"
    checker: Checker = "measurement"
    return Said(closed(told), question, checker=checker)
