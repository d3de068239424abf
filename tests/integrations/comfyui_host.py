"""What ComfyUI does with a node pack, imitated step by step (read in version 0.3.64, commit a125cd84).

`load` is `nodes.load_custom_node`, `info` is what `/object_info` sends to the front end, `validate` is
`execution.validate_inputs`, `Executor` is `execution.PromptExecutor` with its classic cache, and `to_prompt` is the
front end's way from a saved workflow to what it sends.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import sys
from pathlib import Path
from typing import Any

WIDGETS = ("STRING", "INT", "FLOAT", "BOOLEAN")
CASTS = {"INT": int, "FLOAT": float, "STRING": str, "BOOLEAN": bool}


class PreviewAny:
    """ComfyUI's own node of that name."""

    RETURN_TYPES = ()
    FUNCTION = "main"
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls):  # noqa: N802
        return {"required": {"source": ("*", {})}}

    def main(self, source=None):
        return {"ui": {"text": (source,)}}


class Source:
    """A node that hands on a value of any type, as loaders of pictures and text do."""

    RETURN_TYPES = ("*",)
    FUNCTION = "main"
    value: Any = None

    @classmethod
    def INPUT_TYPES(cls):  # noqa: N802
        return {"required": {}}

    def main(self):
        return (self.value,)


