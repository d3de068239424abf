"""ComfyUI node pack: Load Backend, Enhance Prompt, Verify Clip. Copy or link this folder into ComfyUI's `custom_nodes`.

ComfyUI loads the folder under a module name made of its path, so everything in here is imported relatively and works
under any folder name; `t2v_recaption` itself must be installed in ComfyUI's Python, or be the checkout that the folder
is a link into.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def _find_package() -> None:
    """Make `t2v_recaption` importable: as installed, else from the checkout that this folder lies in.

    Raises:
        ImportError: it is in neither place.
    """
    if "t2v_recaption" in sys.modules or importlib.util.find_spec("t2v_recaption") is not None:
        return
    package = Path(__file__).resolve().parents[2] / "t2v_recaption"
    if not (package / "__init__.py").is_file():
        raise ImportError(
            "These nodes need the package t2v_recaption in ComfyUI's Python. Install it with: "
            f"{sys.executable} -m pip install PATH_OF_T2V_RECAPTION"
        )
    _load(package)


def _load(package: Path) -> ModuleType:
    """The package from its folder, without putting the checkout's other folders on the import path."""
    spec = importlib.util.spec_from_file_location("t2v_recaption", package / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["t2v_recaption"] = module
    spec.loader.exec_module(module)
    return module


_find_package()

from .nodes import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS  # noqa: E402 -- see above

__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS"]
