"""CSV directories: what is read, and how dirt is told."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.data import read_directory


def write(directory: Path, **files: str) -> Path:
    """CSV files by table name."""
    for name, text in files.items():
        (directory / f"{name}.csv").write_text(text, encoding="utf-8")
    return directory


def test_values_are_typed_and_missing_columns_are_none(tmp_path: Path) -> None:
    write(
        tmp_path,
        accounts="account_id,name,annual_value,is_customer,renewal_date\n"
        "A1,Acme,1234.50,TRUE,2027-01-31\nA2,,,,\n",
        cases="case_id,account_id,opened_at\nK1,A1,2026-05-01T08:00:00+02:00\nK2,A1,2026-05-02\n",
    )
    portfolio = read_directory(tmp_path)
    first, second = portfolio.rows("accounts")
    cases = list(portfolio.rows("cases"))

    assert portfolio.problems == ()
    assert first["annual_value"] == Decimal("1234.50")
    assert (first["is_customer"], first["renewal_date"]) == (True, date(2027, 1, 31))
    assert (second["name"], second["annual_value"], second["is_customer"]) == ("A2", None, None)
    assert first["domain"] is None
    assert [row["opened_at"] for row in cases] == [
        datetime(2026, 5, 1, 6, tzinfo=UTC),
        datetime(2026, 5, 2, tzinfo=UTC),
    ]
    assert list(portfolio.rows("contacts")) == []


def test_a_bad_row_is_told_and_the_rest_loads(tmp_path: Path) -> None:
    write(
        tmp_path,
        accounts="account_id,name,annual_value,is_customer\n"
        'A1,Acme,"1,234",true\nA2,Bolt,9,perhaps\nA3,Core,nan,true\nA4,Dust,7,true\n'
        "A4,Dust again,7,true\n,Nobody,7,true\nA6,Extra,7,true,more\n",
        contacts="contact_id,account_id,name,level\nC1,A4,Ann,boss\nC2,A4,Bob,user\n",
    )
    portfolio = read_directory(tmp_path)

    assert [row["account_id"] for row in portfolio.rows("accounts")] == ["A4"]
    assert [row["contact_id"] for row in portfolio.rows("contacts")] == ["C2"]
    for sentence in (
        "accounts.csv, line 2, column annual_value: '1,234' is not a number; write it like 1234.50,"
        " without currency or thousands separators. The row was left out.",
        "accounts.csv, line 3, column is_customer: 'perhaps' is not true or false. The row was "
        "left out.",
        "accounts.csv, line 6, column account_id: 'A4' stands twice; keep one of the rows. The "
        "row was left out.",
        "accounts.csv, line 7, column account_id: it is empty; give an id. The row was left out.",
        "accounts.csv, line 8: it has more cells than the header; quote cells that contain a "
        "comma. The row was left out.",
        "contacts.csv, line 2, column level: 'boss' is not one of decision_maker, influencer, "
        "user. The row was left out.",
    ):
        assert sentence in portfolio.problems
    assert len(portfolio.problems) == 7


def test_a_reference_to_nothing_is_left_empty_and_told(tmp_path: Path) -> None:
    write(
        tmp_path,
        accounts="account_id,annual_value\nA1,5\nA2,bad\n",
        contacts="contact_id,account_id\nC1,A1\nC2,A2\nC3,A9\nC4,\n",
    )
    portfolio = read_directory(tmp_path)
    assert [row["account_id"] for row in portfolio.rows("contacts")] == ["A1", None, None, None]
    assert [p for p in portfolio.problems if p.startswith("contacts.csv")] == [
        f"contacts.csv, line {line}, column account_id: '{name}' is not among the rows loaded "
        "from accounts.csv. It was left empty; add the record or correct the id."
        for line, name in ((3, "A2"), (4, "A9"))
    ]


def test_missing_files_and_unknown_columns_are_told_once(tmp_path: Path) -> None:
    write(tmp_path, accounts="account_id,owner_id,anual_value\nA1,U1,5\nA2,U2,6\n")
    portfolio = read_directory(tmp_path)
    assert [row["owner_id"] for row in portfolio.rows("accounts")] == [None, None]
    about_owner, about_value = portfolio.problems
    assert about_owner.startswith("accounts.csv, column owner_id: there is no users.csv")
    assert "column 'anual_value' is not one of accounts" in about_value


def test_a_file_without_its_key_loads_nothing(tmp_path: Path) -> None:
    write(tmp_path, accounts="name\nAcme\n", users="user_id\nU1\n")
    portfolio = read_directory(tmp_path)
    assert list(portfolio.rows("accounts")) == []
    assert portfolio.problems == (
        "accounts.csv, line 1: column account_id is missing, so no row can be loaded; add it.",
    )


def test_team_members_need_no_id(tmp_path: Path) -> None:
    write(
        tmp_path,
        users="user_id\nU1\n",
        accounts="account_id\nA1\n",
        team_members="account_id,user_id,role\nA1,U1,Technical Lead\n",
    )
    (member,) = read_directory(tmp_path).rows("team_members")
    assert member["member_id"] == "team_members-2"
    assert member["role"] == "Technical Lead"


def test_the_corporate_currency_is_the_commonest(tmp_path: Path) -> None:
    write(tmp_path, accounts="account_id,currency\nA1,EUR\nA2,USD\nA3,EUR\n")
    assert read_directory(tmp_path).currency == "EUR"


def test_an_empty_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds none of users\.csv, accounts\.csv"):
        read_directory(tmp_path)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "accounts.csv").write_bytes("account_id,name\nA1,Caf\xe9\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"accounts\.csv is not UTF-8; save it as UTF-8"):
        read_directory(tmp_path)


def test_rows_of_a_directory_can_be_read_again(tmp_path: Path) -> None:
    write(tmp_path, accounts="\ufeffaccount_id,name\nA1,Acme\n")
    portfolio = read_directory(tmp_path)
    assert list(portfolio.rows("accounts")) == list(portfolio.rows("accounts"))
    assert next(portfolio.rows("accounts"))["account_id"] == "A1"
