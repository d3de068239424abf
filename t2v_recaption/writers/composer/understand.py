"""understand: intent and analysis become a scene."""

from __future__ import annotations

from t2v_recaption.intent.model import Intent
from t2v_recaption.language.model import Analysis
from t2v_recaption.writers.composer.casting import Casting
from t2v_recaption.writers.composer.choice import Choice
from t2v_recaption.writers.composer.deeds import Deeds
from t2v_recaption.writers.composer.library import Library
from t2v_recaption.writers.composer.scene import Scene
from t2v_recaption.writers.composer.whereabouts import Whereabouts, avoided, positive_text


def understand(intent: Intent, analysis: Analysis, library: Library, choice: Choice) -> Scene:
    """The scene of an intent: who does what, where and when, and which situation that is."""
    scene = Scene(intent, analysis, choice)
    scene.tags = scene.said = library.vocabulary.read(positive_text(intent))
    scene.avoid = avoided(intent)
    casting = Casting(scene, library)
    deeds = Deeds(scene, library, casting)
    verb = deeds.verb()
    first = casting.cast(verb)
    scene.action = deeds.find(verb, first)
    Whereabouts(scene, library, casting).find(first)
    return scene
