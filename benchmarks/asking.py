"""What a page asks of the store and of the calculations while somebody waits.

Floor of what-if: the draft assessed alone, from frames in memory, with nothing to compare it with.
"""

from benchmarks.computing import SYNCED, assess, inputs
from benchmarks.place import Place, connection_of, copied
from benchmarks.watch import Watch
from insights.model import Model
from store.results import bases
from web.scoring_state import what_if

DRAFT = Model.from_dict(
    {
        "bands": {"healthy_from": 60},
        "components": {"usage": {"weight": 50}},
        "required_contacts": {"preset": "customergauge_live"},
    }
)


def what_if_ours(site: Place, watch: Watch) -> None:
    """`web.scoring_state.what_if`: read what was kept, judge it twice, compare, name the movers."""
    with copied(site, SYNCED) as house:
        connection = connection_of(house, "salesforce")
        for _ in range(site.repeats):
            with watch.lap(), house.sessions() as session:
                found = what_if(session, connection, DRAFT).found
        assert found is not None
        with house.sessions() as session:
            watch.rows = len(bases(session, connection.id))


def what_if_floor(site: Place, watch: Watch) -> None:
    """`assess_accounts` and `place` of the draft."""
    frames, _ = inputs(site)
    for _ in range(site.repeats):
        with watch.lap():
            assess(frames, DRAFT)
    watch.rows = len(frames.accounts)
