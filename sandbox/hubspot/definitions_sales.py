"""Properties of the sales objects that the portfolio does not fill: readers list them all.

The format is that of definitions.py. Sources: dlt's default columns of quotes; type ids from the
HubSpot API reference. What deal splits and goals carry beyond the system properties: unverified.
"""

_SYSTEM = """
hs_createdate | Object create date/time | datetime | r
hs_lastmodifieddate | Object last modified date/time | datetime | r
"""

LEADS = f"""{_SYSTEM}
hs_lead_name | Lead name | text
hs_lead_type | Lead type | select | | NEW_BUSINESS=New business;RE_ATTEMPTING=Re-attempting;UPSELL=Upsell
hs_lead_label | Lead label | select | | HOT=Hot;WARM=Warm;COLD=Cold
hs_pipeline | Lead pipeline | select | s
hs_pipeline_stage | Lead pipeline stage | select | s
"""  # noqa: E501 - one line per property

QUOTES = f"""{_SYSTEM}
hs_title | Quote title | text
hs_expiration_date | Expiration date | date
hs_status | Status | select | | DRAFT=Draft;APPROVAL_NOT_NEEDED=Approval not needed;PENDING_APPROVAL=Pending approval;APPROVED=Approved;REJECTED=Rejected
hs_public_url_key | Public URL key | text | r
hs_quote_amount | Quote amount | number | cm
hs_currency | Currency | text
"""  # noqa: E501 - one line per property

DEAL_SPLITS = f"""{_SYSTEM}
hs_deal_split_amount | Split amount | number | rm
hs_deal_split_percentage | Split percentage | number
"""

GOAL_TARGETS = f"""{_SYSTEM}
hs_goal_name | Goal name | text
hs_target_amount | Target amount | number
hs_start_datetime | Start date | datetime
hs_end_datetime | End date | datetime
"""

LINES = {
    "leads": LEADS,
    "quotes": QUOTES,
    "deal_splits": DEAL_SPLITS,
    "goal_targets": GOAL_TARGETS,
}
