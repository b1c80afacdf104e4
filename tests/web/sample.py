"""A small stored portfolio: the book's accounts in one Salesforce and one HubSpot connection."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from insights.assess import assess_accounts, place
from insights.frames import Frames
from insights.model import Model
from insights.report import account_reports
from insights.snapshot import inputs_of
from store import models
from store.frames import load_frames
from tests.web import crm_fields
from tests.web.build import NOW, account, assessment, connection, figures, open_store, pulled


def make_file(file: Path, *, filled: bool) -> Path:
    """A closed database file, empty or with the whole sample, for tests to copy."""
    sessions = open_store(file)
    if filled:
        fill(sessions)
    with sessions() as session:
        engine = session.get_bind()
    assert isinstance(engine, Engine)
    engine.dispose()
    return file


def empty_connection(sessions: sessionmaker[Session]) -> None:
    """A connection that nothing has been read from."""
    with sessions.begin() as session:
        connection(session, "fresh", state="new", day_calls_used=None, day_calls_limit=None)


def fill(sessions: sessionmaker[Session]) -> None:
    """The whole sample; every page has something to show."""
    with sessions.begin() as session:
        acme = connection(session)
        session.add_all(
            models.CrmUser(**pulled(acme.id, "User", user_id=user_id, name=name))
            for user_id, name in (("005B", "Ben Okafor"), ("005A", "Amy Lindqvist"))
        )
        _express(session, acme.id)
        _loops(session, acme.id)
        _others(session, acme.id)
        _portfolio(session, acme.id)
        _runs(session, acme.id)
        crm_fields.describe(session, acme.id)
        hub = connection(
            session,
            "hub",
            vendor="hubspot",
            organisation_id="4711",
            organisation_name="Acme portal",
            instance_url="https://app.hubspot.example",
            state="failed",
            problem="The token was refused: make a new one and connect again.",
        )
        harbour = account(session, hub.id, "9001", "Harbour Freight & Sons", owner_id=None)
        assessment(session, harbour, figures(9, 0, 0, "unknown", None))


def _express(session: Session, connection_id: int) -> None:
    """Express Logistics of the book: 11 required, 8 known, 2 answers."""
    express = account(
        session,
        connection_id,
        "001EXPRESS",
        "Express Logistics",
        annual_value=Decimal("5340779"),
        parent_id="001GALAXY",
        renewal_date=NOW.date() + timedelta(days=130),
        remote={"AX_Health_Score__c": 58, "AX_Health_Band__c": "Watch", "AX_NPS__c": -50},
    )
    of: dict[str, Any] = {"connection_id": connection_id, "source": "Contact"}
    people = [
        ("003VP", "Jane Doe", "VP Operations", "decision_maker", True),
        ("003IT", "Omar Haddad", "IT manager", "influencer", True),
        ("003CLERK", "Lin Wei", "Dispatcher", "user", True),
        ("003GONE", "Sam Hill", "Director", "decision_maker", False),
    ]
    session.add_all(
        models.Contact(
            **pulled(
                of["connection_id"],
                of["source"],
                contact_id=contact_id,
                account_id=express.account_id,
                name=name,
                title=title,
                level=level,
                is_active=active,
                email=f"{contact_id.lower()}@express.example",
                left_at=None if active else NOW.date() - timedelta(days=52),
            )
        )
        for contact_id, name, title, level, active in people
    )
    session.add_all(
        models.Response(
            **pulled(
                connection_id,
                "AX_Response__c",
                response_id=response_id,
                account_id=express.account_id,
                contact_id=contact_id,
                survey_type="relationship",
                metric="nps",
                score=score,
                scale_min=0,
                scale_max=10,
                comment=comment,
                drivers=drivers,
                answered_at=NOW - timedelta(days=days),
                campaign="Autumn 2026",
                matched_by="email",
            )
        )
        for response_id, contact_id, score, comment, drivers, days in (
            ("R1", "003VP", 3.0, "Slow answers <b>every</b> time.", "Support>Speed", 20),
            ("R2", "003IT", 8.0, None, "Product", 40),
        )
    )
    session.add_all(
        models.Opportunity(
            **pulled(
                connection_id,
                "Opportunity",
                opportunity_id=opportunity_id,
                account_id=express.account_id,
                name=name,
                type=type_,
                stage=stage,
                amount=Decimal("5340779"),
                amount_corporate=Decimal("5340779"),
                currency="EUR",
                probability=probability,
                is_closed=closed,
                is_won=won,
                close_date=close_date,
            )
        )
        for opportunity_id, name, type_, stage, probability, closed, won, close_date in (
            (
                "006RENEW",
                "Renewal 2027",
                "renewal",
                "Negotiation",
                0.6,
                False,
                False,
                NOW.date() + timedelta(days=130),
            ),
            (
                "006LAST",
                "Renewal 2026",
                "renewal",
                "Closed Won",
                1.0,
                True,
                True,
                NOW.date() - timedelta(days=235),
            ),
        )
    )
    session.add_all(
        models.Case(
            **pulled(
                connection_id,
                "Case",
                case_id=case_id,
                account_id=express.account_id,
                contact_id="003IT",
                priority=priority,
                opened_at=NOW - timedelta(days=days, hours=3),
                closed_at=None,
                escalated=escalated,
            )
        )
        for case_id, priority, days, escalated in (
            ("500A", "high", 30, True),
            ("500B", "normal", 3, False),
        )
    )
    session.add_all(
        models.Activity(
            **pulled(
                connection_id,
                "Event",
                activity_id=activity_id,
                account_id=express.account_id,
                contact_id="003IT",
                kind="meeting",
                direction="two_way",
                occurred_at=NOW - timedelta(days=days),
            )
        )
        for activity_id, days in (("00U1", 9), ("00U2", 70))
    )
    for days, health, band in (
        (200, 72.0, "healthy"),
        (120, 66.0, "watch"),
        (40, None, "unknown"),
        (30, 46.0, "watch"),
    ):
        at = NOW - timedelta(days=days)
        assessment(session, express, {"health": health, "band": band}, at=at, current=False)
    now = compute_express(session, express)
    session.add_all(
        models.WrittenField(
            connection_id=connection_id,
            record_id=express.account_id,
            field=field,
            value=value,
            sent_at=NOW - timedelta(hours=1),
            assessment_id=now.id,
        )
        for field, value in (
            ("AX_Health_Score__c", 38),
            ("AX_Health_Band__c", "Watch"),
            ("AX_NPS__c", "-50.0"),
        )
    )
    session.add(
        models.OutboxRow(
            connection_id=connection_id,
            action="update",
            kind="Account",
            record_id=express.account_id,
            fields={"AX_Quadrant__c": "threat"},
            before={},
            state="refused",
            tries=2,
            code="INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            reason='"threat" is not a value of AX_Quadrant__c',
            queued_at=NOW - timedelta(hours=1),
            settled_at=NOW - timedelta(minutes=50),
        )
    )
    session.add(
        models.OutboxRow(
            connection_id=connection_id,
            action="update",
            kind="Account",
            record_id=express.account_id,
            fields={"AX_Health_Band__c": "At risk"},
            before={},
            state="queued",
            queued_at=NOW - timedelta(minutes=2),
        )
    )
    alert = models.Alert(
        connection_id=connection_id,
        account_id=express.account_id,
        kind="respondents_missing",
        episode=1,
        message="11 people should answer, 2 did in the last 365 days.",
        details={},
        opened_at=NOW - timedelta(days=12),
    )
    past = models.Alert(
        connection_id=connection_id,
        account_id=express.account_id,
        kind="silent_account",
        episode=1,
        message="No sign of life for 150 days.",
        details={},
        opened_at=NOW - timedelta(days=80),
        closed_at=NOW - timedelta(days=41),
    )
    session.add_all((alert, past))
    session.flush()
    session.add(
        models.CrmTask(
            connection_id=connection_id,
            alert_id=alert.id,
            account_id=express.account_id,
            key="ax:respondents_missing:001EXPRESS:1",
            task_id="00T1",
            state="open",
        )
    )


def _loops(session: Session, connection_id: int) -> None:
    """One loop of Express Logistics that is late, one that got no task, one that is done."""
    for kind, response_id, state, days, why in (
        ("detractor", "R1", "open", -2, None),
        ("passive", "R2", "in_progress", 3, "Ben Okafor has got 25 tasks this week"),
        ("csat", "R0", "solved", 1, None),
    ):
        loop = models.Loop(
            connection_id=connection_id,
            key=f"{kind}:{response_id.lower()}",
            kind=kind,
            account_id="001EXPRESS",
            contact_id="003VP",
            response_id=response_id,
            state=state,
            priority=None if kind == "passive" else 11_215_635.9,
            severity=0.7,
            influence=3,
            owner_id="005B",
            rule_owner_id="005B",
            due_on=NOW.date() + timedelta(days=days),
            opened_at=NOW - timedelta(days=6),
            closed_at=NOW - timedelta(days=2) if state == "solved" else None,
            suppressed=why,
        )
        session.add(loop)
        session.flush()
        session.add(
            models.LoopEvent(
                connection_id=connection_id,
                loop_id=loop.id,
                at=NOW - timedelta(days=6),
                actor="Barometer",
                action="opened",
                after="open",
                note=f"{kind} 3",
            )
        )
        if why is None:
            session.add(
                models.CrmTask(
                    connection_id=connection_id,
                    loop_id=loop.id,
                    account_id="001EXPRESS",
                    key=f"ax:loop:{loop.key}",
                    task_id=f"00T{response_id}",
                    state="completed" if state == "solved" else "open",
                    owner_id="005B",
                    due_on=loop.due_on,
                    queued_at=NOW - timedelta(days=6),
                )
            )


def compute_express(session: Session, express: models.Account) -> models.Assessment:
    """Assess the account from its stored rows, as the jobs do."""
    loaded = load_frames(session, express.connection_id, only_dirty=False)
    frames, model = Frames(**loaded), Model()
    assessed = assess_accounts(frames, model, as_of=NOW)
    placed = place(assessed.accounts, assessed.owned, model)
    reports = {r["account_id"]: r for r in account_reports(assessed, placed, model)}
    inputs = inputs_of(frames, [express.account_id])
    session.add(
        models.ModelVersion(
            hash=model.hash(),
            content=model.to_dict(),
            author="test",
            reason="defaults",
            published_at=NOW,
        )
    )
    report = {**reports[express.account_id], "trend": "down", "trend_points": -8.0}
    return assessment(session, express, report, inputs=inputs[express.account_id])


def band_of(health: float | None) -> str:
    """The band of a score, printed as in the method."""
    if health is None:
        return "unknown"
    return "healthy" if health >= 70 else "watch" if health >= 40 else "at_risk"


def _others(session: Session, connection_id: int) -> None:
    rows = (
        ("ELEMENTS", "Elements Air Lines", "6055836", 11, 12, 6, 81.0, 45.0, "strength"),
        ("MEGA", "Mega Resorts International", "5822390", 11, 15, 9, 74.0, 22.0, "strength"),
        ("ROO", "Australian Roo Motors", "5409264", 11, 2, 0, None, None, "unheard"),
        ("TOZ", "The Toz Corporation", "5379792", 11, 14, 0, 52.0, None, "unheard"),
        ("GALAXY", "Galaxy National Bank", "5345004", 11, 12, 3, 61.0, 0.0, "strength"),
        ("SMALL", "=Formula & Friends", "12000", 3, 3, 2, 88.0, 100.0, "opportunity"),
        ("WEAK", "Weak Tea Traders", "9000", 2, 1, 1, 22.0, -100.0, "weakness"),
    )
    for tail, name, value, required, known, answered, health, nps, quadrant in rows:
        band = band_of(health)
        row = account(
            session,
            connection_id,
            f"001{tail}",
            name,
            annual_value=Decimal(value),
            owner_id="005A" if band == "healthy" else "005B",
            segment="Small" if len(value) < 6 else "Enterprise",
        )
        result = figures(required, known, answered, band, health, nps=nps, quadrant=quadrant)
        if tail == "ROO":
            result["known_by_level"] = {"decision_maker": 0, "influencer": 1, "user": 1}
        assessment(session, row, result)
    account(session, connection_id, "001NEW", "Not Yet Assessed Ltd", annual_value=None)
    account(
        session, connection_id, "001GONE", "Merged Away plc", deleted_at=NOW, merged_into="001TOZ"
    )


def _portfolio(session: Session, connection_id: int) -> None:
    session.add(
        models.PortfolioFigures(
            connection_id=connection_id,
            as_of=NOW,
            currency="EUR",
            figures={
                "accounts": 8,
                "annual_value": 33_374_065.0,
                "nps": 12.0,
                "nps_interval": [-20.0, 41.0],
                "nps_n": 23,
                "response_rate": 0.41,
                "account_coverage": 0.75,
                "revenue_coverage": 0.68,
                "revenue_coverage_full": 0.0,
                "silent_revenue": 10_789_056.0,
                "unknown_revenue": 5_409_264.0,
                "revenue_at_risk": 5_349_779.0,
                "expected_loss": 3_600_000.0,
                "expected_loss_basis": "assumed",
                "quadrant_threshold": 5_342_891.5,
                "by_band": {
                    "at_risk": {"accounts": 2, "annual_value": 5_349_779.0},
                    "watch": {"accounts": 2, "annual_value": 10_724_796.0},
                    "healthy": {"accounts": 3, "annual_value": 11_890_226.0},
                    "unknown": {"accounts": 1, "annual_value": 5_409_264.0},
                },
                "by_quadrant": {
                    "threat": {"accounts": 1, "annual_value": 5_340_779.0},
                    "strength": {"accounts": 3, "annual_value": 17_223_230.0},
                    "weakness": {"accounts": 1, "annual_value": 9_000.0},
                    "opportunity": {"accounts": 1, "annual_value": 12_000.0},
                    "unheard": {"accounts": 2, "annual_value": 10_789_056.0},
                },
            },
        )
    )


def _runs(session: Session, connection_id: int) -> None:
    run = models.Run(
        connection_id=connection_id,
        kind="sync",
        trigger="schedule",
        state="refusals",
        requested_at=NOW - timedelta(minutes=52),
        started_at=NOW - timedelta(minutes=51),
        finished_at=NOW - timedelta(minutes=50),
        counts={
            "pulled": {"accounts": 10, "contacts": 4},
            "written_records": 3,
            "written_fields": 7,
            "refused": 2,
        },
        calls_planned=12,
        calls_spent=11,
        calls_least=10,
        seconds={"pull": 3.2, "compute": 0.4, "write_back": 1.1},
        mapping_hash="a" * 64,
        model_hash="m" * 64,
    )
    waiting = models.Run(
        connection_id=connection_id,
        kind="pull",
        trigger="page",
        state="running",
        requested_at=NOW,
        started_at=NOW,
    )
    failed = models.Run(
        connection_id=connection_id,
        kind="sync",
        trigger="command",
        state="failed",
        requested_at=NOW,
        started_at=NOW,
        finished_at=NOW + timedelta(seconds=2),
        problem="Salesforce answered with a page instead of JSON; check the instance URL.",
    )
    session.add_all((run, waiting, failed))
    session.flush()
    session.add_all(
        models.RefusedValue(
            connection_id=connection_id,
            run_id=run.id,
            direction="write",
            object="accounts",
            record_id=record_id,
            field="AX_Quadrant__c",
            value="threat",
            code="INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            reason='"threat" is not a value of AX_Quadrant__c.',
            remedy="Add the value to the picklist in Salesforce, or map it to one that exists.",
            first_seen=NOW - timedelta(days=3),
            last_seen=NOW,
            times=4,
        )
        for record_id in ("001EXPRESS", "001WEAK")
    )
    session.add(
        models.RefusedValue(
            connection_id=connection_id,
            run_id=run.id,
            direction="read",
            object="contacts",
            record_id="003X",
            field="left_at",
            value="=HYPERLINK(1)",
            code="VALUE",
            reason='"=HYPERLINK(1)" is not a date.',
            remedy="Correct the date on the contact.",
            first_seen=NOW,
            last_seen=NOW,
        )
    )
    session.add(
        models.Cursor(
            connection_id=connection_id,
            source="Account",
            read_until=NOW,
            full_read_at=NOW - timedelta(hours=12),
        )
    )
