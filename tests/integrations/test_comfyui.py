"""The ComfyUI node pack, used as ComfyUI's loader, validator and executor use it."""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
import textwrap
import types
import weakref
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from t2v_recaption import BackendError, Enhancer, InvalidInput, MissingDependency, NotKept, UnknownName, targets
from t2v_recaption.backends.scripted import ScriptedBackend
from tests.integrations import comfyui_host as host

ROOT = Path(__file__).resolve().parents[2]
PACK = ROOT / "integrations" / "comfyui"
WORKFLOWS = sorted((PACK / "example_workflows").glob("*.json"))
ENHANCE, LOAD = "T2VRecaptionEnhancePrompt", "T2VRecaptionLoadBackend"
TEXT = "A cat sits on a sunny windowsill and looks out at the street, its tail moving slowly."


@pytest.fixture(scope="module")
def nodes(tmp_path_factory) -> dict[str, type]:
    """The nodes, loaded through a link in a folder of custom nodes."""
    folder = tmp_path_factory.mktemp("Comfy UI.v1") / "custom_nodes"
    folder.mkdir()
    (folder / "any-name.of its own").symlink_to(PACK, target_is_directory=True)
    return host.load(str(folder / "any-name.of its own"))


def enhance_inputs(nodes: dict[str, type], **inputs: Any) -> dict[str, Any]:
    """The inputs of an Enhance Prompt node, as its widgets start out."""
    required = nodes[ENHANCE].INPUT_TYPES()["required"]
    return {name: spec[1]["default"] for name, spec in required.items()} | {"prompt": "a cat"} | inputs


def graph(nodes: dict[str, type], **inputs: Any) -> dict[str, Any]:
    """Enhance Prompt with its four outputs shown."""
    shown = {str(n + 2): {"class_type": "PreviewAny", "inputs": {"source": ["1", n]}} for n in range(4)}
    return {"1": {"class_type": ENHANCE, "inputs": enhance_inputs(nodes, **inputs)}, **shown}


def node(nodes: dict[str, type], **inputs: Any) -> tuple[str, str, str, str]:
    return nodes[ENHANCE]().enhance(**enhance_inputs(nodes, **inputs))


# --- how it is loaded


def test_a_copied_folder_runs_its_own_code(tmp_path) -> None:
    copy = tmp_path / "custom_nodes" / "t2v_recaption"
    shutil.copytree(PACK, copy)
    loaded = host.load(str(copy))
    assert Path(sys.modules[loaded[ENHANCE].__module__].__file__).is_relative_to(copy)


