"""What if, in full: every account assessed from its records by the model in use and by a draft.

Nothing is stored but the comparison, in the run's row; what is in use stays as it is.
"""

from dataclasses import replace

import pandas as pd

from insights.assess import assess_accounts
from insights.frames import complete
from insights.loops import COMPLAINTS
from insights.model import Model
from insights.movers import compare
from insights.what_if import Judged
from jobs.clock import utc_now
from jobs.compute import records_known
from jobs.model import model_in_use
from jobs.noted import noted
from jobs.wiring import House, map_in_use
from store.loops import loops_frame
from store.models import Connection, Run
from store.results import standing


def run_what_if(house: House, connection: Connection, run: Run) -> None:
    """Compare as of now; the order's `model` is what the draft says, `hash` its version."""
    with noted(house, run) as doing:
        used, draft = model_in_use(house, connection.id), Model.whole(run.order["model"])
        doing.progress("reading the records")
        with house.sessions() as session:
            crm_map = map_in_use(house, connection)
            frames = complete(records_known(session, connection.id, crm_map, only_dirty=False))
            if frames.responses is not None:
                loops = loops_frame(session, connection.id, COMPLAINTS, only_dirty=False)
                frames = complete(replace(frames, loops=loops))
            figures = standing(session, connection.id)
        columns = ["account_id", "band", "plain_band"]
        bands = [(one, row["band"], row["plain_band"]) for one, row in figures.items()]
        previous = pd.DataFrame(bands, columns=columns)
        as_of, judged = utc_now(), []
        for done, (words, model) in enumerate((("in use", used), ("of the draft", draft))):
            doing.progress(f"assessing with the model {words}", done, 2)
            assessed = assess_accounts(frames, model, as_of=as_of, previous=previous)
            judged.append(Judged(assessed.accounts, assessed.components))
        doing.counts = compare(judged[0], judged[1], draft) | {"base": used.hash()}
