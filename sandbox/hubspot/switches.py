"""Behaviours of HubSpot that are unverified or depend on the account, each a named switch.

The default is what the reference thinks likeliest; the other value is the other variant.
"""

from typing import Any

from sandbox.world import World

SWITCHES: dict[str, Any] = {
    # limits: None stands for the documented figure of the token's kind
    "hubspot.limits.enforced": True,
    "hubspot.limits.ten_secondly": None,
    "hubspot.limits.daily": 625_000,
    "hubspot.limits.search_secondly": 5,
    "hubspot.limits.retry_after": False,
    # account
    "hubspot.time_zone": "Europe/Amsterdam",
    "hubspot.currency": "USD",
    "hubspot.exchange_rates": {},  # {"EUR": "1.08"}: units of the account's currency per unit
    # authorisation
    "hubspot.rotate_refresh_tokens": False,
    "hubspot.scopes": None,  # scopes of the static token; None = all
    "hubspot.consent": "ask",  # ask | grant | refuse
    # records
    "hubspot.record_rules": {},  # see record_rules.py; enforced from 2026-09 on
    "hubspot.null_write": "clear",  # clear | ignore
    "hubspot.equal_write_touches": True,
    "hubspot.association_touches": False,
    "hubspot.batch_update_unknown": "207",  # 207 | drop | 404
    "hubspot.batch_read_unknown": "207",  # 207 | drop
    "hubspot.merged_id": "survivor",  # survivor | 404
    "hubspot.omit_zero_milliseconds": False,
    "hubspot.tasks_accept_unique": True,
    "hubspot.owner_page_limit": 500,  # 500 or 100; the Singer tap asks for 500
    "hubspot.search_lag": 0.0,  # seconds
    "hubspot.search_neq_matches_empty": False,
    "hubspot.webhooks.shuffle": False,  # events of a delivery out of order
    "hubspot.label_cap": 50,
    "hubspot.association_page": 100,  # linked ids per record in a v4 batch read
    "hubspot.association_ids_as_text": False,  # toObjectId as text instead of a number
}


def declare(world: World) -> None:
    """Make the switches known to a world."""
    for name, default in SWITCHES.items():
        world.switches.declare(name, default)