def alone(tmp_path: Path, pack: Path, after: str = "") -> subprocess.CompletedProcess[str]:
    """Load the pack in a Python that has the package's dependencies but not the package."""
    code = f"""
    import sys
    sys.path[:] = [p for p in sys.path if p not in ("", {str(ROOT)!r})]
    sys.meta_path[:] = [f for f in sys.meta_path if "editable" not in getattr(f, "__module__", repr(f))]
    import importlib.util
    if importlib.util.find_spec("t2v_recaption"): sys.exit("installed")
    name = {str(pack)!r}.replace(".", "_x_")
    spec = importlib.util.spec_from_file_location(name, {str(pack / "__init__.py")!r})
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    """
    call = [sys.executable, "-c", textwrap.dedent(code) + after]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(call, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    if done.stderr.strip() == "installed":
        pytest.skip("t2v_recaption is installed in this Python for good")
    return done


def test_a_linked_folder_finds_its_checkout_and_nothing_else_of_it(tmp_path) -> None:
    link = tmp_path / "nodes"
    link.symlink_to(PACK, target_is_directory=True)
    after = (
        "\nnode = module.NODE_CLASS_MAPPINGS['T2VRecaptionEnhancePrompt']"
        "\nprint(node().enhance('a cat', 'mochi', 'composer', 0, 'normal', 'raise', True)[0])"
        "\nassert not importlib.util.find_spec('benchmarks')"
        "\nassert not {'torch', 'transformers', 'openai', 'numpy', 'PIL'} & set(sys.modules)"
    )
    done = alone(tmp_path, link, after)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == Enhancer("mochi")("a cat").caption


def test_a_copied_folder_says_what_to_install(tmp_path) -> None:
    shutil.copytree(PACK, tmp_path / "nodes")
    done = alone(tmp_path, tmp_path / "nodes")
    assert done.returncode == 1
    assert "-m pip install" in done.stderr.splitlines()[-1]


def test_the_contract(nodes: dict[str, type]) -> None:
    for name in (ENHANCE, LOAD):
        kind = nodes[name]
        assert json.loads(host.info(kind))["CATEGORY"] == "t2v_recaption"
        assert len(kind.RETURN_TYPES) == len(kind.RETURN_NAMES) == len(kind.OUTPUT_TOOLTIPS)
        for category in ("required", "optional"):
            for _, spec in kind.INPUT_TYPES().get(category, {}).values():
                assert spec["tooltip"]
    assert nodes[ENHANCE].RETURN_NAMES[:3] == ("caption", "negative", "report")
    assert nodes[ENHANCE].INPUT_TYPES()["required"]["target"][0] == list(targets.names())


# --- workflows


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_load_and_validate(nodes: dict[str, type], path: Path) -> None:
    prompt = host.to_prompt(nodes, host.read(path))
    ends = [key for key, entry in prompt.items() if entry["class_type"] == "PreviewAny"]
    assert len(ends) == 3
    for end in ends:
        assert host.validate(nodes, prompt, end) == []


def test_the_workflow_without_a_model_runs(nodes: dict[str, type]) -> None:
    prompt = host.to_prompt(nodes, host.read(PACK / "example_workflows" / "enhance_prompt.json"))
    caption, negative, report = host.Executor(nodes).run(prompt).values()
    expected = Enhancer("wan2.2")("two red balls on a table, no people")
    assert (caption, negative) == (expected.caption, expected.negative)
    assert "kept: count 'two'" in report


def test_the_workflow_with_a_model_says_when_there_is_none(nodes: dict[str, type]) -> None:
    prompt = host.to_prompt(nodes, host.read(PACK / "example_workflows" / "enhance_with_model.json"))
    prompt["1"]["inputs"] |= {"base_url": "http://127.0.0.1:9/v1", "reuse_replies": False, "options": "retries=0"}
    report = host.Executor(nodes).run(prompt)["5"]
    assert "Fallback: the composer wrote this, because: There is no server at http://127.0.0.1:9/v1" in report
    prompt["2"]["inputs"]["on_failure"] = "raise"
    with pytest.raises(BackendError, match="There is no server"):
        host.Executor(nodes).run(prompt)


# --- what is run again, and what is not


def test_only_what_changed_is_run_again(nodes: dict[str, type]) -> None:
    executor, prompt = host.Executor(nodes), graph(nodes)
    first = executor.run(prompt)
    assert executor.executed[0] == "1"
    assert executor.run(prompt) == first
    assert executor.executed == []
    prompt["1"]["inputs"]["seed"] = 7
    assert executor.run(prompt)["2"] != first["2"]
    assert "1" in executor.executed


def test_a_changed_target_or_model_file_is_noticed(nodes: dict[str, type], tmp_path) -> None:
    changed = nodes[ENHANCE].IS_CHANGED
    assert changed(target="mochi", seed=1) == changed(target="mochi", seed=2) != changed(target="latte")
    assert changed(target=None)
    model = tmp_path / "model.gguf"
    model.write_text("a")
    before = nodes[LOAD].IS_CHANGED(model=str(model), backend="transformers")
    model.write_text("ab")
    assert before != nodes[LOAD].IS_CHANGED(model=str(model))
    (tmp_path / "config.json").write_text("{}")
    assert nodes[LOAD].IS_CHANGED(model=str(tmp_path))
    for no_file in ("", None, "Qwen/Qwen3-4B", "\0", "x" * 5000):
        assert nodes[LOAD].IS_CHANGED(model=no_file) == ""


# --- what it writes


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    prompt=st.sampled_from(["a cat", "two red balls on a table, no people", "a sign that says 'OPEN'", "a dog runs"]),
    target=st.sampled_from(targets.names()),
    seed=st.integers(0, 2**53 - 1),
    strength=st.sampled_from(["light", "normal", "rich"]),
)
def test_it_is_always_the_librarys_caption(nodes, prompt: str, target: str, seed: int, strength: str) -> None:
    made = node(nodes, prompt=prompt, target=target, seed=seed, strength=strength)
    expected = Enhancer(target, seed=seed, strength=strength)(prompt)
    assert (made[0], made[1], made[3]) == (expected.caption, expected.negative, expected.short)
    assert made[2].startswith(f"Kept {len(expected.report.verdicts)} of {len(expected.report.verdicts)} facts.")
    assert all(isinstance(text, str) for text in made)
    assert "\n" not in made[0]


