"""CustomerGauge is asked, not listened to: its outgoing webhooks are not documented in public.

The account's key there is its name or number; `number_customer` is taken as the CRM account's id.
Times carry no zone, so the source's mapping must set one.
"""

from feedback.shapes import Api, Provider

PROVIDER = Provider(
    name="customergauge",
    title="CustomerGauge",
    verified="endpoint, sign-in and some fields: vendor's page; never run against it",
    scheme=None,
    response_key="to_string(number_customergauge)",
    mapping={
        "score": "nps",
        "comment": "comment",
        "answered_at": "date_creation",
        "email": "email",
        "crm_account_id": "number_customer",
    },
    constants={"metric": "nps"},
    trusted=True,
    our_secret=False,
    api=Api(
        host="https://api.{datacenter}.customergauge.com",
        login="https://auth.{datacenter}.customergauge.com/oauth2/token",
        listing="/v6/rest/responses?per_page={page}&cursor={cursor}",
        page=400,
        items="data",
        cursor="cursor",
    ),
)
