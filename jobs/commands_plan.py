"""The command that says who to ask next."""

from pathlib import Path

import click

from jobs.cli import connection_named, house, write_csv

_SHOWN = 20


@click.command()
@click.argument("connection")
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the whole plan into this file.",
)
@click.pass_context
def plan(context: click.Context, connection: str, csv_file: Path | None) -> None:
    """Who to ask on the next working day, and why."""
    from jobs.clock import utc_now
    from web.survey_plan import EXCLUDED, csv_header, csv_rows, plan_day

    place = house(context)
    found = connection_named(place, connection)
    with place.sessions() as session:
        planned = plan_day(session, found, place.settings, utc_now())
        if csv_file is not None:
            write_csv(csv_file, csv_header(found.currency), csv_rows(planned))
        click.echo(f"{len(planned.picks)} to ask on {planned.day.isoformat()}")
        for pick in planned.picks[:_SHOWN]:
            person, account = pick.person.contact, pick.person.account
            name = person.name or person.contact_id
            click.echo(f"  {name}, {account.name}: {'; '.join(pick.reasons)}")
        if len(planned.picks) > _SHOWN:
            click.echo(f"  and {len(planned.picks) - _SHOWN} more; --csv FILE has them all")
    click.echo(f"{planned.plan.waiting} more can be asked on later days")
    for reason, number in planned.plan.excluded.items():
        if number:
            click.echo(f"{number} left out: {EXCLUDED[reason]}")


COMMANDS = (plan,)
