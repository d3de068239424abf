"""What the server answers: the library's captions, and one clear JSON error for everything else."""

from __future__ import annotations

import base64
import json
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from t2v_recaption import Enhancer, targets
from t2v_recaption.backends.scripted import ScriptedBackend
from t2v_recaption.errors import BackendError
from tests.serve.conftest import Answer, Client, serving

SPEC: dict[str, Any] = json.loads(files("t2v_recaption.serve").joinpath("openapi.json").read_text())
DOT = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()

BAD = [
    ({}, "prompt"),
    ({"prompt": None}, "prompt"),
    ({"prompt": 3}, "prompt"),
    ({"prompt": "a" * 20_001}, "prompt"),
    ({"prompt": "a cat", "promt": "a cat"}, "promt"),
    ({"prompt": "a cat", "writer": "chat"}, "writer"),
    ({"prompt": "a cat", "base_url": "http://elsewhere"}, "base_url"),
    ({"prompt": "a cat", "seed": "1"}, "seed"),
    ({"prompt": "a cat", "seed": True}, "seed"),
    ({"prompt": "a cat", "seed": 2**63}, "seed"),
    ({"prompt": "a cat", "keep": "cat"}, "keep"),
    ({"prompt": "a cat", "keep": ["dog"]}, "keep[0]"),
    ({"prompt": "a cat", "keep": ["cat", 1]}, "keep[1]"),
    ({"prompt": "a cat", "keep": ["cat"] * 65}, "keep"),
    ({"prompt": "a cat", "duration": "5"}, "duration"),
    ({"prompt": "a cat", "attempts": 11}, "attempts"),
    ({"prompt": "a cat", "image": "/etc/passwd"}, "image"),
    ({"prompt": "a cat", "image": "http://elsewhere/cat.png"}, "image"),
    ({"prompt": "a cat", "image": "data:image/png;base64,%"}, "image"),
    ({"prompt": "a cat", "target": "/etc/target.yaml"}, "target"),
    ({"prompt": "a cat", "target": "wan22x"}, None),
    ({"prompt": "a cat", "strength": "much"}, None),
    ({"prompt": "a cat", "on_failure": "hope"}, None),
    ({"prompt": "a cat", "task": "x2v"}, None),
    ({"prompt": "a cat", "duration": -1}, None),
    ({"prompt": "  "}, None),
]


def valid(answer: Answer, path: str, method: str = "post") -> None:
    """The answer is one that the OpenAPI file promises for that path."""
    jsonschema = pytest.importorskip("jsonschema")
    promised = SPEC["paths"][path][method]["responses"].get(str(answer.status))
    assert promised is not None, answer
    if "$ref" in promised:
        promised = SPEC["components"]["responses"][promised["$ref"].rpartition("/")[2]]
    schema = promised["content"]["application/json"]["schema"]
    jsonschema.Draft202012Validator({**schema, "components": SPEC["components"]}).validate(answer.json)


def test_the_answer_is_the_librarys(client: Client) -> None:
    answer = client.enhance("two red balls on a table, no people", seed=3)
    assert answer.status == 200
    expected = Enhancer("wan2.2", seed=3)("two red balls on a table, no people")
    assert answer.json == {"object": "enhancement", **json.loads(expected.to_json()), "passed": True}
    valid(answer, "/v1/enhance")


def test_what_a_request_leaves_open_is_as_the_server_was_started(client: Client) -> None:
    answer = client.enhance("a cat", target=None, seed=None)
    assert answer.json["caption"] == Enhancer("wan2.2", seed=5)("a cat").caption


def test_every_option_arrives(client: Client) -> None:
    options = {"strength": "rich", "language": "en", "duration": 4.5, "keep": ["xyzcat"], "negative": "blur"}
    expected = Enhancer("mochi", seed=1, attempts=3, on_failure="compose", task="t2v", **options)("an xyzcat sleeps")
    fixed = {"target": "mochi", "seed": 1, "attempts": 3, "on_failure": "compose", "task": "t2v"}
    answer = client.enhance("an xyzcat sleeps", **fixed, **options)
    assert (answer.json["caption"], answer.json["negative"]) == (expected.caption, expected.negative)
    assert answer.json["negative"].startswith("blur")
    assert "xyzcat" in answer.json["caption"]


