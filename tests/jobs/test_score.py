"""Scoring a directory of CSV files: figures, money, defects and refusals."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from insights.model import Model
from jobs.score import ScoreError, exit_code, score
from tests.insights.oracle import Oracle
from tests.insights.worlds import AS_OF, Rows, random_rows

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def accounts(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {account["account_id"]: account for account in report["accounts"]}


def write_rows(folder: Path, rows: Rows) -> None:
    """Plain rows as the CSV files a person would export."""
    for kind, table in rows.items():
        with (folder / f"{kind}.csv").open("w", newline="", encoding="utf-8") as file:
            names = sorted({name for row in table for name in row})
            out = csv.DictWriter(file, names)
            out.writeheader()
            for row in table:
                plain = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in row.items()}
                out.writerow({k: "" if v is None else v for k, v in plain.items()})


SMALL = {
    "accounts": (
        "account_id,name,segment,annual_value,is_customer\n"
        "A,Alpha,s,1000000,true\nB,Beta,s,10000,true\nC,Gamma,,,true\nD,Delta,s,500,false\n"
    ),
    "contacts": "contact_id,account_id,level\na,A,decision_maker\nb,A,influencer\nc,B,user\n",
    "responses": (
        "response_id,account_id,contact_id,survey_type,metric,score,drivers,answered_at\n"
        "1,A,a,relationship,nps,9,Price,2026-06-01T00:00:00Z\n"
        "2,A,b,relationship,nps,3,Price;Care>Speed,2026-06-02T00:00:00Z\n"
        "3,B,c,relationship,nps,10,,2026-06-03\n"
    ),
    "invitations": (
        "invitation_id,account_id,sent_at\n"
        "1,A,2026-06-01\n2,A,2026-06-01\n3,B,2026-06-01\n4,C,2026-06-01\n"
    ),
}


def test_a_small_portfolio_by_hand(tmp_path: Path) -> None:
    report = score(write(tmp_path, **SMALL), NOON)
    figures = report["portfolio"]
    assert (figures["accounts"], figures["accounts_not_customers"]) == (3, 1)
    assert figures["annual_value"] == 1_010_000
    assert figures["nps"] == pytest.approx(100 / 3)
    assert figures["nps_n"] == 3
    # A's million nets to nothing (one for, one against), B's 10,000 is all for
    assert figures["revenue_weighted_nps"] == pytest.approx(100 * 10_000 / 1_010_000)
    assert figures["response_rate"] == 0.75
    assert figures["account_coverage"] == pytest.approx(2 / 3)
    assert figures["revenue_coverage"] == 1
    assert figures["revenue_coverage_full"] == 0
    assert figures["silent_revenue"] == 0
    assert figures["alerts"]["respondents_missing"] == 2
    by_driver = {(d["tier1"], d["tier2"]): d for d in figures["drivers"]}
    assert by_driver["Price", None]["nps_contribution"] == pytest.approx(100 * 0.5 / 3)
    assert by_driver["Care", "Speed"]["revenue_contribution"] == pytest.approx(-250_000)
    assert by_driver["none given", None]["revenue_contribution"] == pytest.approx(10_000)
    assert report["as_of"] == "2026-06-30T12:00:00Z"
    assert (report["refused"], exit_code(report)) == ([], 0)

    first = accounts(report)["A"]
    assert (first["name"], first["required_contacts"], first["known"]) == ("Alpha", 9, 2)
    assert first["required_by_level"] == {"decision_maker": 3, "influencer": 3, "user": 3}
    assert (first["nps"], first["respondents"]) == (0, 2)
    assert first["coverage"] == first["contact_coverage"] == pytest.approx(2 / 9)
    assert first["alerts"] == ["contacts_missing", "level_missing", "respondents_missing"]
    third = accounts(report)["C"]
    assert third["annual_value"] is third["required_contacts"] is third["nps"] is None
    assert any("Annual value is unknown" in reason for reason in third["reasons"])
    json.dumps(report, allow_nan=False)


def test_the_report_has_every_promised_key(tmp_path: Path) -> None:
    report = score(write(tmp_path, **SMALL), NOON)
    assert {"as_of", "model", "portfolio", "accounts"} <= report.keys()
    promised = (
        "account_id required_contacts required_by_level known engaged respondents coverage nps "
        "nps_interval health health_interval confidence band components caps revenue_at_risk "
        "expected_loss quadrant alerts upsell why_not cross_sell referral clv reasons"
    )
    assert set(promised.split()) <= report["accounts"][0].keys()
    promised = (
        "accounts annual_value nps nps_interval nps_n revenue_weighted_nps response_rate "
        "account_coverage revenue_coverage revenue_coverage_full silent_revenue unknown_revenue "
        "revenue_at_risk expected_loss by_band by_quadrant drivers retention alerts upsell_accounts"
    )
    assert set(promised.split()) <= report["portfolio"].keys()
    assert report["portfolio"]["retention"].keys() == {"crr", "rrr", "grr", "nrr"}


@pytest.mark.parametrize("seed", [3, 7])
def test_files_give_the_figures_of_plain_arithmetic(tmp_path: Path, seed: int) -> None:
    rows = random_rows(seed)
    write_rows(tmp_path, rows)
    report = score(tmp_path, AS_OF)
    assert report["refused"] == []
    oracle = Oracle(rows, AS_OF)
    for account_id, account in accounts(report).items():
        expected = oracle.accounts[account_id]
        assert set(account["alerts"]) == expected["alerts"]
        assert set(account["why_not"]) == expected["why_not"]
        assert account["band"] == expected["band"]
        assert account["required_contacts"] == expected["required"]
        for name in ("health", "nps", "confidence", "revenue_at_risk", "clv", "coverage"):
            assert account[name] == (
                None if expected[name] is None else pytest.approx(expected[name])
            )
    for name, value in oracle.portfolio().items():
        if isinstance(value, int | float):
            assert report["portfolio"][name] == pytest.approx(value), name


def test_accounts_alone_are_mostly_unknown(tmp_path: Path) -> None:
    report = score(write(tmp_path, accounts="account_id\nA\n"), NOON)
    figures = report["portfolio"]
    assert figures["accounts"] == 1
    for name in ("annual_value", "nps", "response_rate", "revenue_coverage", "silent_revenue"):
        assert figures[name] is None
    assert figures["revenue_at_risk"] is figures["expected_loss"] is None
    assert figures["by_band"]["unknown"] == {"accounts": 1, "annual_value": None}
    only = report["accounts"][0]
    assert (only["name"], only["health"], only["band"]) == (None, None, "unknown")
    assert only["alerts"] == []


def test_annual_value_from_won_opportunities(tmp_path: Path) -> None:
    deals = (
        "opportunity_id,account_id,amount,is_won,is_closed,close_date\n"
        "1,A,1054,true,true,2026-06-30\n2,A,946,true,true,2025-07-01\n"
        "3,A,5000,true,true,2025-06-30\n4,A,0,false,true,2026-01-01\n5,,70,true,true,2026-01-01\n"
    )
    report = score(write(tmp_path, accounts="account_id\nA\nB\n", opportunities=deals), NOON)
    first, second = report["accounts"]
    assert (first["annual_value"], first["annual_value_from"]) == (2000, "won opportunities")
    assert (second["annual_value"], second["annual_value_from"]) == (None, "none")
    assert report["unattributed"] == {"opportunities": 1}
    assert exit_code(report) == 0


MONEY = "account_id,annual_value,currency\nA,1000,EUR\nB,2000,EUR\nC,3000,USD\nD,500,\nE,,CHF\n"


def test_another_currency_without_rates_is_unknown_never_one_to_one(tmp_path: Path) -> None:
    deals = (
        "opportunity_id,account_id,amount,currency,is_won,close_date\n1,C,70,EUR,true,2026-06-01\n"
    )
    report = score(write(tmp_path, accounts=MONEY, opportunities=deals), NOON)
    found = accounts(report)
    assert report["currency"] == "EUR"
    assert [found[i]["annual_value"] for i in "ABCD"] == [1000, 2000, None, 500]
    assert found["C"]["annual_value_from"] == "refused"
    (refused,) = report["refused"]
    assert (refused["file"], refused["line"], refused["value"]) == ("accounts.csv", 4, "USD")
    assert "exchange_rates.csv" in refused["remedy"]
    assert exit_code(report) == 3


def test_an_opportunity_without_a_currency_is_in_its_accounts(tmp_path: Path) -> None:
    table = "account_id,currency\nA,EUR\nB,USD\n"
    deals = (
        "opportunity_id,account_id,amount,is_won,close_date\n"
        "1,A,50,true,2026-06-01\n2,B,50,true,2026-06-01\n"
    )
    rates = "currency,rate\nEUR,1\nUSD,2\n"
    priced = score(write(tmp_path, accounts=table, opportunities=deals, exchange_rates=rates), NOON)
    assert [a["annual_value"] for a in priced["accounts"]] == [50, 25]
    (tmp_path / "exchange_rates.csv").unlink()
    unpriced = score(tmp_path, NOON)
    assert [a["annual_value"] for a in unpriced["accounts"]] == [50, None]
    (refused,) = unpriced["refused"]
    assert (refused["file"], refused["line"], refused["value"]) == ("opportunities.csv", 3, "USD")


def test_a_corrected_answer_is_a_new_version_not_a_second_answer(tmp_path: Path) -> None:
    responses = (
        "response_id,account_id,contact_id,survey_type,metric,score,answered_at\n"
        "1,A,a,relationship,nps,3,2026-06-01\n"
        "2,A,b,relationship,nps,9,2026-06-01\n"
        "1,A,a,relationship,nps,10,2026-06-01\n"
    )
    report = score(write(tmp_path, **{**SMALL, "responses": responses}), NOON)
    found = accounts(report)["A"]
    assert (found["nps"], found["nps_n"], found["responses"]) == (100, 2, 2)
    (refused,) = report["refused"]
    assert (refused["line"], refused["column"], refused["value"]) == (2, "response_id", "1")


def test_exchange_rates_convert_all_money(tmp_path: Path) -> None:
    deals = (
        "opportunity_id,account_id,amount,currency,is_won,close_date\n1,E,90,CHF,true,2026-06-01\n"
    )
    rates = "currency,rate\nUSD,1\neur,0.8\nCHF,0.9\n"
    report = score(write(tmp_path, accounts=MONEY, opportunities=deals, exchange_rates=rates), NOON)
    found = accounts(report)
    assert report["currency"] == "USD"
    assert [found[i]["annual_value"] for i in "ABCDE"] == [1250, 2500, 3000, 500, 100]
    assert report["refused"] == []


@pytest.mark.parametrize(
    ("rates", "says"),
    [
        ("currency,rate\nUSD,1.1\n", "exactly one currency"),
        ("currency,rate\nUSD,1\nEUR,1\n", "USD, EUR"),
        ("code,rate\nUSD,1\n", "columns currency and rate"),
    ],
)
def test_rates_that_make_no_sense(tmp_path: Path, rates: str, says: str) -> None:
    with pytest.raises(ScoreError, match=says) as caught:
        score(write(tmp_path, accounts=MONEY, exchange_rates=rates), NOON)
    assert caught.value.exit_code == 1


def test_every_refused_row_and_value_is_listed_and_the_rest_is_scored(tmp_path: Path) -> None:
    responses = (
        "response_id,account_id,survey_type,metric,score,answered_at\n"
        "1,A,relationship,nps,9,2026-06-01\n"
        "2,A,relationship,nps,11,2026-06-01\n"
        "3,Z,relationship,nps,9,2026-06-01\n"
        "4,A,relationship,nps,9,soon\n"
    )
    table = "account_id,annual_value,parent_id\nA,much,Q\nB,5,A\n"
    deals = "opportunity_id,account_id,amount,is_won,close_date\n1,A,70,true,2026-06-01\n"
    report = score(write(tmp_path, accounts=table, responses=responses, opportunities=deals), NOON)
    listed = [(r["file"], r["line"], r["column"], r["value"]) for r in report["refused"]]
    assert sorted(listed) == [
        ("accounts.csv", 2, "annual_value", "much"),
        ("accounts.csv", 2, "parent_id", "Q"),
        ("responses.csv", 3, "score", "11"),
        ("responses.csv", 4, "account_id", "Z"),
        ("responses.csv", 5, "answered_at", "soon"),
    ]
    assert all(r["reason"] and r["remedy"] for r in report["refused"])
    assert exit_code(report) == 3
    first = accounts(report)["A"]
    assert (first["nps"], first["nps_n"]) == (100, 1)
    assert first["annual_value"] is None


@pytest.mark.parametrize(
    ("files", "says", "code"),
    [
        ({}, "no accounts.csv", 1),
        ({"accounts": "name\nx\n"}, "no column account_id", 1),
        (
            {"accounts": "account_id\nA\n", "cases": "when\nx\n"},
            "cases.csv has no column case_id",
            1,
        ),
    ],
)
def test_what_cannot_be_scored_is_one_sentence(
    tmp_path: Path, files: dict[str, str], says: str, code: int
) -> None:
    with pytest.raises(ScoreError) as caught:
        score(write(tmp_path, **files), NOON)
    assert says in str(caught.value)
    assert caught.value.exit_code == code
    assert "\n" not in str(caught.value)


def test_no_directory(tmp_path: Path) -> None:
    with pytest.raises(ScoreError, match="There is no directory") as caught:
        score(tmp_path / "nowhere", NOON)
    assert caught.value.exit_code == 2


def test_rings_of_parents_are_reported(tmp_path: Path) -> None:
    table = "account_id,parent_id\nA,B\nB,A\n"
    assert score(write(tmp_path, accounts=table), NOON)["parent_cycles"] == [["A", "B"]]


def test_another_model_changes_the_figures(tmp_path: Path) -> None:
    model = Model.from_dict({"name": "live", "required_contacts": {"preset": "customergauge_live"}})
    folder = write(tmp_path, accounts="account_id,annual_value\nA,5340779\n")
    assert score(folder, NOON)["accounts"][0]["required_contacts"] == 11
    report = score(folder, NOON, model)
    assert report["accounts"][0]["required_contacts"] == 12
    assert report["model"] == "live"
    assert report["model_hash"] != score(folder, NOON)["model_hash"]


def test_without_as_of_it_is_now(tmp_path: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    report = score(write(tmp_path, accounts="account_id\nA\n"))
    assert before <= datetime.fromisoformat(report["as_of"]) <= datetime.now(UTC)
