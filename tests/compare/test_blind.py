import json
import re
import subprocess
import threading
import time
import urllib.error
import urllib.request

import pytest

from t2v_recaption.compare.arms import Arm, parse_arm
from t2v_recaption.compare.blind import (
    ANSWERS,
    KEY,
    add_answer,
    blind_page,
    person_preferences,
    read_answers,
    sheet_of,
    take_in,
    write_key,
)
from t2v_recaption.compare.blind_server import BlindServer
from t2v_recaption.compare.design import Design
from t2v_recaption.compare.run import run_ab
from t2v_recaption.errors import InvalidInput, UnknownName
from tests.browser import browse, checked
from tests.compare.conftest import FAST, PROMPTS
from tests.compare.test_run import always

HOSTILE = "</script><script>document.title='x'</script> <b>&amp; \"quoted\" 'text'"


@pytest.fixture
def run(tmp_path, items):
    arms = (Arm("raw", "raw"), Arm.of("secretname", lambda p: f"{p}, {HOSTILE}"), Arm.of("third", str.upper))
    run_ab(Design(items, arms, settings=FAST), tmp_path / "run")
    return tmp_path / "run"


def test_a_sheet_is_shuffled_the_same_way_every_time(run) -> None:
    one, two = sheet_of(run, "raw", "secretname"), sheet_of(run, "raw", "secretname")
    assert one == two
    assert [pair.prompt for pair in one.pairs] != PROMPTS
    assert sorted(pair.prompt for pair in one.pairs) == sorted(PROMPTS)
    assert {pair.key["left"] for pair in one.pairs} == {"raw", "secretname"}
    assert len(sheet_of(run).pairs) == 3 * len(PROMPTS)
    assert {len(sheet_of(run, "third").pairs), len(sheet_of(run, second="third").pairs)} == {len(PROMPTS)}


def test_a_sheet_of_nothing(tmp_path, run) -> None:
    with pytest.raises(InvalidInput, match="no result"):
        sheet_of(tmp_path)
    with pytest.raises(UnknownName):
        sheet_of(run, "nobody", "raw")
    with pytest.raises(InvalidInput, match="no two different sides"):
        sheet_of(run, "raw", "raw")


def test_the_page_hides_which_is_which_and_escapes_everything(run) -> None:
    html = blind_page(sheet_of(run, "raw", "secretname"))
    page = checked(html)
    assert "secretname" not in html
    (work,) = [json.loads(at["data-work"]) for _, at in page.tags if "data-work" in at]
    assert any(HOSTILE in pair["left"] + pair["right"] for pair in work["pairs"])
    assert all(set(pair) == {"number", "prompt", "left", "right"} for pair in work["pairs"])


def test_answers_count_by_the_key(run) -> None:
    sheet = sheet_of(run, "raw", "secretname")
    write_key(run, sheet)
    for pair in sheet.pairs[:5]:
        add_answer(run, sheet, pair.number, "left" if pair.key["left"] == "secretname" else "right")
    add_answer(run, sheet, sheet.pairs[5].number, "tie")
    add_answer(run, sheet, sheet.pairs[6].number, "left")
    add_answer(run, sheet, sheet.pairs[6].number, None)
    (told,) = person_preferences(run)
    assert (told.first, told.second, told.by) == ("raw", "secretname", "person")
    assert (told.wins.first, told.wins.ties, told.wins.second, told.judged) == (0, 1, 5, 6)


def test_a_changed_mind_counts_once(run) -> None:
    sheet = sheet_of(run, "raw", "third")
    write_key(run, sheet)
    for choice in ("left", "right", "tie"):
        add_answer(run, sheet, 1, choice)
    assert person_preferences(run)[0].wins.ties == 1


def test_an_answer_to_nothing_is_refused(run) -> None:
    sheet = sheet_of(run, "raw", "third")
    for number, choice in ((0, "left"), (99, "left"), (1, "both")):
        with pytest.raises(InvalidInput):
            add_answer(run, sheet, number, choice)


def test_a_torn_line_costs_one_answer(run) -> None:
    sheet = sheet_of(run, "raw", "third")
    write_key(run, sheet)
    add_answer(run, sheet, 1, "left")
    with (run / ANSWERS).open("a") as stream:
        stream.write('{"sheet": "x", "num')
    assert read_answers(run / ANSWERS, sheet.id)[sheet.id] == {1: "left"}


