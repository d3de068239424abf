"""Checks of HTML pages: structure with the standard parser, and pictures in a real browser where there is one."""

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

VOID = {"meta", "link", "img", "br", "hr", "input", "col", "source", "wbr"}
SHAPES = {"line", "circle", "rect", "path", "polyline", "use"}
"""Elements of SVG that may close themselves."""
ADDRESSES = {"src", "href", "action", "poster", "srcset", "data", "background", "xlink:href", "formaction"}


class Page(HTMLParser):
    """A page taken apart: tags balanced, every attribute seen, text by element."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.problems: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.inside: dict[str, list[str]] = {}
        self.ids: list[str] = []
        self.feed(html)
        self.close()
        self.problems += [f"<{tag}> is never closed" for tag in self.open]
        self.problems += [f"id {name!r} is there twice" for name in set(self.ids) if self.ids.count(name) > 1]

    def handle_starttag(self, tag, attrs) -> None:
        self._seen(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs) -> None:
        self._seen(tag, attrs)
        if tag not in VOID | SHAPES:
            self.problems.append(f"<{tag}/> does not close in HTML")

    def handle_endtag(self, tag) -> None:
        if not self.open or self.open[-1] != tag:
            self.problems.append(f"</{tag}> closes {self.open[-1:]}")
        else:
            self.open.pop()

    def handle_data(self, data) -> None:
        if self.open:
            self.inside.setdefault(self.open[-1], []).append(data)
        if not self.open or self.open[-1] not in ("style", "script"):
            self.text.append(data)

    def _seen(self, tag, attrs) -> None:
        values = {name: value or "" for name, value in attrs}
        self.tags.append((tag, values))
        if "id" in values:
            self.ids.append(values["id"])
        for name, value in values.items():
            if name.startswith("on") or name == "style":
                self.problems.append(f"<{tag}> has the attribute {name}")
            if name in ADDRESSES and not re.match(r"(data:|#|blob:|$)", value):
                self.problems.append(f"<{tag}> points to {value!r}")


def checked(html: str) -> Page:
    """The page, after making sure that it is whole, safe and needs nothing from elsewhere."""
    page = Page(html)
    assert page.problems == []
    assert html.startswith("<!doctype html>")
    style = "".join(page.inside["style"])
    assert "url(" not in style
    assert "@import" not in style
    assert sum(tag == "script" for tag, _ in page.tags) <= 1
    (policy,) = [at["content"] for tag, at in page.tags if at.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    return page


def chromium() -> str:
    """A Chromium on this machine; tests that want one skip where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        if found := shutil.which(name):
            return found
    pytest.skip("there is no Chromium on this machine")


def browse(page: Path | str, *arguments: str, profile: Path) -> str:
    """Open a page without a window and return what the browser prints."""
    url = page.resolve().as_uri() if isinstance(page, Path) else page
    command = [
        chromium(),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        f"--user-data-dir={profile}",
        "--virtual-time-budget=3000",
        *arguments,
        url,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def screenshot(page: Path | str, to: Path, *, width: int, height: int, profile: Path, dark: bool = False) -> Path:
    """A picture of the page at that size of the window."""
    extra = ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] if dark else []
    browse(page, f"--screenshot={to}", f"--window-size={width},{height}", *extra, profile=profile)
    return to
