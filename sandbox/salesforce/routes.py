"""The one table of REST paths below /services/data/vN; the modules of the API add to it."""

from sandbox.salesforce.call import Call, Router
from sandbox.salesforce.errors import not_found
from sandbox.salesforce.model import SObject
from sandbox.salesforce.query import Querying
from sandbox.salesforce.writer import Writer

router = Router()


def sobject_of(call: Call, name: str, tooling: bool = False) -> SObject:
    """The object in a path; 404 when this user has none of that name."""
    found = call.view.find(name, tooling)
    if found is None:
        raise not_found()
    return found


def querying(call: Call) -> Querying:
    """Queries as this call's user, in its version."""
    return Querying(call.org, call.view, call.token, call.version)


def writer(call: Call) -> Writer:
    """Writes as this call's user; use it inside a transaction."""
    rule = call.headers.get("Sforce-Duplicate-Rule-Header", "").replace(" ", "").lower()
    return Writer(
        call.org, call.view, call.org.stamp(), allow_save="allowsave=true" in rule,
        version=call.number,
    )  # fmt: skip
