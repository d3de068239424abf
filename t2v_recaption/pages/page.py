"""The one place that renders HTML: every variable is escaped, and the browser is told to load nothing."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from t2v_recaption import __version__
from t2v_recaption.errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path

    from jinja2 import Environment

FOLDER = files("t2v_recaption.pages") / "templates"


def page(template: str, /, *, title: str, script: str = "", same_site: bool = False, **variables: Any) -> str:
    """A whole HTML page from a template of `pages/templates/` that extends `base.html`.

    Args:
        template: its file name.
        title: of the page; escaped like every variable. HTML goes in as `markupsafe.Markup` only.
        script: JavaScript that is ours, put at the end; it must not hold text of users or models (give it as JSON in a
            `data-` attribute instead).
        same_site: let the page load clips from, and talk to, the server that it came from.
        variables: what the template needs.
    """
    from markupsafe import Markup

    style = source("style.css")
    if "</" in script:
        raise ValueError("a script must not hold '</'")
    return (
        _environment()
        .get_template(template)
        .render(
            title=title,
            style=Markup(style),
            script=Markup(script),
            policy=policy(style, script, same_site=same_site),
            version=__version__,
            **variables,
        )
    )


def write(text: str, path: Path) -> None:
    """Write a page to a file.

    Raises:
        InvalidInput: the file cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"The report {path} cannot be written: {error.strerror}.") from error


def policy(style: str, script: str = "", *, same_site: bool = False) -> str:
    """The content security policy: only this very style and script run, and only pictures in the page are shown."""
    rules = ["default-src 'none'", f"style-src '{_digest(style)}'", "base-uri 'none'", "form-action 'none'"]
    rules.append(f"img-src data:{' blob:' * bool(script)}{' ' + repr('self') if same_site else ''}")
    rules.append(f"media-src data:{' ' + repr('self') if same_site else ''}")
    if script:
        rules.append(f"script-src '{_digest(script)}'")
    if same_site:
        rules.append("connect-src 'self'")
    return "; ".join(rules)


@lru_cache(maxsize=16)
def source(name: str) -> str:
    """The text of a file in `pages/templates/`."""
    return (FOLDER / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("t2v_recaption.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
