"""The caption-video loop: generate, verify, diagnose, edit what failed, keep the best."""
