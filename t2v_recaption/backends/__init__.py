"""Backends: whatever runs a language or vision-language model. `t2v_recaption.registry` knows them by name."""
