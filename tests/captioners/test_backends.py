"""Which backend a captioner uses, and what arrives at a server."""

import base64
import io
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps, loads

import numpy as np
import pytest
from PIL import Image

from t2v_recaption.backends.openai import OpenAIBackend
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.backends.transformers import DEFAULT_VISION_MODEL
from t2v_recaption.captioners import Captioner, run_sessions
from t2v_recaption.captioners.vision import make_vision_backend
from t2v_recaption.errors import InvalidInput, UnknownName
from tests.captioners.conftest import frames_of


@pytest.fixture
def server():
    """A server on loopback that speaks the protocol and remembers what it was sent."""
    seen: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(loads(self.rfile.read(int(self.headers["Content-Length"]))))
            text = f"The ball number {len(seen)} rolls to the left."
            choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
            body = dumps(
                {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
            ).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    running.seen = seen  # type: ignore[attr-defined]
    yield running
    running.shutdown()
    running.server_close()


def grey(url: str) -> int:
    image = Image.open(io.BytesIO(base64.b64decode(url.split(",", 1)[1])))
    return int(np.asarray(image)[0, 0, 0])


def test_a_server_gets_frames_after_their_times(server) -> None:
    backend = OpenAIBackend(base_url=f"http://127.0.0.1:{server.server_port}/v1", model="m")
    (caption,) = run_sessions([Captioner(backend).session(frames_of(2), None, "sliding")], backend)
    assert caption.error is None
    assert [step.text for step in caption.steps] == [
        "The ball number 1 rolls to the left.",
        "The ball number 2 rolls to the left.",
    ]
    second = server.seen[1]["messages"]
    assert [message["role"] for message in second] == ["system", "user"]
    parts = second[1]["content"]
    assert [part["type"] for part in parts] == ["text", "image_url", "text", "image_url", "text"]
    assert [parts[0]["text"], parts[2]["text"]] == ["Frame at 0.00 s:", "Frame at 2.00 s:"]
    assert abs(grey(parts[3]["image_url"]["url"]) - 37) <= 2
    assert "The ball number 1" in parts[4]["text"]
    assert server.seen[1]["temperature"] == 0


def test_a_server_that_is_gone_is_the_clips_error() -> None:
    backend = OpenAIBackend(base_url="http://127.0.0.1:9/v1", model="m", retries=0)
    (caption,) = run_sessions([Captioner(backend).session(frames_of(2), None, "fast")], backend)
    assert caption.error is not None
    assert caption.provenance["backend"]["model"] == "m"


def test_the_default_model_can_see(monkeypatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    backend = make_vision_backend("transformers", {}, cache=False)
    assert backend.model == DEFAULT_VISION_MODEL  # type: ignore[attr-defined]
    assert make_vision_backend(None, {}, cache=False).model == DEFAULT_VISION_MODEL  # type: ignore[attr-defined]
    named = make_vision_backend("transformers", {"model": "mine"}, cache=False)
    assert named.model == "mine"  # type: ignore[attr-defined]
    served = make_vision_backend(None, {"base_url": "http://127.0.0.1:9/v1", "model": "m"}, cache=False)
    assert served.name == "openai"


def test_options_that_nobody_reads_are_errors() -> None:
    with pytest.raises(InvalidInput, match="no option focus") as error:
        Captioner(ScriptedBackend([]), focus="hands")
    assert "Guidance" in error.value.hint
    with pytest.raises(UnknownName):
        Captioner("opnai")


def test_a_model_that_sees_nothing_is_not_asked() -> None:
    class Blind(ScriptedBackend):
        accepts_images = False

    backend = Blind(lambda request: "The ball rolls.")
    captioner = Captioner(backend)
    (caption,) = run_sessions([captioner.session(frames_of(2), None, "fast")], backend)
    assert "takes no images" in str(caption.error)
    with pytest.raises(InvalidInput, match="takes no images"):
        captioner.ask_session(frames_of(2), ["What?"])
    seeing = Captioner(ScriptedBackend(lambda request: "The ball rolls."))
    (steps,) = run_sessions([seeing.session(frames_of(2), None, "sliding")], seeing.backend)
    assert captioner.summarize(steps.steps).text == "The ball rolls."
    assert len(backend.history) == 1
