"""Spelling rules of English inflection: what a form may come from. The lexicon checks what comes out."""

from __future__ import annotations


def singulars(plain: str) -> tuple[str, ...]:
    """What a form in -s may be the plural (or third person) of, likeliest first."""
    if plain.endswith("ies"):
        return (plain[:-3] + "y", plain[:-1], plain[:-2])
    if plain.endswith("ves"):
        return (plain[:-1], plain[:-3] + "f", plain[:-3] + "fe")
    if plain.endswith("es"):
        return (plain[:-1], plain[:-2], plain[:-3]) if plain.endswith(("sses", "zzes")) else (plain[:-1], plain[:-2])
    return (plain[:-1],)


def stems(stem: str) -> tuple[str, ...]:
    """What a verb or adjective may be whose form has lost -ing, -ed, -er or -est, likeliest first."""
    if len(stem) > 2 and stem[-1] == stem[-2] and stem[-1] not in "aeiou":
        return (stem[:-1], stem, stem + "e") if stem[-1] not in "sl" else (stem, stem[:-1], stem + "e")
    if stem.endswith("i"):
        return (stem[:-1] + "y", stem, stem + "e")
    if stem.endswith("y"):
        return (stem + "e", stem, stem[:-1] + "ie")
    return (stem + "e", stem, stem[:-1]) if stem.endswith("ck") else (stem + "e", stem)


def unknown_stem(stem: str) -> str:
    """The base of an unknown verb in -ing: "prepp" is prep, "sanitiz" is sanitize."""
    if stem[-1] == stem[-2] and stem[-1] in "bdgmnprt":
        return stem[:-1]
    return stem + "e" if stem.endswith(("iz", "at", "v", "c", "dg", "rg", "bl", "pl", "tl", "dl", "uc", "us")) else stem


def number(plain: str) -> float | None:
    """The value of a number in figures."""
    try:
        return float(plain.replace(",", ""))
    except ValueError:
        return None