def test_keep_and_negative(nodes: dict[str, type]) -> None:
    caption, negative, *_ = node(nodes, prompt="an ohwxcat sleeps", keep="ohwxcat\n\n", negative=" blur \n")
    assert "ohwxcat" in caption
    assert negative == "blur"
    with pytest.raises(InvalidInput, match="'sks', which is to be kept, is not in the prompt"):
        node(nodes, keep="sks")


def test_an_empty_prompt_stops_the_run(nodes: dict[str, type]) -> None:
    with pytest.raises(InvalidInput, match="The prompt is empty"):
        host.Executor(nodes).run(graph(nodes, prompt=" \n"))


# --- with a model


def linked(nodes: dict[str, type], backend: Any, **inputs: Any) -> dict[str, Any]:
    source = type("Model", (host.Source,), {"RETURN_TYPES": ("T2V_RECAPTION_BACKEND",), "value": backend})
    nodes["Model"] = source
    prompt = graph(nodes, writer="chat", backend=["9", 0], **inputs)
    return {**prompt, "9": {"class_type": "Model", "inputs": {}}}


def test_a_model_writes_and_its_memory_is_given_back(nodes: dict[str, type]) -> None:
    backend = ScriptedBackend(lambda request: TEXT)
    shown = host.Executor(nodes).run(linked(nodes, backend))
    assert TEXT in shown["2"]
    assert "Written by chat" in shown["4"]
    assert backend.closed == 1


def test_unload_off_keeps_it(nodes: dict[str, type]) -> None:
    backend = ScriptedBackend(lambda request: TEXT)
    host.Executor(nodes).run(linked(nodes, backend, unload=False))
    assert backend.closed == 0


def test_a_failure_gives_the_memory_back_too_and_never_passes_the_prompt_on(nodes: dict[str, type]) -> None:
    backend = ScriptedBackend(lambda request: "I cannot help with that.")
    with pytest.raises(NotKept):
        host.Executor(nodes).run(linked(nodes, backend))
    assert backend.closed == 1
    report = host.Executor(nodes).run(linked(nodes, backend, on_failure="compose"))["4"]
    assert "Fallback: the composer wrote this" in report


def test_comfyui_makes_room_for_a_local_model_only(nodes: dict[str, type], monkeypatch) -> None:
    calls: list[str] = []
    management = types.ModuleType("comfy.model_management")
    management.unload_all_models = lambda: calls.append("unload")
    management.soft_empty_cache = lambda: calls.append("empty")
    monkeypatch.setitem(sys.modules, "comfy.model_management", management)
    backend = ScriptedBackend(lambda request: TEXT)
    for name, unload, expected in (
        ("openai", True, []),
        ("transformers", False, []),
        ("transformers", True, ["unload", "empty"]),
    ):
        backend.name = name
        calls.clear()
        host.Executor(nodes).run(linked(nodes, backend, unload=unload))
        assert calls == expected


def test_the_models_memory_is_really_back(nodes: dict[str, type], monkeypatch) -> None:
    torch = pytest.importorskip("torch")

    class Heavy(ScriptedBackend):
        name = "transformers"

        def generate(self, requests):
            self.weights = torch.zeros(1000)
            alive.append(weakref.ref(self.weights))
            return super().generate(requests)

        def close(self):
            self.weights = None

    alive: list[Any] = []
    host.Executor(nodes).run(linked(nodes, Heavy(lambda request: TEXT)))
    gc.collect()
    assert alive
    assert all(weight() is None for weight in alive)


