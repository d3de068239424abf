"""The verification report: one HTML file with the prompt, the claims, frames as evidence and what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t2v_recaption.errors import RecaptionError
from t2v_recaption.pages import page, write
from t2v_recaption.pages.charts import Band, Line, Share, Tone, shares, timeline
from t2v_recaption.pages.pictures import Picture, data_uri, strip
from t2v_recaption.pages.text import Mark, marked
from t2v_recaption.verify.model import ClaimStatus

if TYPE_CHECKING:
    from markupsafe import Markup

    from t2v_recaption.verify.model import Verification
    from t2v_recaption.video import Clip

TONES: dict[str, Tone] = {
    ClaimStatus.SUPPORTED.value: "good",
    ClaimStatus.REFUTED.value: "bad",
    ClaimStatus.UNDETERMINED.value: "unsure",
    ClaimStatus.ERROR.value: "bad",
    ClaimStatus.NOT_APPLICABLE.value: "neutral",
}
WORDS = {status: status.replace("_", " ") for status in TONES}

ORDER = ("refuted", "error", "supported", "undetermined", "not_applicable")
"""What is shown first."""

OVERVIEW, EVIDENCE = 8, 6
"""Frames of the strip at the top, and at most for one claim."""


@dataclass(frozen=True)
class Section:
    """One clip of a report, ready to be rendered."""

    title: str
    found: Mapping[str, Any]
    """The verification as plain data."""
    prompt: Markup
    summary: str
    tone: Tone
    bar: Markup
    overview: Markup | None
    claims: tuple[tuple[Mapping[str, Any], str, Tone, Markup | None], ...]
    """Those that somebody spoke of: result, its status in words, its colour, its frames."""
    silent: tuple[Mapping[str, Any], ...]
    """Those that nobody could speak of."""
    timeline: Markup | None
    measured: tuple[tuple[str, str], ...]
    problem: str = ""
    """Why there are no frames."""


def html(found: Iterable[Verification], *, title: str = "Verification") -> str:
    """The report on some clips as one page that needs nothing else. Frames are read from the clips again."""
    sections = [section(one.to_dict()) for one in found]
    return page("verify.html", title=title, sections=sections)


def write_html(found: Iterable[Verification], path: Path, *, title: str = "Verification") -> None:
    """Write the report to a file.

    Raises:
        InvalidInput: the file cannot be written.
    """
    write(html(found, title=title), path)


def section(found: Mapping[str, Any], *, pictures: bool = True) -> Section:
    """What a report shows of one verification, given as plain data (`Verification.to_dict`)."""
    clip, problem = _opened(found) if pictures else (None, "")
    results = found["results"]
    return Section(
        title=Path(str(found["clip"].get("path") or found["clip"].get("id") or "Clip")).name,
        found=found,
        prompt=marked(found["prompt"], _marks(results)),
        summary=_summary(found),
        tone=_tone(found),
        bar=shares(_counts(results), label="Claims"),
        overview=_overview(clip),
        claims=tuple(
            (r, WORDS[r["status"]], TONES[r["status"]], _evidence(clip, r))
            for status in ORDER
            for r in results
            if r["status"] == status and not _is_silent(r)
        ),
        silent=tuple(result for result in results if _is_silent(result)),
        timeline=measured_timeline(found.get("measurements")),
        measured=tuple(measured_facts(found.get("measurements"))),
        problem=problem,
    )


def _opened(found: Mapping[str, Any]) -> tuple[Clip | None, str]:
    from t2v_recaption.video import Clip

    source = found["clip"].get("path")
    if not source or not Path(source).exists():
        return None, "The clip is not at hand, so that no frames are shown."
    return Clip(source), ""


def _is_silent(result: Mapping[str, Any]) -> bool:
    return result["status"] == "undetermined" and not result["verdicts"]


def _marks(results: Sequence[Mapping[str, Any]]) -> list[Mark]:
    return [
        Mark(span[0], span[1], TONES[result["status"]], f"{result['claim']['text']} {WORDS[result['status']]}")
        for result in results
        for span in result["claim"]["spans"]
    ]


def _summary(found: Mapping[str, Any]) -> str:
    results = found["results"]
    supported, refuted = (sum(r["status"] == status for r in results) for status in ("supported", "refuted"))
    if found["score"] is None:
        return f"None of {len(results)} claims could be decided."
    told = [f"{count} {word}" for count, word in ((refuted, "refuted"), (supported, "supported")) if count]
    return f"{supported + refuted} of {len(results)} claims decided: {', '.join(told)}."


def _tone(found: Mapping[str, Any]) -> Tone:
    statuses = {result["status"] for result in found["results"]}
    if statuses & {"refuted", "error"}:
        return "bad"
    return "good" if statuses == {"supported"} else "unsure"


def _counts(results: Sequence[Mapping[str, Any]]) -> list[Share]:
    counts = {status: sum(result["status"] == status for result in results) for status in TONES}
    return [Share(WORDS[status], count, TONES[status]) for status, count in counts.items() if count]


def _overview(clip: Clip | None) -> Markup | None:
    if clip is None:
        return None
    from t2v_recaption.video import Uniform, sample

    try:
        return strip(_picture(frame.time, frame.image) for frame in sample(clip, Uniform(OVERVIEW)))
    except RecaptionError:
        return None


def _evidence(clip: Clip | None, result: Mapping[str, Any]) -> Markup | None:
    """The frames that a claim's verdict rests on, with the places where that is known."""
    evidence = result["evidence"]
    boxes = dict(zip(evidence["times"], evidence["boxes"], strict=False))
    middles = [(start + end) / 2 for start, end in evidence["spans"]]
    times = sorted(dict.fromkeys([*evidence["times"], *middles]))[:EVIDENCE]
    if clip is None or not times:
        return None
    try:
        frames = list(clip.frames(times, longest_side=480))
    except RecaptionError:
        return None
    return strip(
        _picture(frame.time, _boxed(frame.image, boxes.get(time))) for frame, time in zip(frames, times, strict=False)
    )


