"""Noun phrases and verb groups while they are being built; `analysis` turns them into the frozen model."""

from __future__ import annotations

from t2v_recaption.language.model import Modifier


class Np:
    """A noun phrase while it is being built."""

    __slots__ = (
        "antecedent",
        "core",
        "count",
        "count_first",
        "det",
        "first",
        "head",
        "index",
        "last",
        "lemma",
        "mods",
        "negated",
        "of",
        "partners",
        "plural",
        "possessor",
        "pronoun",
        "proper",
        "role",
        "root",
        "sentence",
    )

    def __init__(self, first: int) -> None:
        self.index = -1
        self.first = self.last = self.head = first
        self.lemma = self.core = self.root = self.det = self.role = ""
        self.plural = self.pronoun = self.proper = self.negated = False
        self.count: int | None = None
        self.count_first = -1
        self.mods: list[Modifier] = []
        self.of: int | None = None
        self.possessor: int | None = None
        self.antecedent: int | None = None
        self.partners: list[int] = []
        self.sentence = 0


class Vp:
    """A verb group while it is being built."""

    __slots__ = (
        "adverbs",
        "agents",
        "first",
        "form",
        "gerund",
        "index",
        "last",
        "lemma",
        "negated",
        "objects",
        "particle",
        "passive",
        "role",
        "verb",
    )

    def __init__(self, first: int) -> None:
        self.index = -1
        self.first = self.last = self.verb = first
        self.lemma = self.particle = self.form = self.role = ""
        self.passive = self.negated = self.gerund = False
        self.agents: list[int] = []
        self.objects: list[int] = []
        self.adverbs: list[int] = []