def test_saved_answers_are_taken_in(run, tmp_path) -> None:
    sheet = sheet_of(run, "raw", "third")
    write_key(run, sheet)
    saved = tmp_path / "answers.jsonl"
    saved.write_text(json.dumps({"sheet": sheet.id, "number": 2, "choice": "right"}) + "\n")
    assert take_in(run, saved) == 1
    assert person_preferences(run)[0].judged == 1
    saved.write_text(json.dumps({"sheet": "other", "number": 2, "choice": "right"}) + "\n")
    with pytest.raises(InvalidInput, match="another page"):
        take_in(run, saved)
    saved.write_text("7 A\n8 B\n")
    with pytest.raises(InvalidInput, match="Line 1"):
        take_in(run, saved)
    saved.write_text("")
    with pytest.raises(InvalidInput, match="no answers"):
        take_in(run, saved)


@pytest.fixture
def served(run):
    server = BlindServer(run, sheet_of(run, "raw", "secretname"))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def ask(url, data=None, **headers):
    request = urllib.request.Request(url, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status, reply.read(), dict(reply.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read(), dict(error.headers)


def test_the_server_shows_and_keeps(served, run) -> None:
    status, html, _ = ask(served.url)
    assert status == 200
    assert b"secretname" not in html
    assert ask(served.url + "answer", b'{"number": 1, "choice": "left", "seconds": 2.5}')[0] == 204
    assert served.answers() == {1: "left"}
    (work,) = re.findall(r'data-work="([^"]*)"', ask(served.url)[1].decode())
    assert "&#34;answers&#34;: {&#34;1&#34;: &#34;left&#34;}" in work


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"number": 1}', b'{"number": 99, "choice": "left"}', b"x" * 20_000]
)
def test_answers_that_are_none_are_refused(served, body) -> None:
    assert ask(served.url + "answer", body)[0] == 400
    assert served.answers() == {}


def test_only_who_knows_the_address_is_served(served) -> None:
    base = served.url.split(served.token)[0]
    assert ask(base)[0] == 404
    assert ask(served.url, Host="evil.example:80")[0] == 404
    assert ask(base + "../../etc/passwd")[0] == 404
    assert ask(served.url + "clip/1/left")[0] == 404
    assert ask(served.url + "answers")[0] == 404


def test_clips_go_out_under_numbers_in_parts(tmp_path, items) -> None:
    for name in ("secret_a", "secret_b"):
        (tmp_path / name).mkdir()
        for item in items.items:
            (tmp_path / name / f"{item.id}.mp4").write_text(f"{name} {item.id}")
    arms = tuple(parse_arm(name, tmp_path) for name in ("secret_a", "secret_b"))
    run_ab(Design(items, arms, level="clip", settings=FAST), tmp_path / "run", verifier=always("supported"))
    sheet = sheet_of(tmp_path / "run")
    assert "secret" not in re.sub(r"data:video/mp4;base64,[^&]*", "", blind_page(sheet))
    server = BlindServer(tmp_path / "run", sheet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        assert b"secret" not in ask(server.url)[1]
        status, whole, headers = ask(server.url + "clip/1/left")
        assert (status, headers["Content-Type"]) == (200, "video/mp4")
        assert whole.startswith(sheet.pairs[0].key["left"].encode())
        status, part, headers = ask(server.url + "clip/1/left", Range="bytes=2-4")
        assert (status, part, headers["Content-Range"]) == (206, whole[2:5], f"bytes 2-4/{len(whole)}")
        assert ask(server.url + "clip/99/left")[0] == 404
    finally:
        server.shutdown()
        server.server_close()


def test_keys_in_a_real_browser(served, run, tmp_path) -> None:
    press = "for (const key of ['1', '2', '0', 'x', '1']) document.dispatchEvent(new KeyboardEvent('keydown', {key}));"
    page = ask(served.url)[1].decode()
    work = served.answers()
    assert work == {}
    # The page itself takes no foreign script: a copy that is served with the keys pressed stands for the person.
    from t2v_recaption.compare import blind
    from t2v_recaption.pages.page import source

    pressed = source("blind.js") + press
    original = blind.source
    blind.source = lambda name: pressed
    try:
        browse(served.url, "--dump-dom", profile=tmp_path / "profile")
        for _ in range(100):
            if len(served.answers()) == 4:
                break
            time.sleep(0.05)
    finally:
        blind.source = original
    assert served.answers() == {1: "left", 2: "right", 3: "tie", 4: "left"}
    shown = browse(served.url, "--dump-dom", profile=tmp_path / "profile")
    assert f"5 of {len(PROMPTS)}" in shown
    assert page


def test_the_command_serves_until_it_is_stopped(run, tmp_path) -> None:
    import os
    import signal
    import sys
    from pathlib import Path

    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "t2v_recaption", "ab", "judge", str(run), "--first", "raw", "--second", "third"]
    process = subprocess.Popen(
        command,
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )
    try:
        url = process.stdout.readline().strip()
        assert ask(url + "answer", b'{"number": 1, "choice": "tie"}')[0] == 204
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "ties 1" in out
    assert json.loads((run / KEY).read_text())
