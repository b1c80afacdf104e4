"""The world: clock, switches, ids and transactions."""

import sqlite3
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sandbox.world import World, id18


def test_id18_matches_a_real_pair() -> None:
    assert id18("0017e00001W4GYR") == "0017e00001W4GYRAA3"
    assert id18("0017e00001W4GYRAA3") == "0017e00001W4GYRAA3"
    with pytest.raises(ValueError, match="has 4 characters"):
        id18("0017")


def test_clock_keeps_its_shift_when_the_world_is_opened_again(world: World) -> None:
    world.clock.set(datetime(2030, 1, 1, tzinfo=UTC))
    world.clock.advance(3600)

    again = World(world.path)

    gap = again.clock.now() - datetime(2030, 1, 1, 1, tzinfo=UTC)
    assert timedelta(0) <= gap < timedelta(seconds=30)


def test_clock_runs_on_after_it_was_set(world: World) -> None:
    world.clock.set(datetime(2030, 1, 1, tzinfo=UTC))
    first = world.clock.now()
    assert world.clock.now() > first


def test_switches_are_kept_and_unknown_names_refused(world: World) -> None:
    world.switches["http.gzip"] = False
    assert World(world.path).switches["http.gzip"] is False
    with pytest.raises(KeyError, match=r"no switch 'http\.zip'; known are .*http\.gzip"):
        world.switches["http.zip"] = True


def test_ids_translate_both_ways(world: World) -> None:
    world.note_ids("salesforce", "accounts", [("A1", "001x"), ("A2", "001y")])
    assert world.crm_id("salesforce", "accounts", "A2") == "001y"
    assert world.canonical_id("salesforce", "accounts", "001x") == "A1"
    assert world.crm_id("hubspot", "accounts", "A2") is None


def test_a_failed_transaction_leaves_nothing(world: World) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        world.note_ids("c", "o", [("a", "b"), ("a", "b")])
    assert world.crm_id("c", "o", "a") is None


def test_an_inner_transaction_joins_the_outer_one(world: World) -> None:
    def fail_after_the_inner() -> None:
        with world.transaction():
            world.note_ids("c", "o", [("a", "b")])
            raise RuntimeError("the outer one fails")

    with pytest.raises(RuntimeError, match="outer"):
        fail_after_the_inner()
    assert world.crm_id("c", "o", "a") is None


def test_threads_write_one_after_the_other(world: World) -> None:
    world.write_state("n", 0)

    def add() -> None:
        for _ in range(50):
            with world.transaction():
                world.write_state("n", world.read_state("n", 0) + 1)
        world.release()

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert world.read_state("n", 0) == 200


def test_a_world_needs_no_special_place(tmp_path: Path) -> None:
    world = World(str(tmp_path / "other.db"))
    assert world.db().execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    world.release()