def test_frames_make_it_image_to_video(client: Client) -> None:
    assert client.enhance("a cat jumps", image=DOT).json["task"] == "i2v"
    assert client.enhance("a cat jumps", image=DOT, last_image=DOT).json["task"] == "flf2v"
    refused = client.enhance("a cat jumps", image=DOT, target="mochi")
    assert refused.status == 400
    assert "does not do 'i2v'" in refused.json["error"]["message"]


@pytest.mark.parametrize(("content", "param"), BAD, ids=lambda value: str(value)[:60])
def test_bad_fields_are_named(client: Client, content: dict[str, Any], param: str | None) -> None:
    answer = client.ask("POST", "/v1/enhance", content)
    assert answer.status == 400
    assert answer.json["error"]["param"] == param
    assert answer.json["error"]["message"]
    valid(answer, "/v1/enhance")


def test_an_unknown_target_offers_the_nearest(client: Client) -> None:
    error = client.enhance(target="wan22x").json["error"]
    assert (error["code"], error["type"]) == ("UnknownName", "invalid_request_error")
    assert "wan2.2" in error["hint"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"a cat"', b"\xff\xfe", b'{"prompt": NaN}', b"[" * 100_000, b'{"seed": ' + b"9" * 9999]
)
def test_bad_json(client: Client, body: bytes) -> None:
    answer = client.ask("POST", "/v1/enhance", body=body)
    assert answer.status == 400
    valid(answer, "/v1/enhance")


def test_a_batch_keeps_its_order_and_loses_nobody(client: Client) -> None:
    prompts = ["a cat", "", {"prompt": "two dogs", "seed": 9}, 5, {"seed": 1}, {"prompt": "a fox", "sed": 1}, "a hen"]
    answer = client.ask("POST", "/v1/batch", {"prompts": prompts, "target": "mochi", "seed": 2})
    items = answer.json["data"]
    assert [item["object"] for item in items] == ["enhancement", "error"] + ["enhancement"] + ["error"] * 3 + [
        "enhancement"
    ]
    for index, (prompt, seed) in {0: ("a cat", 2), 2: ("two dogs", 9), 6: ("a hen", 2)}.items():
        assert items[index]["caption"] == Enhancer("mochi", seed=seed)(prompt).caption
    assert items[1]["error"]["message"] == "The prompt is empty."
    assert [items[n]["error"]["param"] for n in (3, 4, 5)] == ["prompts[3]", "prompts[4].prompt", "prompts[5].sed"]
    valid(answer, "/v1/batch")


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"prompts": []},
        {"prompts": "a cat"},
        {"prompts": ["a cat"] * 257},
        {"prompts": ["a cat"], "prompt": "a cat"},
        {"prompts": ["a cat", {"prompt": "a dog", "image": DOT}]},
    ],
)
def test_bad_batches(client: Client, content: dict[str, Any]) -> None:
    answer = client.ask("POST", "/v1/batch", content)
    assert answer.status == 400
    valid(answer, "/v1/batch")


def test_a_batch_of_nothing_usable(client: Client) -> None:
    answer = client.ask("POST", "/v1/batch", {"prompts": [1, None]})
    assert [item["object"] for item in answer.json["data"]] == ["error", "error"]


def test_targets(client: Client) -> None:
    listed = client.ask("GET", "/v1/targets")
    assert [target["name"] for target in listed.json["data"]] == list(targets.names())
    valid(listed, "/v1/targets", "get")
    one = client.ask("GET", "/v1/targets/wan")
    assert one.json == json.loads(targets.load("wan").to_json())
    valid(one, "/v1/targets/{name}", "get")
    for name in ("nothing", "/etc/target.yaml"):
        none = client.ask("GET", f"/v1/targets/{name}")
        assert none.status in (400, 404)
        assert none.json["error"]["param"] == "target"


