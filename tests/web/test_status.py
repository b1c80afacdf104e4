"""The answers for machines: alive, ready, metrics."""

from datetime import UTC, datetime, timedelta

from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.orm import Session, sessionmaker

from settings import Settings
from store import models
from tests.web import people, sample
from web import create_app

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(client: FlaskClient) -> Samples:
    """Every sample by name and sorted labels."""
    answer = client.get("/metrics")
    assert answer.content_type.startswith("text/plain")
    return {
        (one.name, tuple(sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(answer.text)
        for one in family.samples
    }


def test_ready_when_the_database_is_at_head(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.get_json()["ready"] is True
    assert answer.get_json()["parts"]["clock"]["state"] == "unknown"


def test_not_ready_behind_head(sessions: sessionmaker[Session]) -> None:
    app = create_app(sessions, people.VAULT, Settings(), schema_head="0002")
    answer = app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert "barometer db upgrade" in answer.get_json()["parts"]["migrations"]["detail"]


def test_clock_must_stay_alive_once_it_ran(
    client: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    now = datetime.now(UTC)
    with sessions.begin() as session:
        session.add(
            models.Lock(name="heartbeat:clock", owner="a", expires_at=now + timedelta(minutes=1))
        )
    assert client.get("/readyz").status_code == 200
    with sessions.begin() as session:
        session.get_one(models.Lock, "heartbeat:clock").expires_at = now - timedelta(minutes=1)
    assert client.get("/readyz").status_code == 503
    assert "no sign of life since" in client.get("/status").text


def test_metrics_of_the_sample(filled: FlaskClient) -> None:
    found = samples(filled)
    acme = ("connection", "acme")
    assert found["barometer_accounts", (("band", "at_risk"), acme)] == 2
    assert found["barometer_revenue_at_risk", (acme, ("currency", "EUR"))] == 5_349_779
    assert found["barometer_outbox_rows", (acme,)] == 1
    assert found["barometer_outbox_oldest_seconds", (acme,)] >= 120
    assert found["barometer_refusals_open", (acme, ("direction", "write"))] == 2
    assert found["barometer_api_calls_day", (acme,)] == 1940
    assert found["barometer_last_sync_age_seconds", (acme,)] >= 3000
    assert ("barometer_last_sync_age_seconds", (("connection", "hub"),)) not in found


def test_metrics_never_name_an_account(filled: FlaskClient) -> None:
    labels = {name for _, pairs in samples(filled) for name, _ in pairs}
    assert labels <= {"connection", "band", "currency", "direction", "kind"}
    assert "001EXPRESS" not in filled.get("/metrics").text


def test_an_unknown_figure_has_no_sample(
    client: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    sample.empty_connection(sessions)
    names = {name for name, _ in samples(client)}
    assert "barometer_outbox_rows" in names
    assert "barometer_revenue_at_risk" not in names
    assert "barometer_api_calls_day" not in names


def test_status_pauses_its_updates(filled: FlaskClient) -> None:
    assert 'hx-trigger="every 15s"' in filled.get("/status").text
    assert "hx-trigger" not in filled.get("/status?live=0").text
    assert "1 part needs attention" in filled.get("/status").text
