"""Metrics read from the store when they are asked for; labels never name an account."""

from collections.abc import Iterator
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session

from store import operations, pages
from store.connections import all_connections
from web.figures import Figures
from web.words import BANDS


class StoreMetrics(Collector):
    """Gauges per connection; a figure that is unknown has no sample."""

    def __init__(self, session: Session, now: datetime) -> None:
        self._session = session
        self._now = now

    def describe(self) -> Iterator[Metric]:
        """Nothing in advance: the store is read once, by collect."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """The gauges, as of now."""
        accounts = _gauge("barometer_accounts", "Accounts by health band", "band")
        value = _gauge("barometer_annual_value", "Annual value by health band", "band", "currency")
        risk = _gauge("barometer_revenue_at_risk", "Annual value at risk", "currency")
        silent = _gauge("barometer_silent_revenue", "Annual value without an answer", "currency")
        queue = _gauge("barometer_outbox_rows", "Changes and tasks that wait to be sent")
        age = _gauge("barometer_outbox_oldest_seconds", "Age of the oldest waiting row; 0 = none")
        refused = _gauge("barometer_refusals_open", "Refused values not settled", "direction")
        alerts = _gauge("barometer_alerts_open", "Open alerts by kind", "kind")
        synced = _gauge("barometer_last_sync_age_seconds", "Since the last successful sync")
        calls = _gauge("barometer_api_calls_day", "API calls the CRM counted today")
        allowance = _gauge("barometer_api_calls_day_limit", "API calls the CRM allows a day")
        for connection in all_connections(self._session):
            name = connection.name
            stored = pages.latest_figures(self._session, connection.id)
            figures = Figures(stored.figures if stored else {})
            currency = (stored.currency if stored else None) or connection.currency or ""
            for band in BANDS:
                part = figures.part("by_band").part(band)
                _add(accounts, part.number("accounts"), name, band)
                _add(value, part.number("annual_value"), name, band, currency)
            _add(risk, figures.number("revenue_at_risk"), name, currency)
            _add(silent, figures.number("silent_revenue"), name, currency)
            waiting = operations.outbox_queue(self._session, connection.id)
            _add(queue, waiting.waiting, name)
            _add(age, self._age(waiting.oldest) or 0, name)
            refusals = operations.count_refusals(self._session, connection.id)
            for direction in ("read", "write"):
                _add(refused, refusals.get(direction, 0), name, direction)
            for kind, number in operations.count_alerts(self._session, connection.id).items():
                _add(alerts, number, name, kind)
            _add(synced, self._age(operations.last_sync(self._session, connection.id)), name)
            _add(calls, connection.day_calls_used, name)
            _add(allowance, connection.day_calls_limit, name)
        yield from (accounts, value, risk, silent, queue, age, refused, alerts, synced)
        yield from (calls, allowance)

    def _age(self, since: datetime | None) -> float | None:
        return None if since is None else (self._now - since).total_seconds()


def _gauge(name: str, meaning: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, labels=["connection", *labels])


def _add(gauge: GaugeMetricFamily, value: float | None, *labels: str) -> None:
    if value is not None:
        gauge.add_metric(labels, value)
