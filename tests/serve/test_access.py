"""Who may ask: this machine without a token, everybody else with it."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from t2v_recaption import Enhancer, InvalidInput
from t2v_recaption.cli.serve import serve
from t2v_recaption.serve import Server
from t2v_recaption.serve.access import is_local_name, is_loopback, read_token
from tests.serve.conftest import Client, serving

TOKEN = "correct-horse-battery"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost"])
def test_addresses_of_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "10.0.0.1", "no.such.name.invalid", "", "a" * 70])
def test_addresses_that_need_a_token(host: str) -> None:
    with pytest.raises(InvalidInput, match="a token is needed"):
        Server(Enhancer(), host=host)


@pytest.mark.parametrize("given", ["", "wrong", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "é" * 20])
def test_a_wrong_token_is_refused_before_anything_is_read(given: str) -> None:
    with serving(token=TOKEN) as (_, client):
        stranger = Client(client.host, client.port)
        header = {"Authorization": f"Bearer {given}"} if given else {}
        answer = stranger.ask("POST", "/v1/enhance", body=b"not json", **header)
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.json["error"]["code"] == "wrong_token"
        assert TOKEN not in str(answer.json)
        for path in ("/v1/targets", "/nothing"):
            assert stranger.ask("GET", path, **header).status == 401
        for path in ("/health", "/openapi.json"):
            assert stranger.ask("GET", path, **header).status == 200


def test_the_token_opens_on_every_address() -> None:
    with serving(host="0.0.0.0", token=TOKEN) as (_, client):
        assert client.enhance().status == 200
        assert client.ask("GET", "/v1/targets", Host="my.machine:80").status == 200


def test_other_schemes_do_not_count() -> None:
    with serving(token=TOKEN) as (_, client):
        stranger = Client(client.host, client.port)
        assert stranger.ask("GET", "/v1/targets", Authorization=f"Basic {TOKEN}").status == 401
        assert stranger.ask("GET", "/v1/targets", Authorization=f"bearer  {TOKEN} ").status == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost.evil.example", "10.0.0.1", ""])
def test_a_page_that_rebinds_its_name_gets_nothing(host: str) -> None:
    with serving() as (_, client):
        answer = client.ask("POST", "/v1/enhance", {"prompt": "a cat"}, Host=host)
        assert (answer.status, answer.json["error"]["code"]) == (403, "wrong_host")


@pytest.mark.parametrize("host", ["localhost", "localhost:80", "LOCALHOST", "127.0.0.1:8765", "[::1]:80", "[::1]"])
def test_names_of_this_machine(host: str) -> None:
    assert is_local_name(host)


def test_the_token_comes_from_a_file_or_the_environment(tmp_path, monkeypatch) -> None:
    assert read_token() == ""
    monkeypatch.setenv("T2V_TOKEN", f" {TOKEN}\n")
    assert read_token() == TOKEN
    file = tmp_path / "token"
    file.write_text("another-long-token\n")
    assert read_token(file) == "another-long-token"


@pytest.mark.parametrize("text", ["", "short", "with spaces in between", "tab\tin-the-middle-of", "ünïcödé-ünïcödé-x"])
def test_tokens_that_are_none(tmp_path, monkeypatch, text: str) -> None:
    file = tmp_path / "token"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match="must be 16 or more"):
        read_token(file)
    monkeypatch.setenv("T2V_TOKEN", text)
    with pytest.raises(InvalidInput, match="T2V_TOKEN"):
        read_token()


def test_a_token_file_that_is_not_there(tmp_path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_token(tmp_path / "none")


def test_no_option_takes_the_token_itself() -> None:
    assert not {"--token", "--api-key", "--password"} & {name for option in serve.params for name in option.opts}


def test_the_command_refuses_an_open_address(monkeypatch) -> None:
    monkeypatch.delenv("T2V_TOKEN", raising=False)
    result = CliRunner().invoke(serve, ["--host", "0.0.0.0"])
    assert isinstance(result.exception, InvalidInput)
    assert "secrets.token_urlsafe" in result.exception.hint