def test_a_writer_without_its_model_is_told_before_anything_runs(nodes: dict[str, type]) -> None:
    for writer in ("chat", "sharecaptioner"):
        (problem,) = host.validate(nodes, graph(nodes, writer=writer), "2")
        assert "Connect a Load Backend node" in problem
    assert host.validate(nodes, graph(nodes, writer="nobody"), "2")[0].startswith("There is no writer named 'nobody'")
    with pytest.raises(InvalidInput, match="needs a model"):  # the writer's name comes over a link
        node(nodes, writer="chat")


def test_the_composer_says_that_it_asked_no_model(nodes: dict[str, type]) -> None:
    backend = ScriptedBackend(lambda request: TEXT)
    report = node(nodes, backend=backend)[2]
    assert "the backend was not asked" in report
    assert backend.history == []


@pytest.mark.parametrize("names", [("image",), ("image", "last_image")])
def test_frames_reach_the_model(nodes: dict[str, type], names: tuple[str, ...]) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("PIL")
    frames = torch.rand((2, 8, 12, 3), generator=torch.Generator().manual_seed(0)) * 1.2 - 0.1
    backend = ScriptedBackend(lambda request: TEXT)
    node(nodes, writer="chat", backend=backend, target="wan2.2", on_failure="compose", **dict.fromkeys(names, frames))
    seen = [image for message in backend.history[0].messages for image in message.images]
    assert [(image.size, image.mode) for image in seen] == [((12, 8), "RGB")] * len(names)
    want = tuple(int(x) for x in (frames[0, 3, 5].clamp(0, 1) * 255).round())
    assert seen[0].getpixel((5, 3)) == want


def test_a_target_without_image_to_video_says_so(nodes: dict[str, type]) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("PIL")
    with pytest.raises(InvalidInput, match="does not do 'i2v'"):
        node(nodes, target="mochi", image=torch.zeros((1, 4, 4, 3)))


# --- what a shared workflow must not do


def load(nodes: dict[str, type], **inputs: Any) -> Any:
    return nodes[LOAD]().load(**{"backend": "openai", "model": "m", "base_url": "", **inputs})[0]


@pytest.mark.parametrize(
    "option", ["trust_remote_code=true", "trust-remote-code: true\n", "key_env_var=AWS_SECRET", "extra_body={a: 1}"]
)
def test_a_workflow_cannot_set_everything(nodes: dict[str, type], option: str) -> None:
    with pytest.raises((UnknownName, InvalidInput)):
        load(nodes, options=option)


def test_a_workflow_cannot_read_files_with_the_scripted_backend(nodes: dict[str, type]) -> None:
    assert "scripted" not in nodes[LOAD].INPUT_TYPES()["required"]["backend"][0]
    with pytest.raises(InvalidInput, match="for tests"):
        load(nodes, backend="scripted", model="/etc/passwd")


def test_no_key_goes_to_a_server_that_only_a_workflow_names(nodes: dict[str, type], monkeypatch) -> None:
    pytest.importorskip("openai")
    monkeypatch.setenv("OPENAI_API_KEY", "secret-of-the-owner")
    named = load(nodes, base_url="http://elsewhere.example/v1", reuse_replies=False)
    assert named._key() == ""
    monkeypatch.setenv("T2V_COMFYUI_KEY", "for-such-servers")
    assert named._key() == "for-such-servers"
    own = load(nodes, reuse_replies=False)
    assert own._key() == "secret-of-the-owner"


def test_options_of_a_backend(nodes: dict[str, type]) -> None:
    pytest.importorskip("openai")
    backend = load(nodes, options="timeout=7.5\n retries = 0 \n\n", reuse_replies=False)
    assert (backend.timeout, backend.retries) == (7.5, 0)
    with pytest.raises(InvalidInput, match="not KEY=VALUE"):
        load(nodes, options="timeout")
    with pytest.raises(InvalidInput, match="cannot be read"):
        load(nodes, options="timeout={")
    with pytest.raises(InvalidInput, match="cannot be made"):
        load(nodes, options="dtype=bfloat16")


def test_a_missing_package_is_said_when_the_backend_is_loaded(nodes: dict[str, type], monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingDependency, match="transformers"):
        load(nodes, backend="transformers")
