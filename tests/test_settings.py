"""Settings from a file and the environment: what is wrong is named, and never repeated aloud."""

import os
import tomllib
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from settings import Secrets, Settings, SettingsError, load_settings, secret_keys

SHIPPED = Path(__file__).parent.parent / "settings.toml"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment of our own and an empty folder to stand in."""
    for name in [name for name in os.environ if name.startswith("BAROMETER_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def refusal(text: str, tmp_path: Path) -> str:
    """What is said about a settings file with this content."""
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load_settings(file)
    assert refused.value.exit_code == 2
    said = str(refused.value)
    assert "\n" not in said
    return said


def test_the_shipped_file_says_what_holds_without_it() -> None:
    shipped = load_settings(SHIPPED).model_dump()
    assert shipped == load_settings().model_dump() == Settings().model_dump()
    told = {s: set(keys) for s, keys in tomllib.loads(SHIPPED.read_text()).items()}
    known = {
        name: {key for key, value in section if value is not None}  # a service that is not there
        for name, section in Settings()
    }
    assert told == known


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[web]\nport = 9000\nhost = '::1'\n[tasks]\ndue_working_days = 2\n")
    monkeypatch.setenv("BAROMETER_WEB__PORT", "9100")
    monkeypatch.setenv("BAROMETER_TASKS__ALERTS", '["contact_left"]')
    found = load_settings(file)
    assert (found.web.port, found.web.host) == (9100, "::1")
    assert (found.tasks.alerts, found.tasks.due_working_days) == (("contact_left",), 2)


def test_the_file_may_be_named_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other.toml").write_text("[web]\nport = 1234\n")
    monkeypatch.setenv("BAROMETER_SETTINGS", str(tmp_path / "other.toml"))
    assert load_settings().web.port == 1234
    monkeypatch.setenv("BAROMETER_SETTINGS", "gone.toml")
    with pytest.raises(SettingsError, match=r"gone\.toml: no such file"):
        load_settings()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[sync]\noverlap = 300\n", "sync.overlap in"),
        ("[snyc]\n", "snyc in"),
        ("[sync]\noverlap_seconds = 59\n", "sync.overlap_seconds"),
        ("[sync]\napi_share = 'half'\n", "sync.api_share"),
        ("[sync]\napi_share = 1.5\n", "sync.api_share"),
        ("[tasks]\nalerts = ['contacts_lost']\n", "contacts_missing"),
        ("[web]\nport = 65536\n", "web.port"),
        ("[salesforce]\napi_version = '64'\n", "salesforce.api_version"),
        ("[hubspot]\napi_version = 'v9'\n", "hubspot.api_version"),
        ("[schedule]\ntime_zone = 'Mars/Base'\n", "IANA"),
        ("[schedule]\nsync = 'now and then'\n", "five fields"),
        ("[schedule]\nfull_read = '61 * * * *'\n", "schedule.full_read"),
        ("[database]\nurl = 'mysql://a@b/c'\n", "sqlite:///"),
        ("[database]\nurl = 'sqlite:///'\n", "sqlite:///var"),
        ("[database]\nurl = 'postgresql+psycopg://a@[::1/c'\n", "database.url"),
        ("[sync\n", "not valid TOML"),
    ],
)
def test_a_mistake_in_the_file(tmp_path: Path, text: str, says: str) -> None:
    said = refusal(text, tmp_path)
    assert says in said
    assert "mine.toml" in said


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("BAROMETER_DATABSE__URL", "x", "BAROMETER_DATABSE__URL: no such setting"),
        ("BAROMETER_DATABASE_URL", "x", "BAROMETER_DATABASE__URL"),
        ("BAROMETER_SYNC__OVERLAP", "x", "environment variable BAROMETER_SYNC__OVERLAP"),
        ("BAROMETER_SYNC__OVERLAP_SECONDS", "1", "BAROMETER_SYNC__OVERLAP_SECONDS"),
        ("BAROMETER_TASKS__ALERTS", "contact_left", "lists as JSON"),
        ("BAROMETER_SYNC", "60", "BAROMETER_<SECTION>__<KEY>"),
    ],
)
def test_a_mistake_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert says in str(refused.value)


@pytest.mark.parametrize("url", ["mysql://a:geheim@b/c", "postgresql+psycopg://a:ge@heim@b/c"])
def test_a_refused_url_keeps_its_password(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("BAROMETER_DATABASE__URL", url)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert "heim" not in str(refused.value)


def test_links_point_at_the_public_address() -> None:
    assert Settings().web.url == "http://127.0.0.1:8000"
    web = Settings().web.model_copy(update={"public_url": "https://health.acme.example/"})
    assert web.url == "https://health.acme.example"


def keyed(tmp_path: Path) -> Settings:
    return Settings(secrets=Secrets(key_file=tmp_path / "keys" / "secret.key"))


def test_a_key_file_is_made_once_for_us_alone(tmp_path: Path) -> None:
    settings = keyed(tmp_path)
    first = secret_keys(settings)
    assert settings.secrets.key_file.stat().st_mode & 0o777 == 0o600
    Fernet(first[0])
    assert secret_keys(settings) == first


def test_a_key_file_that_others_may_read(tmp_path: Path) -> None:
    settings = keyed(tmp_path)
    secret_keys(settings)
    settings.secrets.key_file.chmod(0o640)
    with pytest.raises(SettingsError, match=f"chmod 600 {settings.secrets.key_file}"):
        secret_keys(settings)


def test_keys_of_the_environment_make_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAROMETER_SECRET_KEYS", "new, old,")
    assert secret_keys(keyed(tmp_path)) == [b"new", b"old"]
    assert not (tmp_path / "keys").exists()
