"""Charts drawn on the server as SVG: no script, prints, every mark has a shape and a title.

Colours and line styles are classes of app.css, because the pages allow no inline style.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from web.words import BANDS

SHAPES = {
    "healthy": Markup('<circle r="5.5" class="mark-healthy"/>'),
    "watch": Markup('<path d="M0-6.5 6.5 5h-13z" class="mark-watch"/>'),
    "risk": Markup('<path d="M-5-5h10v10h-10z" class="mark-risk"/>'),
    "unknown": Markup('<circle r="5" class="mark-unknown"/>'),
}


def band_mark(band: str) -> Markup:
    """The shape of a band, beside which its word stands."""
    css = BANDS[band].css if band in BANDS else "unknown"
    return Markup(
        '<svg class="shape" viewBox="-8 -8 16 16" width="16" height="16" aria-hidden="true"'
        ' focusable="false">{}</svg>'
    ).format(SHAPES[css])


@dataclass(frozen=True)
class Dot:
    """One place of the scatter chart: an account with its page, or a bin without one."""

    nps: float
    value: float
    band: str
    title: str
    address: str | None
    accounts: int = 1


def scatter(
    dots: Sequence[Dot], *, width: int, name: str, threshold: float | None, unit: str
) -> Markup:
    """NPS (across) against annual value (upwards, logarithmic).

    An account is the shape of its band; a bin is a circle whose area says how many are in it.

    width      drawing units; 640 for wide pages, 300 for narrow ones
    name       makes element ids unique on the page
    threshold  annual value that parts high from low, drawn as a line where known
    """
    height = round(width * (0.62 if width > 400 else 1.05))
    left, right, top, bottom = (52, 22, 34, 44)
    values = [dot.value for dot in dots] + ([threshold] if threshold else [])
    low = math.floor(math.log10(min(values)))
    high = max(math.ceil(math.log10(max(values))), low + 1)

    def x(nps: float) -> float:
        return round(left + (nps + 100) / 200 * (width - left - right), 1)

    def y(value: float) -> float:
        share = (math.log10(value) - low) / (high - low)
        return round(height - bottom - share * (height - top - bottom), 1)

    parts = [_frame(left, top, width - right, height - bottom)]
    for nps in (-100, -50, 0, 50, 100):
        parts.append(_line(x(nps), top, x(nps), height - bottom, "axis" if nps == 0 else "grid"))
        parts.append(_text(x(nps), height - bottom + 16, _signed(nps), "middle"))
    for power in range(low, high + 1):
        parts.append(_line(left, y(10**power), width - right, y(10**power), "grid"))
        parts.append(_text(left - 6, y(10**power) + 4, _short(10**power), "end"))
    parts.append(_text((left + width - right) / 2, height - 8, "NPS", "middle", "label"))
    parts.append(_text(4, 13, f"Annual value{unit}", "start", "label"))
    if threshold:
        parts.append(_line(left, y(threshold), width - right, y(threshold), "threshold"))
    corners = (
        ("Threat", left + 6, top + 15, "start"),
        ("Strength", width - right - 6, top + 15, "end"),
        ("Weakness", left + 6, height - bottom - 7, "start"),
        ("Opportunity", width - right - 6, height - bottom - 7, "end"),
    )
    parts += [_text(across, down, word, side, "corner") for word, across, down, side in corners]
    most = max(dot.accounts for dot in dots)
    parts += [_dot(dot, x(dot.nps), y(dot.value), most) for dot in dots]
    return _picture(
        width,
        height,
        name,
        "Accounts by NPS and annual value",
        f"{sum(dot.accounts for dot in dots)} accounts. The table below holds the same figures.",
        parts,
    )


def _dot(dot: Dot, across: float, down: float, most: int) -> Markup:
    if dot.address is None:
        return Markup(
            '<circle cx="{}" cy="{}" r="{}" class="bin"><title>{}</title></circle>'
        ).format(across, down, round(2 + 8 * math.sqrt(dot.accounts / most), 1), dot.title)
    css = BANDS[dot.band].css if dot.band in BANDS else "unknown"
    return Markup(
        '<a href="{}" tabindex="-1"><g transform="translate({} {})"><title>{}</title>{}</g></a>'
    ).format(dot.address, across, down, dot.title, SHAPES[css])


def history(
    scores: Sequence[tuple[datetime, float | None, str]],
    *,
    width: int,
    name: str,
    edges: tuple[float, float],
    marks: Sequence[datetime] = (),
) -> Markup:
    """The score (0-100) from each assessment to the next, with the bands as zones.

    scores  (valid from, score, band), oldest first; where the score is unknown the line breaks
    edges   score from which an account is in watch, and from which it is healthy
    marks   when another scoring model came into use; those outside the line are left out
    """
    height = 240
    left, right, top, bottom = (34, 74, 12, 34)
    first, last = scores[0][0], scores[-1][0]
    length = max((last - first).total_seconds(), 1.0)

    def x(when: datetime) -> float:
        return round(left + (when - first).total_seconds() / length * (width - left - right), 1)

    def y(score: float) -> float:
        return round(top + (100 - score) / 100 * (height - top - bottom), 1)

    parts = []
    for css, low, high, word in (
        ("healthy", edges[1], 100, "Healthy"),
        ("watch", edges[0], edges[1], "Watch"),
        ("risk", 0, edges[0], "At risk"),
    ):
        parts.append(
            Markup('<rect x="{}" y="{}" width="{}" height="{}" class="zone-{}"/>').format(
                left, y(high), width - left - right, round(y(low) - y(high), 1), css
            )
        )
        parts.append(_text(width - right + 8, y((low + high) / 2) + 4, word, "start", f"w-{css}"))
    for edge in (0, *edges, 100):
        parts.append(_line(left, y(edge), width - right, y(edge), "grid"))
        parts.append(_text(left - 6, y(edge) + 4, f"{edge:g}", "end"))
    parts.append(_text(left, height - 12, _day(first), "start"))
    parts.append(_text(width - right, height - 12, _day(last), "end"))
    parts += [_model_mark(x(at), top, height - bottom, at) for at in marks if first <= at <= last]
    line = [(x(when), None if score is None else y(score)) for when, score, _ in scores]
    parts.append(Markup('<path d="{}" class="series"/>').format(_steps(line)))
    for when, score, band in scores:
        if score is not None:
            css = BANDS[band].css if band in BANDS else "unknown"
            parts.append(
                Markup('<g transform="translate({} {})"><title>{}</title>{}</g>').format(
                    x(when), y(score), f"{_day(when)}: {score:.0f}", SHAPES[css]
                )
            )
    return _picture(
        width, height, name, "Health score over time", "The table holds the same.", parts
    )


def nps_trend(
    points: Sequence[tuple[str, float | None, Sequence[float] | None]], *, width: int, name: str
) -> Markup:
    """NPS of period after period, each with its interval as a bar; gaps where nobody answered.

    points  (period, NPS -100..100, (low, high)), oldest first
    """
    height = 220
    left, right, top, bottom = (44, 12, 12, 34)
    step = (width - left - right) / len(points)

    def x(place: int) -> float:
        return round(left + (place + 0.5) * step, 1)

    def y(nps: float) -> float:
        return round(top + (100 - nps) / 200 * (height - top - bottom), 1)

    parts = [_frame(left, top, width - right, height - bottom)]
    for nps in (-100, -50, 0, 50, 100):
        parts.append(_line(left, y(nps), width - right, y(nps), "axis" if nps == 0 else "grid"))
        parts.append(_text(left - 6, y(nps) + 4, _signed(nps), "end"))
    for place, (period, score, interval) in enumerate(points):
        if place % (1 if width > 400 else 3) == 0:
            parts.append(_text(x(place), height - 12, period, "middle"))
        if score is None or interval is None:
            continue
        low, high = interval
        title = f"{period}: NPS {score:+.0f}, {low:+.0f} to {high:+.0f}".replace("-", "\u2212")
        parts.append(_line(x(place), y(low), x(place), y(high), "series"))
        parts.append(
            Markup('<g transform="translate({} {})"><title>{}</title>{}</g>').format(
                x(place), y(score), title, SHAPES["healthy" if score >= 0 else "risk"]
            )
        )
    return _picture(width, height, name, "NPS by quarter", "The table holds the same.", parts)


def _model_mark(across: float, top: float, bottom: float, when: datetime) -> Markup:
    """A line across the chart with the letter M at its foot; the title says what it means."""
    return Markup("<g><title>Scoring model changed, {}</title>{}{}</g>").format(
        _day(when),
        _line(across, top, across, bottom, "threshold"),
        _text(across, bottom + 12, "M", "middle", "label"),
    )


def _steps(scores: Sequence[tuple[float, float | None]]) -> str:
    """A path that keeps each height until the next; broken where there is none."""
    path, drawing = [], False
    for across, down in scores:
        if drawing:
            path.append(f"H{across}")
        if down is not None:
            path.append(f"V{down}" if drawing else f"M{across} {down}")
        drawing = down is not None
    return "".join(path)


def bar(share: float) -> Markup:
    """A bar filled to `share` (0..1) of its length; the number stands beside it."""
    filled = round(max(0.0, min(1.0, share)) * 100, 1)
    return Markup(
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"'
        ' focusable="false"><rect width="100" height="8" class="bar-rest"/>'
        '<rect width="{}" height="8" class="bar-part"/></svg>'
    ).format(filled)


def gauge(
    score: float | None,
    low: float | None,
    high: float | None,
    band: str,
    edges: tuple[float, float],
) -> Markup:
    """The score on the scale 0-100 with its interval; decoration, the numbers stand beside it.

    edges  score from which an account is in watch, and from which it is healthy
    """
    css = BANDS[band].css if band in BANDS else "unknown"
    parts = [
        Markup('<rect x="{}" y="9" width="{}" height="6" class="zone-{}"/>').format(at, wide, zone)
        for at, wide, zone in (
            (0, edges[0] * 2, "risk"),
            (edges[0] * 2, (edges[1] - edges[0]) * 2, "watch"),
            (edges[1] * 2, (100 - edges[1]) * 2, "healthy"),
        )
    ]
    if low is not None and high is not None:
        parts.append(
            Markup('<rect x="{}" y="10.5" width="{}" height="3" class="interval"/>').format(
                round(low * 2, 1), round((high - low) * 2, 1)
            )
        )
    if score is not None:
        parts.append(
            Markup('<g transform="translate({} 12)">{}</g>').format(
                round(score * 2, 1), SHAPES[css]
            )
        )
    return Markup(
        '<svg class="gauge" viewBox="-8 0 216 24" aria-hidden="true" focusable="false">{}</svg>'
    ).format(Markup("").join(parts))


def _picture(
    width: int, height: int, name: str, title: str, description: str, parts: Sequence[Markup]
) -> Markup:
    return Markup(
        '<svg class="chart" viewBox="0 0 {w} {h}" role="group" aria-labelledby="{n}-t {n}-d">'
        '<title id="{n}-t">{t}</title><desc id="{n}-d">{d}</desc>{p}</svg>'
    ).format(w=width, h=height, n=name, t=title, d=description, p=Markup("").join(parts))


def _frame(x1: float, y1: float, x2: float, y2: float) -> Markup:
    return Markup('<rect x="{}" y="{}" width="{}" height="{}" class="plot"/>').format(
        x1, y1, x2 - x1, y2 - y1
    )


def _line(x1: float, y1: float, x2: float, y2: float, css: str) -> Markup:
    return Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" class="{}"/>').format(x1, y1, x2, y2, css)


def _text(x: float, y: float, words: str, anchor: str, css: str = "tick") -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}" class="{}">{}</text>').format(
        round(x, 1), round(y, 1), anchor, css, words
    )


def _day(when: datetime) -> str:
    return f"{when.day} {when:%b %Y}"


def _signed(number: int) -> str:
    return f"{number:+d}".replace("-", "\u2212") if number else "0"


def _short(amount: float) -> str:
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "K")):
        if amount >= size:
            return f"{amount / size:g}{letter}"
    return f"{amount:g}"
