"""Captioners: the roles that turn a clip into text, on any vision backend."""
