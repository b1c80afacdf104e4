"""Commands on sources of survey answers: add, list, rotate, pause, resume, erase."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from jobs.cli import connection_named, fail, house

if TYPE_CHECKING:
    from jobs.wiring import House
    from store.models import Hook

_BY = "command line"
_SECRET = click.option(
    "--secret-file",
    type=click.File("r"),
    help="File with the signing secret that the tool gave you; - reads standard input.",
)


@click.group()
def hook() -> None:
    """Where survey tools send answers to."""


@hook.command("add")
@click.argument("connection")
@click.argument("provider")
@click.option("--name", help="What the source is called; the tool's name unless given.")
@click.option(
    "--mapping",
    "mapping_file",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="TOML: where the answer stands in the payload, its metric and scale (docs/surveys.md).",
)
@click.option("--metric", type=click.Choice(["nps", "csat", "ces"]), help="What is asked.")
@click.option(
    "--survey-type",
    type=click.Choice(["relationship", "transactional"]),
    help="Sent on a rhythm, or after a touch point.",
)
@click.option("--scale", help="Lowest and highest value, such as 1-5.")
@_SECRET
@click.option(
    "--api-token-file", type=click.File("r"), help="File with a token for the tool's own API."
)
@click.pass_context
def add(
    context: click.Context,
    connection: str,
    provider: str,
    name: str | None,
    mapping_file: Path | None,
    metric: str | None,
    survey_type: str | None,
    scale: str | None,
    secret_file: TextIO | None,
    api_token_file: TextIO | None,
) -> None:
    """Add a source of PROVIDER for CONNECTION; prints its address and secret, once."""
    from jobs.clock import utc_now
    from store.audit import add_audit
    from web.sources import new_source

    place = house(context)
    found = connection_named(place, connection)
    settings = _settings(mapping_file, metric, survey_type, scale)
    now = utc_now()
    with _refusals(), place.sessions.begin() as session:
        shown = new_source(
            session,
            place.vault,
            found.id,
            provider,
            name=name or provider,
            settings=settings,
            secret=secret_file.read() if secret_file else None,
            api={"token": api_token_file.read().strip()} if api_token_file else {},
            base_url=place.settings.web.url,
            by=_BY,
            now=now,
        )
        add_audit(
            session,
            at=now,
            actor=_BY,
            action="hook.add",
            connection_id=found.id,
            subject=shown.hook.name,
            details={"provider": provider},
        )
    click.echo("Shown once; keep what the survey tool needs:")
    for label, value in (
        ("address ", shown.url),
        ("secret  ", shown.secret),
        ("link key", shown.link_key),
    ):
        if value:
            click.echo(f"  {label}  {value}")


@hook.command("list")
@click.pass_context
def list_(context: click.Context) -> None:
    """Every source: connection, name, tool, state, deliveries, the last one."""
    from store.hooks import all_hooks, counts_by_hook

    with house(context).sessions() as session:
        counts = counts_by_hook(session)
        for one, connection in all_hooks(session):
            of_hook = counts.get(one.id, {})
            last = of_hook.get("last")
            taken = sum(of_hook.get(state, 0) for state in ("waiting", "done", "ignored", "dead"))
            click.echo(
                f"{connection}  {one.name}  {one.provider}  {one.state}  deliveries {taken}, "
                f"refused {of_hook.get('refused', 0)}, dead {of_hook.get('dead', 0)}  "
                f"last {last.isoformat(timespec='minutes') if last else 'never'}"
            )


@hook.command("rotate")
@click.argument("connection")
@click.argument("name")
@click.option(
    "--overlap-days",
    type=click.FloatRange(0, 90),
    default=7,
    show_default=True,
    help="How long the present secret stays valid beside the new one.",
)
@_SECRET
@click.pass_context
def rotate(
    context: click.Context,
    connection: str,
    name: str,
    overlap_days: float,
    secret_file: TextIO | None,
) -> None:
    """Give the source NAME a new secret; prints it, once, unless the tool gave it."""
    from jobs.clock import utc_now
    from web.sources import rotated

    def change(place: "House", one: "Hook") -> dict[str, Any]:
        secret = secret_file.read() if secret_file else None
        shown = rotated(place.vault, one, secret=secret, overlap_days=overlap_days, now=utc_now())
        click.echo(f"secret    {shown.secret}" if shown.secret else "the new secret is kept")
        return {"overlap_days": overlap_days}

    _change(context, connection, name, "hook.rotate", change)


@hook.command("pause")
@click.argument("connection")
@click.argument("name")
@click.pass_context
def pause(context: click.Context, connection: str, name: str) -> None:
    """Take no deliveries until resumed; the tool is asked to send them again later."""
    _state(context, connection, name, "hook.pause", "paused")


@hook.command("resume")
@click.argument("connection")
@click.argument("name")
@click.pass_context
def resume(context: click.Context, connection: str, name: str) -> None:
    """Take deliveries again."""
    _state(context, connection, name, "hook.resume", "working")


@hook.command("erase")
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def erase(context: click.Context, email: str, yes: bool) -> None:
    """Forget every answer, invitation and delivery of EMAIL, in every connection."""
    from jobs.forget import forget_person

    place = house(context)
    if not yes:
        click.confirm(f"Forget all answers of {email}? They cannot be brought back", abort=True)
    done = forget_person(place, email, by=_BY)
    click.echo(
        f"forgotten: {done.responses} answers, {done.deliveries} deliveries, {done.invitations} "
        "invitations; the next sync brings the CRM's records up to date"
    )


def _settings(
    file: Path | None, metric: str | None, survey_type: str | None, scale: str | None
) -> dict[str, Any]:
    import tomllib

    settings: dict[str, Any] = {}
    if file is not None:
        try:
            settings = tomllib.loads(file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            fail(f"{file}: not valid TOML: {error}; correct that line")
    settings |= {
        name: value
        for name, value in (("metric", metric), ("survey_type", survey_type))
        if value is not None
    }
    if scale is not None:
        low, _, high = scale.partition("-")
        try:
            settings |= {"scale_min": float(low), "scale_max": float(high)}
        except ValueError:
            raise click.UsageError(f"{scale!r} is no scale; write 1-5") from None
    return settings


def _state(context: click.Context, connection: str, name: str, action: str, state: str) -> None:
    def change(_place: "House", one: "Hook") -> dict[str, Any]:
        one.state = state
        return {}

    _change(context, connection, name, action, change)
    click.echo(f"{name} is {state}")


def _change(context: click.Context, connection: str, name: str, action: str, change: Any) -> None:
    """Change one source, with its audit row."""
    from jobs.clock import utc_now
    from store.audit import add_audit
    from store.hooks import all_hooks, find_hook

    place = house(context)
    found = connection_named(place, connection)
    with _refusals(), place.sessions.begin() as session:
        one = find_hook(session, found.id, name)
        if one is None:
            known = ", ".join(hook.name for hook, _ in all_hooks(session, found.id)) or "none yet"
            raise click.UsageError(f"{connection} has no source {name!r}; there are: {known}")
        details = change(place, one)
        add_audit(
            session,
            at=utc_now(),
            actor=_BY,
            action=action,
            connection_id=found.id,
            subject=name,
            details=details,
        )


@contextmanager
def _refusals() -> Iterator[None]:
    """What the settings of a source lack is wrong use, in one sentence."""
    from feedback.shapes import Unreadable

    try:
        yield
    except Unreadable as error:
        raise click.UsageError(str(error)) from error


COMMANDS = (hook,)
