"""Typed reading of CSV files, and what is said of each value that cannot be read."""

from pathlib import Path

import pandas as pd
import pytest

from mappings.csvfiles import CsvFileError, Table, read_table


def table(folder: Path, text: str, kind: str = "accounts") -> Table:
    path = folder / f"{kind}.csv"
    path.write_text(text, encoding="utf-8")
    return read_table(path, kind)


def refusals(read: Table) -> list[tuple[int, str, str]]:
    return [(one.line, one.column, one.value) for one in read.refused]


def test_columns_are_typed_and_lines_are_kept(tmp_path: Path) -> None:
    read = table(
        tmp_path,
        "\ufeffaccount_id,name,annual_value,is_customer,customer_since,mood\n"
        'A,"Two\nlines",12.50,TRUE,2020-01-02,good\n'
        "\n"
        " B ,,,,,\n",
    )
    assert read.refused == []
    assert read.ignored == ["mood"]
    assert read.lines.tolist() == [2, 5]
    assert read.frame["account_id"].tolist() == ["A", "B"]
    assert read.frame["name"].iloc[0] == "Two\nlines"
    assert read.frame["annual_value"].iloc[0] == 12.5
    assert read.frame["is_customer"].iloc[:1].tolist() == [True]
    assert read.frame["customer_since"].iloc[0] == pd.Timestamp("2020-01-02")
    assert read.frame.iloc[1, 1:].isna().all()


def test_a_bad_value_is_unknown_and_the_row_stays(tmp_path: Path) -> None:
    read = table(
        tmp_path,
        "account_id,annual_value,is_customer,renewal_date\n"
        'A,"1,000",maybe,31.12.2026\n'
        "B,inf,0,2026-02-30\n"
        "C,-1e3,no,2026-02-28T23:30:00-01:00\n",
    )
    assert refusals(read) == [
        (2, "annual_value", "1,000"),
        (2, "is_customer", "maybe"),
        (2, "renewal_date", "31.12.2026"),
        (3, "annual_value", "inf"),
        (3, "renewal_date", "2026-02-30"),
    ]
    assert read.refused[0].reason == "is not a number"
    assert "1234.50" in read.refused[0].remedy
    assert read.frame["account_id"].tolist() == ["A", "B", "C"]
    assert read.frame["annual_value"].isna().tolist() == [True, True, False]
    assert read.frame["renewal_date"].iloc[2] == pd.Timestamp("2026-03-01")


def test_a_row_without_use_is_left_out(tmp_path: Path) -> None:
    read = table(
        tmp_path,
        "account_id,name\nA,first\n,nobody\nA,again\nB,too,many\nC\nD,fine\n",
    )
    assert refusals(read) == [
        (3, "account_id", ""),
        (4, "account_id", "A"),
        (5, "", "B,too,many"),
        (6, "", "C"),
    ]
    assert read.frame["name"].tolist() == ["first", "fine"]
    assert read.lines.tolist() == [2, 7]


def test_the_last_row_of_an_answer_is_the_corrected_one(tmp_path: Path) -> None:
    read = table(tmp_path, "response_id,score\n1,3\n2,9\n1,10\n1,much\n", "responses")
    assert refusals(read) == [(2, "response_id", "1"), (5, "score", "much")]
    assert read.frame["score"].tolist() == [9, 10]


def test_an_event_is_nothing_without_its_time_or_score(tmp_path: Path) -> None:
    read = table(
        tmp_path,
        "response_id,metric,score,survey_type,answered_at\n"
        "1,NPS,9,Relationship,2026-01-01T10:00:00Z\n"
        "2,nps,nine,relationship,2026-01-01T10:00:00Z\n"
        "3,nps,9,relationship,yesterday\n"
        "4,smile,9,relationship,2026-01-01\n"
        "2,nps,8,relationship,2026-01-01T12:00:00+02:00\n",
        "responses",
    )
    assert refusals(read) == [
        (3, "score", "nine"),
        (4, "answered_at", "yesterday"),
        (5, "metric", "smile"),
    ]
    assert read.frame["response_id"].tolist() == ["1", "2"]
    assert read.frame["metric"].tolist() == ["nps", "nps"]
    assert read.frame["answered_at"].iloc[1] == pd.Timestamp("2026-01-01T10:00Z")


def test_shares_and_choices(tmp_path: Path) -> None:
    read = table(
        tmp_path,
        "opportunity_id,probability,type\nA,0.35,Cross-Sell\nB,35,cross sell\nC,-0.1,\nD,1,gift\n",
        "opportunities",
    )
    assert refusals(read) == [
        (3, "probability", "35"),
        (4, "probability", "-0.1"),
        (5, "type", "gift"),
    ]
    assert read.frame["type"].iloc[:2].tolist() == ["cross_sell", "cross_sell"]
    assert read.frame["probability"].iloc[3] == 1


def test_team_members_have_no_key_of_their_own(tmp_path: Path) -> None:
    read = table(
        tmp_path,
        "account_id,user_id,role\nA,u,lead\nA,u,manager\nA,u,lead\nA,,lead\n",
        "team_members",
    )
    assert read.frame["role"].tolist() == ["lead", "manager", "lead"]
    assert refusals(read) == [(5, "user_id", "")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "accounts.csv is empty; its first line must name the columns"),
        (b"id,name\n1,x\n", "accounts.csv has no column account_id (it has id, name)"),
        (b"account_id;name\n1;x\n", "accounts.csv has no column account_id"),
        (b"account_id,account_id\n", "names the column account_id twice"),
        (b'account_id,name\nA,"open\n', "row beginning on line 2"),
        (b"account_id,name\nA,\xff\xfe\n", "accounts.csv is not UTF-8 at byte 18"),
        (b"account_id\nA\0\n", "is not a text file"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, content: bytes, says: str
) -> None:
    path = tmp_path / "accounts.csv"
    path.write_bytes(content)
    with pytest.raises(CsvFileError) as caught:
        read_table(path, "accounts")
    assert says in str(caught.value)
    assert ";" in str(caught.value)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(CsvFileError, match=r"accounts\.csv cannot be read"):
        read_table(tmp_path / "accounts.csv", "accounts")


def test_a_header_alone_is_an_empty_table(tmp_path: Path) -> None:
    read = table(tmp_path, "case_id,opened_at\n", "cases")
    assert read.frame.empty
    assert str(read.frame["opened_at"].dtype) == "datetime64[us, UTC]"
