"""Checking an installation: each part by itself, with the remedy where one fails."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import migrations
from insights.model import ModelError
from jobs.model import read_model
from jobs.problems import sentence_of
from jobs.wiring import House, model_file, open_house
from mappings import MapError, load
from settings import SettingsError, load_settings
from store.connections import all_connections
from store.models import Connection
from store.secrets import SecretsUnreadable


@dataclass(frozen=True)
class Finding:
    """One part: whether it is well, and what was seen."""

    part: str
    well: bool
    detail: str


def examine(settings_file: Path | None) -> list[Finding]:
    """Settings, keys, database, disk, maps, model, connections; stops where nothing follows.

    No CRM is called: a connection is as well as its last run, or its credentials' key.
    """
    found: list[Finding] = []
    try:
        settings = load_settings(settings_file)
    except SettingsError as error:
        return [Finding("settings", False, str(error))]
    found.append(Finding("settings", True, "every key is known and fits"))
    try:
        house = open_house(settings)
    except Exception as error:
        return [*found, Finding("database", False, sentence_of(error) or repr(error))]
    for check in (_database, _disk, _maps, _model, _connections):
        found += check(house)
    return found


def _database(house: House) -> list[Finding]:
    present, head = migrations.revisions(house.engine)
    name = house.engine.dialect.name
    return [Finding("database", present == head, f"{name}, revision {present}, newest {head}")]


def _disk(house: House) -> list[Finding]:
    if house.engine.dialect.name != "sqlite":
        return []
    free = shutil.disk_usage(Path(house.engine.url.database or ".").parent).free / 2**30
    return [Finding("disk", free > 1, f"{free:.1f} GiB free; keep at least 1 GiB for the database")]


def _maps(house: House) -> list[Finding]:
    found = []
    for vendor in ("salesforce", "hubspot"):
        file = house.settings.map_file(vendor)
        try:
            load(vendor, file)
        except MapError as error:
            found.append(Finding(f"{vendor} map", False, str(error)))
        else:
            found.append(Finding(f"{vendor} map", True, str(file or "the one that comes with us")))
    return found


def _model(house: House) -> list[Finding]:
    try:
        model = read_model(model_file(house.settings))
    except ModelError as error:
        return [Finding("model", False, str(error))]
    return [Finding("model", True, model.name)]


def _connections(house: House) -> list[Finding]:
    with house.sessions() as session:
        connections = all_connections(session)
    if not connections:
        return [Finding("connections", True, "none yet; see: barometer connect --help")]
    return [_connection(house, connection) for connection in connections]


def _connection(house: House, connection: Connection) -> Finding:
    try:
        house.vault.open(connection.secrets)
    except SecretsUnreadable as error:
        return Finding(connection.name, False, str(error))
    if connection.state == "failed":
        problem = connection.problem or "the last run failed; see: barometer sync"
        return Finding(connection.name, False, problem)
    where = f"{connection.organisation_name} ({connection.organisation_id})"
    return Finding(connection.name, True, f"{connection.vendor} {where}, {connection.state}")