def _picture(time: float, image: Any) -> Picture:
    return Picture(data_uri(image), f"{time:.2f} s", f"frame at {time:.2f} seconds")


def _boxed(image: Any, box: Sequence[float] | None) -> Any:
    """The picture with a place framed."""
    if box is None:
        return image
    from PIL import ImageDraw

    width, height = image.size
    corners = [box[0] * width, box[1] * height, box[2] * width, box[3] * height]
    ImageDraw.Draw(image).rectangle(corners, outline=(255, 60, 60), width=max(2, width // 160))
    return image


def measured_timeline(measured: Mapping[str, Any] | None) -> Markup | None:
    """The camera's path, with cuts, text and faults of playback marked; None where nothing was measured."""
    if not measured or not measured["shots"] or measured["end"] <= measured["start"]:
        return None
    lines = [line for name, key, tone in PATHS if (line := _path(measured, name, key, tone)) is not None]
    if not lines:
        return None
    return timeline(lines, start=measured["start"], end=measured["end"], bands=_bands(measured), label="Camera")


PATHS: tuple[tuple[str, str, Tone], ...] = (
    ("to the right (picture widths)", "pan", "one"),
    ("up (picture heights)", "tilt", "two"),
    ("in (growth)", "zoom", "good"),
)


def _path(measured: Mapping[str, Any], name: str, key: str, tone: Tone) -> Line | None:
    points: list[tuple[float, float]] = []
    for shot in measured["shots"]:
        points += [(point["time"], point[key] - (key == "zoom")) for point in shot["camera"]["path"]]
        points.append((shot["end"], float("nan")))
    return Line(name, points, tone) if any(value == value for _, value in points) else None


def _bands(measured: Mapping[str, Any]) -> list[Band]:
    cuts = [
        Band(shot["start"], shot["start"], "cut" if n == 1 else "") for n, shot in enumerate(measured["shots"]) if n
    ]
    play = measured["playback"]
    faults = [Band(part["start"], part["end"], f"{name}", "bad") for name in ("frozen", "black") for part in play[name]]
    read = [Band(line["start"], line["end"], f"“{line['text']}”", "two") for line in measured["text"]["lines"][:5]]
    return [*cuts, *faults, *read]


def measured_facts(measured: Mapping[str, Any] | None) -> Iterable[tuple[str, str]]:
    """What was measured, a name and a few words each; nothing that is undetermined."""
    if not measured:
        return
    info = measured["info"]
    yield "picture", f"{info['width']} x {info['height']}, {info['duration']:.2f} s, {len(measured['shots'])} shot(s)"
    for shot in measured["shots"][:8]:
        where = f"camera, {shot['start']:.1f} to {shot['end']:.1f} s" if len(measured["shots"]) > 1 else "camera"
        yield where, _camera(shot["camera"])
    if (light := measured["light"]) and light["level"]["value"]:
        trend = light["trend"]["value"]
        yield "light", f"{light['level']['value']}{f', {trend}' if trend and trend != 'steady' else ''}"
    if colours := measured["colours"]:
        yield "colours", ", ".join(f"{one['name']} {one['share']:.0%}" for one in colours["shares"][:5])
    if measured["text"]["lines"]:
        yield (
            "text",
            "; ".join(f"“{line['text']}” from {line['start']:.1f} s" for line in measured["text"]["lines"][:8]),
        )


def _camera(camera: Mapping[str, Any]) -> str:
    if camera["static"]["value"]:
        return "static"
    moves = [
        f"{move['direction']} {move['amount']:.2f} ({move['start']:.1f} to {move['end']:.1f} s)"
        for move in camera["moves"]
    ]
    words = ", ".join(moves) or ("moves" if camera["static"]["value"] is False else "undetermined")
    return f"{words}, shaky" if camera["shake"]["value"] else words
