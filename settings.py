"""A deployment's choices: settings.toml and the environment, read once at start-up.

A misspelt or wrong key stops the process here with one sentence that names it. Secrets come
only from the environment (`BAROMETER_SECRET_KEYS`) or from a key file of mode 0600.
"""

import os
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as UnreadableSource

_PREFIX = "BAROMETER_"
_NOT_SETTINGS = {  # read elsewhere: which file to read, and secrets
    "BAROMETER_SETTINGS",
    "BAROMETER_SECRET_KEYS",
    "BAROMETER_SALESFORCE_CLIENT_SECRET",
    "BAROMETER_SALESFORCE_REFRESH_TOKEN",
    "BAROMETER_HUBSPOT_ACCESS_TOKEN",
    "BAROMETER_HUBSPOT_CLIENT_SECRET",
    "BAROMETER_HUBSPOT_REFRESH_TOKEN",
}


class SettingsError(Exception):
    """A setting is wrong; `str()` names it and the remedy."""

    exit_code = 2


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Database(_Section):
    url: str = "sqlite:///var/barometer.db"

    @field_validator("url")
    @classmethod
    def _is_known(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            known = parts.port is None or parts.port > 0
        except ValueError:
            known = False
        known = known and url.startswith(("sqlite:///", "postgresql+psycopg://"))
        if not known or url == "sqlite:///" or parts.netloc.count("@") > 1:
            raise ValueError(
                "Write sqlite:///var/barometer.db or postgresql+psycopg://user@host/database, "
                "and @ in a password as %40"
            )
        return url


class Secrets(_Section):
    key_file: Path = Path("var/secret.key")


class Web(_Section):
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: str = ""

    @property
    def url(self) -> str:
        """What links point at."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"


class Sync(_Section):
    overlap_seconds: int = Field(default=300, ge=60)
    full_read_after_hours: float = Field(default=24, gt=0)
    lock_expires_seconds: int = Field(default=900, ge=10)
    api_share: float = Field(default=0.5, gt=0, le=1)
    schema_max_age_hours: float = Field(default=24, gt=0)


AlertKind = Literal[
    "contacts_missing",
    "level_missing",
    "respondents_missing",
    "contact_left",
    "silent_account",
    "team_role_missing",
]


class Tasks(_Section):
    alerts: tuple[AlertKind, ...] = (
        "contacts_missing",
        "level_missing",
        "contact_left",
        "silent_account",
    )
    due_working_days: int = Field(default=5, ge=0)


class Schedule(_Section):
    time_zone: str = "UTC"
    sync: str = "*/15 * * * *"
    full_read: str = "30 2 * * *"

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("Write an IANA name, such as UTC or Europe/Amsterdam") from None
        return name

    @field_validator("sync", "full_read")
    @classmethod
    def _is_cron(cls, line: str) -> str:
        from apscheduler.triggers.cron import CronTrigger

        try:
            CronTrigger.from_crontab(line)
        except ValueError as error:
            raise ValueError(
                f"{line!r} is no cron line ({error}); give five fields, such as */15 * * * *"
            ) from None
        return line


class Salesforce(_Section):
    api_version: str = Field(default="64.0", pattern=r"^\d\d\.0$")
    mapping: str = ""


class HubSpot(_Section):
    api_version: str = Field(default="v3", pattern=r"^(v3|\d{4}-\d\d)$")
    mapping: str = ""


class ModelFile(_Section):
    file: str = ""


class Settings(BaseSettings):
    """Every choice, typed; see settings.toml for what each means."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    database: Database = Database()
    secrets: Secrets = Secrets()
    web: Web = Web()
    sync: Sync = Sync()
    tasks: Tasks = Tasks()
    schedule: Schedule = Schedule()
    salesforce: Salesforce = Salesforce()
    hubspot: HubSpot = HubSpot()
    model: ModelFile = ModelFile()


def load_settings(path: Path | None = None) -> Settings:
    """Settings from the environment, then `path` ($BAROMETER_SETTINGS, else settings.toml here).

    Raises SettingsError naming the key when one is unknown or has a wrong value, and when a file
    that was named is not there.
    """
    named = path or os.environ.get("BAROMETER_SETTINGS")
    chosen = Path(named or "settings.toml")
    if named and not chosen.is_file():
        raise SettingsError(f"{chosen}: no such file; copy settings.toml there or name another")
    _check_environment()

    class FromFile(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return env_settings, TomlConfigSettingsSource(settings_cls, chosen)

    try:
        return FromFile()
    except ValidationError as error:
        raise SettingsError(_first_mistake(error, chosen)) from None
    except UnreadableSource as error:
        raise SettingsError(
            f"{_PREFIX}*: {error}; give each key by itself, lists as JSON: "
            """BAROMETER_TASKS__ALERTS='["silent_account"]'"""
        ) from None
    except ValueError as error:
        raise SettingsError(f"{chosen}: not valid TOML: {error}; correct that line") from error


def _check_environment() -> None:
    """Refuse a BAROMETER_ variable that nothing reads: it is misspelt."""
    sections = Settings.model_fields
    for name in sorted(os.environ):
        if not name.startswith(_PREFIX) or name in _NOT_SETTINGS:
            continue
        section, _, key = name.removeprefix(_PREFIX).partition("__")
        if section.lower() not in sections or not key:
            raise SettingsError(
                f"{name}: no such setting; write BAROMETER_<SECTION>__<KEY>, such as "
                "BAROMETER_DATABASE__URL, or unset it"
            )


def _first_mistake(error: ValidationError, file: Path) -> str:
    """One sentence on the first wrong key. The value is not repeated: it may hold a password."""
    first = error.errors(include_input=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    variable = _PREFIX + "__".join(str(part) for part in first["loc"][:2]).upper()
    where = f"environment variable {variable}" if variable in os.environ else str(file)
    if first["type"] == "extra_forbidden":
        what = "no such setting"
    else:
        what = first["msg"].removeprefix("Value error, ")
    return f"setting {key} in {where}: {what}; settings.toml lists the keys and their values"


def secret_keys(settings: Settings) -> list[bytes]:
    """Fernet keys, the first one encrypts: $BAROMETER_SECRET_KEYS (comma separated) or the file.

    The file is made with a new key and mode 0600 when absent; one that others can read, or a
    malformed key, is refused with SettingsError.
    """
    given = os.environ.get("BAROMETER_SECRET_KEYS", "")
    if given:
        return [key.strip().encode() for key in given.split(",") if key.strip()]
    file = settings.secrets.key_file
    if not file.exists():
        from cryptography.fernet import Fernet

        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(Fernet.generate_key() + b"\n")
    if file.stat().st_mode & 0o077:
        raise SettingsError(f"{file}: other users may read it; run: chmod 600 {file}")
    return file.read_bytes().split()
