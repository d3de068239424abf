"""A module that can be called: where a function and the folder of its parts have the same name, one name is both."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any


class CallableModule(ModuleType):
    """A module that is called like the function of its name."""

    _called: Callable[..., Any]

    def __call__(self, *args: Any, **options: Any) -> Any:
        """What the function returns."""
        return self._called(*args, **options)


def make_callable(name: str, function: Callable[..., Any]) -> CallableModule:
    """Let the module of that name be called like the function; whoever imports either gets what does for both."""
    module = sys.modules[name]
    module.__class__ = CallableModule
    assert isinstance(module, CallableModule)
    module._called = function
    module.__dict__["__signature__"] = inspect.signature(function)
    return module
