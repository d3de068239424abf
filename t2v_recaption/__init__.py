"""t2v_recaption: dense captions for text-to-video models that lose nothing the user said."""
