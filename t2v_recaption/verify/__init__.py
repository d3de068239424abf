"""Verify: hold a clip against what the user asked for, claim by claim, with frames as evidence."""
