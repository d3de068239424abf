"""The HTTP server: captions for hosts in another process, on another machine or in another language.

    from t2v_recaption import Enhancer
    from t2v_recaption.serve import Server

    Server(Enhancer("wan2.2")).run()

`http` speaks the protocol, `access` decides who may ask, `fields` reads what is asked, `work` does it in bounded
batches, `api` answers, `server` starts and stops. It runs on asyncio and h11, the parser that the openai client brings.
"""

from __future__ import annotations

from t2v_recaption.serve.limits import Limits
from t2v_recaption.serve.server import Server

__all__ = ["Limits", "Server"]
