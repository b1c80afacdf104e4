"""The portfolio: totals, silent revenue, bands, quadrants and the coverage table."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, NamedTuple

from flask import Blueprint, Response, abort, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from store import pages
from store.connections import all_connections
from store.models import Connection
from store.results import newest_model_hash
from web import wiring, words
from web.bands import band_ranges, model_edges
from web.charts import Dot
from web.download import csv_response
from web.figures import Figures, gap_in_words, loss_is_assumed
from web.formats import money, signed
from web.pager import Pager, chosen_connection

bp = Blueprint("portfolio", __name__)

COLUMNS = (
    ("name", "Account"),
    ("value", "Annual value"),
    ("health", "Health"),
    ("required", "Required"),
    ("known", "Known"),
    ("engaged", "Engaged"),
    ("respondents", "Answered"),
    ("nps", "NPS"),
    ("gap", "Gap"),
)


class Order(NamedTuple):
    sort: str
    descending: bool


@bp.get("/")
def show() -> Response | str:
    with wiring().sessions() as session:
        connections = all_connections(session)
        connection = chosen_connection(connections)
        if connection is None:
            return render_template("welcome.html")
        table = _table(session, connection)
        if request.headers.get("HX-Request") and not request.headers.get(
            "HX-History-Restore-Request"
        ):
            page = render_template("portfolio_table.html", connection=connection, **table)
        else:
            page = render_template(
                "portfolio.html",
                connections=connections,
                connection=connection,
                **_overview(session, connection),
                **table,
            )
        response = make_response(page)
        response.vary.add("HX-Request")
        return response


@bp.get("/accounts.csv")
def export() -> Response:
    """The coverage table of the chosen accounts, all of its rows."""
    with wiring().sessions() as session:
        connection = chosen_connection(all_connections(session)) or abort(404)
    return csv_response(
        f"barometer-{connection.name}-accounts",
        _header(connection.currency or "corporate currency"),
        _rows(connection),
    )


def _header(currency: str) -> list[str]:
    return [
        "Account id",
        "Account",
        "Segment",
        "Owner",
        f"Annual value [{currency} per year]",
        "Health score [0-100]",
        "Band",
        "Required contacts",
        "Known",
        "Engaged",
        "Respondents",
        "NPS [-100..100]",
        "Gap",
        "Quadrant",
        f"Revenue at risk [{currency} per year]",
        f"Expected loss [{currency} per year]",
        "Page",
    ]


def _rows(connection: Connection) -> Iterator[list[Any]]:
    root = (wiring().base_url or request.host_url).rstrip("/")
    order = _order()
    with wiring().sessions() as session:
        for row in pages.list_accounts(
            session,
            connection.id,
            _selection(),
            sort=order.sort,
            descending=order.descending,
        ):
            figures = Figures(row.result or {})
            yield [
                row.account_id,
                row.name,
                row.segment,
                row.owner,
                row.value,
                row.health,
                words.BANDS[row.band].word if row.band in words.BANDS else row.band,
                *(
                    figures.whole(name)
                    for name in ("required_contacts", "known", "engaged", "respondents")
                ),
                figures.number("nps"),
                "; ".join(gap_in_words(figures, words.LEVELS)),
                figures.text("quadrant"),
                figures.number("revenue_at_risk"),
                figures.number("expected_loss"),
                root
                + url_for("account.show", connection=connection.name, account_id=row.account_id),
            ]


def _selection() -> pages.Selection:
    given = request.args
    return pages.Selection(
        segment=given.get("segment", ""),
        owner=given.get("owner", ""),
        band=given.get("band", ""),
        quadrant=given.get("quadrant", ""),
        search=given.get("search", "").strip(),
        silent=given.get("silent") == "1",
    )


def _order() -> Order:
    sort = request.args.get("sort", "value")
    if sort not in pages.SORTS:
        abort(400, f"Sort by one of {', '.join(pages.SORTS)}.")
    direction = request.args.get("order", "asc" if sort == "name" else "desc")
    return Order(sort, direction != "asc")


def _table(session: Session, connection: Connection) -> dict[str, Any]:
    chosen, order = _selection(), _order()
    total, value = pages.count_accounts(session, connection.id, chosen)
    pager = Pager.of_request(total)
    rows = list(
        pages.list_accounts(
            session,
            connection.id,
            chosen,
            sort=order.sort,
            descending=order.descending,
            offset=pager.offset,
            limit=pager.size,
        )
    )
    return {
        "chosen": chosen,
        "order": order,
        "columns": COLUMNS,
        "matching": total,
        "matching_value": value,
        "pager": pager,
        "rows": [(row, Figures(row.result or {})) for row in rows],
        "segments": pages.list_segments(session, connection.id),
        "owners": pages.list_owners(session, connection.id),
        "gap_in_words": gap_in_words,
        "filtered": chosen != pages.Selection(),
        "csv_arguments": {**asdict(chosen), "silent": int(chosen.silent) or None}
        | {"connection": connection.name, "sort": order.sort}
        | {"order": "desc" if order.descending else "asc"},
    }


def _overview(session: Session, connection: Connection) -> dict[str, Any]:
    stored = pages.latest_figures(session, connection.id)
    figures = Figures(stored.figures if stored else {})
    currency = (stored.currency if stored else None) or connection.currency
    silent, _ = pages.count_accounts(session, connection.id, pages.Selection(silent=True))
    points = pages.chart_points(session, connection.id, pages.Selection())
    return {
        "ranges": band_ranges(model_edges(session, newest_model_hash(session, connection.id))),
        "figures": figures,
        "as_of": pages.last_confirmed(session, connection.id) if stored else None,
        "currency": currency,
        "silent_accounts": silent,
        "dots": [_dot(point, connection, currency) for point in points],
        "points": points,
        "threshold": figures.number("quadrant_threshold"),
        "loss_is_assumed": loss_is_assumed(figures),
    }


def _dot(point: pages.Point, connection: Connection, currency: str | None) -> Dot:
    where = f"NPS {signed(point.nps)}, {money(point.value, currency)}"
    if not point.account_id:
        title = f"{words.count(point.accounts, 'account')} near {where}"
        return Dot(point.nps, point.value, "", title, None, point.accounts)
    band = words.BANDS[point.band].word if point.band in words.BANDS else "Unknown"
    address = url_for("account.show", connection=connection.name, account_id=point.account_id)
    return Dot(point.nps, point.value, point.band, f"{point.name}: {where}, {band}", address)
