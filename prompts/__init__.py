"""Text and data that the package reads: knowledge, lexicon, targets, templates. No logic lives here."""
