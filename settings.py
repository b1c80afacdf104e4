"""A deployment's choices: settings.toml and the environment, read once at start-up.

A misspelt or wrong key stops the process here with one sentence that names it. Secrets come
only from the environment (`BAROMETER_SECRET_KEYS`) or from a key file of mode 0600.
"""

import os
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator
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
    "BAROMETER_SIGNIN_OIDC_SECRET",
    "BAROMETER_SIGNIN_SALESFORCE_SECRET",
    "BAROMETER_SIGNIN_HUBSPOT_SECRET",
    "BAROMETER_SMTP_PASSWORD",
    "BAROMETER_NOTIFY_SECRET",
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
    proxies: int = Field(default=0, ge=0)

    @field_validator("public_url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("Write an address in full, such as https://barometer.example")
        return url

    @property
    def url(self) -> str:
        """What links point at."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"


def _address(url: str) -> str:
    parts = urlsplit(url)
    here = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not parts.hostname or (parts.scheme != "https" and not (here and parts.scheme == "http")):
        raise ValueError("Write an address that begins with https://")
    return url.rstrip("/")


Address = Annotated[str, AfterValidator(_address)]


class OpenId(_Section):
    """An OpenID Connect issuer; its secret is BAROMETER_SIGNIN_OIDC_SECRET."""

    issuer: Address
    client_id: str
    label: str = "single sign-on"


class SalesforceSignIn(_Section):
    """Its secret is BAROMETER_SIGNIN_SALESFORCE_SECRET; people of other orgs are refused."""

    login_url: Address
    client_id: str
    organization_id: str = Field(pattern=r"^00D[0-9A-Za-z]{12}([0-9A-Za-z]{3})?$")


class HubSpotSignIn(_Section):
    """Its secret is BAROMETER_SIGNIN_HUBSPOT_SECRET; people of other accounts are refused."""

    client_id: str
    account_id: int
    authorize_url: Address = "https://app.hubspot.com/oauth/authorize"
    base_url: Address = "https://api.hubapi.com"


class SignIn(_Section):
    allowed_domains: tuple[str, ...] = ()
    oidc: OpenId | None = None
    salesforce: SalesforceSignIn | None = None
    hubspot: HubSpotSignIn | None = None

    @property
    def services(self) -> dict[str, str]:
        """What people may sign in through besides a password, each with its label."""
        found = {"oidc": self.oidc.label} if self.oidc else {}
        found |= {"salesforce": "Salesforce"} if self.salesforce else {}
        return found | ({"hubspot": "HubSpot"} if self.hubspot else {})


class Sync(_Section):
    overlap_seconds: int = Field(default=300, ge=60)
    full_read_after_hours: float = Field(default=24, gt=0)
    lock_expires_seconds: int = Field(default=900, ge=10)
    api_share: float = Field(default=0.5, gt=0, le=1)
    schema_max_age_hours: float = Field(default=24, gt=0)
    tries_per_call: int = Field(default=6, ge=1)


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
    per_owner_week: int = Field(default=25, ge=0)


LoopKind = Literal["detractor", "passive", "promoter", "csat", "ces"]


class DueDays(_Section):
    """Working days until a loop of each kind is due."""

    detractor: int = Field(default=2, ge=0)
    csat: int = Field(default=2, ge=0)
    ces: int = Field(default=2, ge=0)
    passive: int = Field(default=5, ge=0)
    promoter: int = Field(default=10, ge=0)


class Loops(_Section):
    kinds: tuple[LoopKind, ...] = ("detractor", "csat", "ces")
    due_working_days: DueDays = DueDays()
    holidays: str = "account"
    fallback_owner: str = ""
    executive: str = ""


class SurveyPlan(_Section):
    per_day: int = Field(default=100, ge=1)
    quarantine_days: int = Field(default=90, ge=0)


class Feedback(_Section):
    keep_deliveries_days: int = Field(default=90, ge=1)


class Schedule(_Section):
    time_zone: str = "UTC"
    sync: str = "*/15 * * * *"
    full_read: str = "30 2 * * *"
    schema_read: str = "10 1 * * *"
    loops: str = "5 * * * *"
    reconcile: str = "40 * * * *"

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("Write an IANA name, such as UTC or Europe/Amsterdam") from None
        return name

    @field_validator("sync", "full_read", "loops", "reconcile")
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
    searches_per_second: int = Field(default=5, ge=1)


class Notify(_Section):
    """Who hears of failures; secrets: BAROMETER_SMTP_PASSWORD, BAROMETER_NOTIFY_SECRET."""

    smtp_host: str = ""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    from_address: str = ""
    to: tuple[str, ...] = ()
    webhook_url: Address | Literal[""] = ""


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
    signin: SignIn = SignIn()
    sync: Sync = Sync()
    tasks: Tasks = Tasks()
    loops: Loops = Loops()
    survey_plan: SurveyPlan = SurveyPlan()
    feedback: Feedback = Feedback()
    schedule: Schedule = Schedule()
    salesforce: Salesforce = Salesforce()
    hubspot: HubSpot = HubSpot()
    notify: Notify = Notify()
    model: ModelFile = ModelFile()

    def map_file(self, vendor: str) -> Path | None:
        """The map of the deployment's own for this CRM, when it names one."""
        chosen = self.salesforce.mapping if vendor == "salesforce" else self.hubspot.mapping
        return Path(chosen) if chosen else None


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


def signin_secret(service: str) -> str:
    """The client secret for signing in through oidc, salesforce or hubspot."""
    variable = f"BAROMETER_SIGNIN_{service.upper()}_SECRET"
    if secret := os.environ.get(variable):
        return secret
    raise SettingsError(
        f"signin.{service} is set, and {variable} is not; put the client secret there, or take "
        f"[signin.{service}] out of the settings"
    )


def notify_secrets() -> tuple[str, str]:
    """The SMTP password and the key that signs what goes to the webhook; empty when not set."""
    names = ("BAROMETER_SMTP_PASSWORD", "BAROMETER_NOTIFY_SECRET")
    return os.environ.get(names[0], ""), os.environ.get(names[1], "")


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