def load(module_path: str) -> dict[str, type]:
    """Import a folder of `custom_nodes` under the module name that ComfyUI gives it; its nodes."""
    name = module_path.replace(".", "_x_")
    spec = importlib.util.spec_from_file_location(name, os.path.join(module_path, "__init__.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    assert set(module.NODE_DISPLAY_NAME_MAPPINGS) <= set(module.NODE_CLASS_MAPPINGS)
    return {**module.NODE_CLASS_MAPPINGS, "PreviewAny": PreviewAny}


def info(node: type) -> str:
    """`/object_info`: everything that a node declares, as JSON."""
    inputs = node.INPUT_TYPES()
    order = {key: list(value) for key, value in inputs.items()}
    names = ("RETURN_TYPES", "RETURN_NAMES", "OUTPUT_TOOLTIPS", "DESCRIPTION", "CATEGORY", "FUNCTION")
    return json.dumps({"input": inputs, "input_order": order, **{name: getattr(node, name) for name in names}})


def is_link(value: Any) -> bool:
    return isinstance(value, list)


def declared(node: type, name: str) -> tuple[Any, str, dict[str, Any]] | None:
    types = node.INPUT_TYPES()
    for category in ("required", "optional"):
        if name in types.get(category, {}):
            spec = types[category][name]
            return spec[0], category, spec[1] if len(spec) > 1 else {}
    return None


def validate(nodes: dict[str, type], prompt: dict[str, Any], node_id: str) -> list[str]:
    """The problems of a node and of all that it is linked to; casts widget values in place, as ComfyUI does."""
    node, inputs = nodes[prompt[node_id]["class_type"]], prompt[node_id]["inputs"]
    own = getattr(node, "VALIDATE_INPUTS", None)
    spec = inspect.getfullargspec(own) if own else None
    checked = set(spec.args) if spec else set()
    problems = []
    for category in ("required", "optional"):
        for name, (kind, *rest) in node.INPUT_TYPES().get(category, {}).items():
            extra = rest[0] if rest else {}
            if name not in inputs:
                problems += [f"{name} is missing"] if category == "required" else []
                continue
            value = inputs[name]
            if is_link(value):
                sent = nodes[prompt[value[0]]["class_type"]].RETURN_TYPES[value[1]]
                if "*" not in (sent, kind) and sent != kind:
                    problems.append(f"{name} takes {kind} and gets {sent}")
                problems += validate(nodes, prompt, value[0])
                continue
            value = inputs[name] = CASTS[kind](value) if not isinstance(kind, list) and kind in CASTS else value
            if name not in checked:
                if not extra.get("min", value) <= value <= extra.get("max", value):
                    problems.append(f"{name} is out of range")
                if isinstance(kind, list) and value not in kind:
                    problems.append(f"{name}: {value!r} not in list")
    if own:
        constants = {
            name: None if is_link(value) else value
            for name, value in inputs.items()
            if name in checked and declared(node, name) is not None
        }
        verdict = own(**constants)
        problems += [] if verdict is True else [str(verdict)]
    return problems


class Executor:
    """Runs prompts, keeping what has not changed since the last one."""

    def __init__(self, nodes: dict[str, type]) -> None:
        self.nodes = nodes
        self.outputs: dict[Any, tuple[Any, ...]] = {}
        self.objects: dict[tuple[str, str], Any] = {}
        self.executed: list[str] = []

    def run(self, prompt: dict[str, Any]) -> dict[str, Any]:
        """Validate and execute a prompt; what its output nodes show."""
        self.executed = []
        ends = [key for key, entry in prompt.items() if getattr(self.nodes[entry["class_type"]], "OUTPUT_NODE", False)]
        assert ends, "Prompt has no outputs"
        for end in ends:
            assert validate(self.nodes, prompt, end) == []
        keys = {node_id: self._signature(prompt, node_id) for node_id in prompt}
        self.outputs = {key: value for key, value in self.outputs.items() if key in keys.values()}
        return {end: self._execute(prompt, keys, end)["ui"]["text"][0] for end in ends}

    def _signature(self, prompt: dict[str, Any], node_id: str) -> Any:
        """Class, IS_CHANGED and inputs of a node and of all before it."""
        entry = prompt[node_id]
        node = self.nodes[entry["class_type"]]
        inputs = {name: value for name, value in entry["inputs"].items() if declared(node, name)}
        constants = {name: None if is_link(value) else value for name, value in inputs.items()}
        changed = node.IS_CHANGED(**constants) if hasattr(node, "IS_CHANGED") else False
        links = tuple(
            (name, self._signature(prompt, value[0]), value[1]) if is_link(value) else (name, value)
            for name, value in sorted(inputs.items())
        )
        return entry["class_type"], changed, links

    def _execute(self, prompt: dict[str, Any], keys: dict[str, Any], node_id: str) -> Any:
        if keys[node_id] in self.outputs:
            return self.outputs[keys[node_id]]
        entry = prompt[node_id]
        node = self.nodes[entry["class_type"]]
        values = {
            name: self._execute(prompt, keys, value[0])[value[1]] if is_link(value) else value
            for name, value in entry["inputs"].items()
            if declared(node, name)
        }
        instance = self.objects.setdefault((node_id, entry["class_type"]), node())
        result = getattr(instance, node.FUNCTION)(**values)
        assert isinstance(result, dict) or len(result) == len(node.RETURN_TYPES)
        self.executed.append(node_id)
        self.outputs[keys[node_id]] = result
        return result


def to_prompt(nodes: dict[str, type], workflow: dict[str, Any]) -> dict[str, Any]:
    """What the front end sends for a saved workflow: widget values by position, links by their number."""
    links = {link[0]: link for link in workflow["links"]}
    prompt = {}
    for entry in workflow["nodes"]:
        node, values = nodes[entry["type"]], list(entry["widgets_values"])
        inputs: dict[str, Any] = {}
        for category in ("required", "optional"):
            for name, (kind, *rest) in node.INPUT_TYPES().get(category, {}).items():
                if isinstance(kind, list) or kind in WIDGETS:
                    inputs[name] = values.pop(0)
                    if rest and rest[0].get("control_after_generate"):
                        assert values.pop(0) in ("fixed", "increment", "decrement", "randomize")
        assert values == []
        for slot, socket in enumerate(entry["inputs"]):
            if socket["link"] is not None:
                number, origin, output, target, target_slot, kind = links[socket["link"]]
                assert (number, target, target_slot) == (socket["link"], entry["id"], slot)
                source = next(other for other in workflow["nodes"] if other["id"] == origin)
                assert number in source["outputs"][output]["links"]
                assert source["outputs"][output]["type"] == kind
                inputs[socket["name"]] = [str(origin), output]
        prompt[str(entry["id"])] = {"class_type": entry["type"], "inputs": inputs}
    return prompt


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
