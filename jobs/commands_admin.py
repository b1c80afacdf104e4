"""Commands that set up, look after and explain: connect, provision, import, serve, demo …"""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from jobs.cli import (
    FAILED,
    REFUSALS,
    Instant,
    connection_named,
    house,
    json_option,
    write_json,
)

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def connect() -> None:
    """Connect a CRM organisation; secrets are asked for or read from the environment."""


def _secret(
    name: str, variable: str, help_text: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(name, envvar=variable, help=f"{help_text} [env: {variable}]")


def _address(context: click.Context, option: click.Parameter, value: str) -> str:
    if not value.startswith(("https://", "http://")):
        raise click.BadParameter(
            f"{value!r} is no address; write it in full, such as https://acme.my.salesforce.com",
            context,
            option,
        )
    return value.rstrip("/")


@connect.command("salesforce")
@click.argument("name", default="salesforce")
@click.option(
    "--login-url",
    required=True,
    callback=_address,
    help="My Domain, https://acme.my.salesforce.com",
)
@click.option("--client-id", required=True, help="Consumer key of the external client app.")
@_secret("--client-secret", "BAROMETER_SALESFORCE_CLIENT_SECRET", "Consumer secret.")
@click.option("--username", help="With --private-key: the integration user (JWT bearer flow).")
@click.option("--private-key", type=_FILE, help="PEM key of the app's certificate.")
@_secret("--refresh-token", "BAROMETER_SALESFORCE_REFRESH_TOKEN", "From the web-server flow.")
@click.option("--currency", help="ISO code; an org of one currency does not tell which.")
@click.option("--ca-file", type=_FILE, help="Certificates to trust instead of the public ones.")
@click.pass_context
def connect_salesforce(
    context: click.Context,
    name: str,
    login_url: str,
    client_id: str,
    client_secret: str | None,
    username: str | None,
    private_key: Path | None,
    refresh_token: str | None,
    currency: str | None,
    ca_file: Path | None,
) -> None:
    """Connect a Salesforce org: client credentials, JWT bearer or a refresh token."""
    if private_key is not None and username is None:
        raise click.UsageError("--private-key needs --username, the integration user to act as")
    if private_key is None and client_secret is None:
        client_secret = _asked("Consumer secret", "BAROMETER_SALESFORCE_CLIENT_SECRET")
    kind = "refresh_token" if refresh_token else "jwt" if private_key else "client_credentials"
    secrets = {
        "client_id": client_id,
        "client_secret": client_secret,
        "refresh_token": refresh_token,
        "private_key": private_key.read_text() if private_key else None,
    }
    settings = {
        "credentials": kind,
        "login_url": login_url,
        "username": username,
        "currency": currency,
        "ca_file": str(ca_file.resolve()) if ca_file else None,
    }
    _connect(context, name, "salesforce", settings, secrets)


@connect.command("hubspot")
@click.argument("name", default="hubspot")
@_secret("--access-token", "BAROMETER_HUBSPOT_ACCESS_TOKEN", "Private app token or service key.")
@click.option("--client-id", help="With --refresh-token: the app's client id.")
@_secret("--client-secret", "BAROMETER_HUBSPOT_CLIENT_SECRET", "The app's client secret.")
@_secret("--refresh-token", "BAROMETER_HUBSPOT_REFRESH_TOKEN", "From the app's installation.")
@click.option("--base-url", default="https://api.hubapi.com", show_default=True, callback=_address)
@click.option("--ca-file", type=_FILE, help="Certificates to trust instead of the public ones.")
@click.pass_context
def connect_hubspot(
    context: click.Context,
    name: str,
    access_token: str | None,
    client_id: str | None,
    client_secret: str | None,
    refresh_token: str | None,
    base_url: str,
    ca_file: Path | None,
) -> None:
    """Connect a HubSpot portal: a private app token, or an app's refresh token."""
    if refresh_token is not None and not (client_id and client_secret):
        raise click.UsageError("--refresh-token needs --client-id and --client-secret")
    if refresh_token is None and access_token is None:
        access_token = _asked("Private app token", "BAROMETER_HUBSPOT_ACCESS_TOKEN")
    secrets = {
        "access_token": access_token,
        "client_id": client_id,
        "client_secret": client_secret,
        "refresh_token": refresh_token,
    }
    settings = {
        "credentials": "refresh_token" if refresh_token else "private_app",
        "base_url": base_url,
        "ca_file": str(ca_file.resolve()) if ca_file else None,
    }
    _connect(context, name, "hubspot", settings, secrets)


def _asked(what: str, variable: str) -> str:
    """A secret typed on the terminal; UsageError where nobody can type."""
    if not sys.stdin.isatty():
        raise click.UsageError(f"no {what.lower()} was given; set {variable} in the environment")
    answer: str = click.prompt(what, hide_input=True)
    return answer


def _connect(
    context: click.Context,
    name: str,
    vendor: str,
    settings: dict[str, Any],
    secrets: dict[str, str | None],
) -> None:
    from jobs.connect import Access
    from jobs.connect import connect as connect_crm

    given = {key: value for key, value in secrets.items() if value is not None}
    connection = connect_crm(house(context), name, Access(vendor, settings, given))
    user = f" as {connection.user_name}" if connection.user_name else ""
    click.echo(
        f"{name}: connected to {connection.organisation_name} ({connection.organisation_id}){user}"
    )


@click.command()
@click.argument("connection")
@click.option("--dry-run", is_flag=True, help="Show what would be created; create nothing.")
@json_option
@click.pass_context
def provision(
    context: click.Context, connection: str, dry_run: bool, json_file: Path | None
) -> None:
    """Create our fields, the task key and the rights to see them in the CRM."""
    from jobs.connect import provision as provision_crm
    from jobs.screen import show_steps

    place = house(context)
    steps = provision_crm(place, connection_named(place, connection), dry_run=dry_run)
    show_steps(steps)
    write_json(json_file, {"steps": [vars(step) for step in steps]})
    sys.exit(REFUSALS if any(s.state in ("failed", "conflict") for s in steps) else 0)


@click.command()
@click.argument("connection")
@json_option
@click.pass_context
def schema(context: click.Context, connection: str, json_file: Path | None) -> None:
    """Read the CRM's fields: how our map fits them, and what changed since it fitted."""
    from jobs.drift import find_drift
    from jobs.wiring import open_crm
    from mappings import drift
    from store.schema_changes import open_changes

    place = house(context)
    chosen = connection_named(place, connection)
    resolved = find_drift(place, chosen, open_crm(place, chosen))
    findings = (*resolved.problems, *resolved.notes)
    for finding in findings:
        click.echo(f"{finding.level:<8} {finding.code} {finding.sentence}; {finding.fix}")
    if not findings:
        click.echo("every row of the map fits")
    with place.sessions() as session:
        changes = [drift.told(row) for row in open_changes(session, chosen.id)]
    for one in changes:
        click.echo(
            f"{'breaks' if one['breaks'] else 'changed':<8} {one['sentence']}; {one['remedy']}"
        )
    write_json(json_file, {"findings": [vars(one) for one in findings], "changes": changes})
    sys.exit(FAILED if any(finding.level == "error" for finding in findings) else 0)


@click.command("import")
@click.argument("connection")
@click.option("--responses", type=_FILE, help="CSV of survey answers.")
@click.option("--invitations", type=_FILE, help="CSV of who was asked.")
@click.pass_context
def import_(
    context: click.Context, connection: str, responses: Path | None, invitations: Path | None
) -> None:
    """Import survey answers and invitations from CSV; columns: docs/data.md."""
    from jobs.clock import utc_now
    from jobs.intake import import_feedback
    from jobs.screen import show_import

    if responses is None and invitations is None:
        raise click.UsageError("name a file: --responses FILE, --invitations FILE or both")
    place = house(context)
    chosen = connection_named(place, connection)
    refused = 0
    for name, file in (("invitations", invitations), ("responses", responses)):
        if file is None:
            continue
        done = import_feedback(place.sessions, chosen.id, name, file, now=utc_now())
        refused += len(done.refused)
        show_import(name, done)
    sys.exit(REFUSALS if refused else 0)


@click.command()
@click.argument("connection")
@click.argument("account")
@click.option("--at", type=Instant(), help="As it stood at this instant.")
@json_option
@click.pass_context
def explain(
    context: click.Context, connection: str, account: str, at: Any, json_file: Path | None
) -> None:
    """Explain an account's numbers down to CRM records. ACCOUNT is its CRM id or name."""
    from jobs.explain import explain_account
    from jobs.screen import show_tree

    place = house(context)
    tree = explain_account(place, connection_named(place, connection), account, at)
    show_tree(tree)
    write_json(json_file, tree)


@click.command()
@click.argument("connection")
@click.argument("account", required=False)
@json_option
@click.pass_context
def verify(
    context: click.Context, connection: str, account: str | None, json_file: Path | None
) -> None:
    """Compute past assessments again from what was stored, and compare them."""
    from jobs.explain import verify_assessments

    place = house(context)
    checked, differing = verify_assessments(place, connection_named(place, connection), account)
    click.echo(f"{checked:,} assessments computed again, {len(differing):,} differ")
    for one in differing[:20]:
        click.echo(f"  {one['account_id']} {one['valid_from']}: {one['reason']}")
    write_json(json_file, {"checked": checked, "differing": differing})
    sys.exit(FAILED if differing else 0)


@click.command()
@click.pass_context
def serve(context: click.Context) -> None:
    """Pages, schedule and work in one process (the embedded deployment)."""
    from jobs.people import first_admin_link
    from jobs.serve import serve as serve_house

    place = house(context)
    click.echo(f"Barometer on {place.settings.web.url} (Ctrl-C stops it)")
    if link := first_admin_link(place):
        click.echo(f"Nobody can sign in yet. The first admin opens, within 24 hours: {link}")
    serve_house(place)


@click.command()
@click.pass_context
def clock(context: click.Context) -> None:
    """Ask for runs on schedule; of several clocks one is active."""
    import threading

    from jobs.queue import start_clock
    from jobs.serve import process_name

    start_clock(house(context), process_name())
    with suppress(KeyboardInterrupt):
        threading.Event().wait()


@click.command()
@click.pass_context
def worker(context: click.Context) -> None:
    """Take and do the runs that were asked for."""
    import threading

    from jobs.queue import work

    place = house(context)
    with suppress(KeyboardInterrupt):
        work(place, threading.Event())


@click.group()
def db() -> None:
    """The database's tables."""


@db.command()
@click.pass_context
def upgrade(context: click.Context) -> None:
    """Bring the tables up to this version."""
    import migrations

    place = house(context)
    click.echo(f"database at revision {migrations.revisions(place.engine)[0]}")


@click.command()
@click.pass_context
def doctor(context: click.Context) -> None:
    """Check the installation: settings, keys, database, connections."""
    from jobs.doctor import examine

    findings = examine(context.obj)
    for finding in findings:
        click.echo(f"{'ok' if finding.well else 'FAILS':<6} {finding.part:<14} {finding.detail}")
    sys.exit(0 if all(finding.well for finding in findings) else FAILED)


@click.command(context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def sandbox(arguments: tuple[str, ...]) -> None:
    """Run the CRM sandbox alone; prints one JSON line and serves until stopped."""
    os.execv(sys.executable, [sys.executable, "-m", "sandbox", *arguments])


@click.command()
@click.option("--once", is_flag=True, help="Stop after the first sync instead of serving.")
@click.option(
    "--accounts",
    type=click.IntRange(min=1),
    default=240,
    show_default=True,
    help="Accounts in the sandbox.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port of the pages.",
)
@json_option
def demo(once: bool, accounts: int, port: int, json_file: Path | None) -> None:
    """A sandbox with both CRMs: connect, provision, first sync, then serve the pages."""
    from jobs.demo import run_demo

    sys.exit(run_demo(once=once, accounts=accounts, port=port, json_file=json_file))


COMMANDS = (
    connect,
    provision,
    schema,
    import_,
    explain,
    verify,
    serve,
    clock,
    worker,
    db,
    doctor,
    sandbox,
    demo,
)
