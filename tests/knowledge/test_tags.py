"""No sentence of an entry contradicts the situation that the entry itself stands for."""

from __future__ import annotations

import pytest

from t2v_recaption.writers.composer.library import library


def _clash(vocabulary, text: str, situation) -> list[str]:
    found = vocabulary.read(text)
    if found.fits(situation):
        return []
    return [name for name in vocabulary.names(found) if not vocabulary.named([name]).fits(situation)] or ["?"]


def test_places_do_not_contradict_themselves(rows, lines, expect) -> None:
    vocabulary, faults = library().vocabulary, []
    for row in rows("places"):
        situation = library().place(row.entry["name"], exact=True).situation
        if not situation.fits(situation):
            faults.append(
                f"{row.where} {row.entry['name']!r}: its tags exclude each other: {vocabulary.names(situation)}"
            )
        faults += [
            f"{row.where} {row.entry['name']!r}: never {time!r}"
            for time in row.entry["times"]
            if not vocabulary.named([time]).fits(situation)
        ]
    for line in lines("places"):
        situation = library().place(line.row.entry["name"], exact=True).situation
        if line.field.startswith("light."):
            situation = situation | vocabulary.named([line.field.partition(".")[2]])
        clash = _clash(vocabulary, line.source, situation)
        faults += [f"{line.where}  ({', '.join(clash)})"] if clash else []
    expect(faults)


@pytest.mark.parametrize("folder", ["light", "times", "weather", "styles", "camera"])
def test_sentences_fit_the_tags_of_their_entry(folder: str, lines, expect) -> None:
    vocabulary, faults = library().vocabulary, []
    for line in lines(folder):
        clash = _clash(vocabulary, line.source, vocabulary.named(line.row.entry.get("tags", ())))
        faults += [f"{line.where}  ({', '.join(clash)})"] if clash else []
    expect(faults)