def test_health_and_the_openapi_file(client: Client) -> None:
    valid(client.ask("GET", "/health"), "/health", "get")
    assert client.ask("GET", "/openapi.json").json == SPEC


def test_the_openapi_file_describes_every_path(client: Client) -> None:
    with serving() as (server, _):
        assert {*server.api._routes, "/v1/targets/{name}"} == set(SPEC["paths"])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/enhance", 405),
        ("DELETE", "/health", 405),
        ("POST", "/v1/targets", 405),
        ("GET", "/", 404),
        ("GET", "/v1", 404),
        ("POST", "/v1/chat/completions", 404),
    ],
)
def test_wrong_paths_and_methods(client: Client, method: str, path: str, status: int) -> None:
    answer = client.ask(method, path)
    assert answer.status == status
    assert answer.json["error"]["message"]
    assert ("allow" in answer.headers) == (status == 405)


def test_only_json_is_read(client: Client) -> None:
    assert client.ask("POST", "/v1/enhance", {"prompt": "a cat"}, Content_Type="text/plain").status == 415
    assert (
        client.ask("POST", "/v1/enhance", {"prompt": "a cat"}, Content_Type="application/json; charset=x").status == 200
    )


def test_text_that_utf8_cannot_hold(client: Client) -> None:
    answer = client.enhance("a cat \ud800 sleeps")
    assert answer.status == 200
    assert answer.json["prompt"] == "a cat \ud800 sleeps"


def test_a_model_that_does_not_keep_the_prompt_is_an_error() -> None:
    backend = ScriptedBackend(lambda request: "I cannot help with that.")
    with serving(Enhancer(writer="chat", backend=backend, attempts=0)) as (_, client):
        answer = client.enhance("a cat")
        assert (answer.status, answer.json["error"]["code"]) == (422, "NotKept")
        valid(answer, "/v1/enhance")
        composed = client.enhance("a cat", on_failure="compose")
        assert composed.status == 200
        assert composed.json["fallback"]


def test_a_model_that_fails_is_an_error_of_the_server_behind() -> None:
    backend = ScriptedBackend(lambda request: BackendError("No server.", retryable=True))
    with serving(Enhancer(writer="chat", backend=backend)) as (_, client):
        answer = client.enhance("a cat")
        assert (answer.status, answer.json["error"]["retryable"]) == (502, True)
        valid(answer, "/v1/enhance")


def test_a_fault_in_the_program_tells_nothing_and_the_server_goes_on(caplog) -> None:
    class Broken(ScriptedBackend):
        def generate(self, requests):
            raise ZeroDivisionError("secret")

    with serving(Enhancer(writer="chat", backend=Broken([]))) as (_, client):
        answer = client.enhance("a cat")
        assert answer.status == 500
        assert "secret" not in str(answer.json)
        assert client.ask("GET", "/health").status == 200
        valid(answer, "/v1/enhance")


NAMES = (
    "prompt",
    "seed",
    "target",
    "keep",
    "strength",
    "image",
    "duration",
    "task",
    "language",
    "negative",
    "attempts",
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30) | st.just("a cat"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), VALUES, max_size=5))
def test_no_json_breaks_the_server(client: Client, content: dict[str, Any]) -> None:
    answer = client.ask("POST", "/v1/enhance", {"prompt": "a cat", **content})
    assert answer.status in (200, 400)
    assert answer.json.get("caption") or answer.json["error"]["message"]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sent=st.binary(max_size=200) | st.from_regex(rb"(GET|POST) /\S{0,9} HTTP/1.[01]\r\n(\S{1,9}: \S{0,9}\r\n){0,3}\r\n")
)
def test_no_bytes_break_the_server(client: Client, sent: bytes) -> None:
    with client.connect() as connection:
        connection.sendall(sent)
        connection.shutdown(1)
        while connection.recv(65536):
            pass
    assert client.ask("GET", "/health").status == 200
