"""Commands on people: add, link, list, disable, enable."""

import click

from jobs.cli import house


@click.group()
def user() -> None:
    """Who may sign in to the pages."""


@user.command("add")
@click.argument("email")
@click.option(
    "--role",
    type=click.Choice(["viewer", "analyst", "admin"]),
    default="viewer",
    show_default=True,
    help="viewer reads, analyst follows up, admin decides.",
)
@click.option("--name", help="As colleagues know the person.")
@click.pass_context
def add(context: click.Context, email: str, role: str, name: str | None) -> None:
    """Add a person and print the link that lets them choose a password."""
    from jobs.people import invite

    click.echo(invite(house(context), email, role, name))


@user.command("link")
@click.argument("email")
@click.pass_context
def link(context: click.Context, email: str) -> None:
    """Print a new link for a person, such as after a forgotten password."""
    from jobs.people import new_link

    click.echo(new_link(house(context), email))


@user.command("list")
@click.pass_context
def list_(context: click.Context) -> None:
    """Everybody who was added: e-mail, role, state, last sign-in."""
    from store.access import all_users

    with house(context).sessions() as session:
        for one in all_users(session):
            state = "disabled" if one.disabled_at else "active"
            last = one.last_login_at.isoformat(timespec="minutes") if one.last_login_at else "never"
            click.echo(f"{one.email}  {one.role}  {state}  last sign-in {last}")


@user.command("disable")
@click.argument("email")
@click.pass_context
def disable(context: click.Context, email: str) -> None:
    """Let a person in no more; sessions end and API tokens are revoked."""
    from jobs.people import switch_user

    switch_user(house(context), email, on=False)
    click.echo(f"{email} is let in no more")


@user.command("enable")
@click.argument("email")
@click.pass_context
def enable(context: click.Context, email: str) -> None:
    """Let a disabled or locked person in again."""
    from jobs.people import switch_user

    switch_user(house(context), email, on=True)
    click.echo(f"{email} is let in again")


COMMANDS = (user,)
