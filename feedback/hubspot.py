"""HubSpot feedback submissions: a batch of ids, signed with method, address, body and time.

The address is the public one of settings, never what a proxy made of it. The scale of CSAT and CES
is not told by the API (CSAT comes as 0, 1, 2), so the source's mapping must say it.
"""

from feedback.shapes import Api, Provider, Scheme

_PROPERTIES = (
    "hs_survey_id,hs_survey_name,hs_survey_type,hs_value,hs_content,hs_submission_timestamp"
)

PROVIDER = Provider(
    name="hubspot",
    title="HubSpot feedback",
    verified="what is signed, events, properties: vendor's pages; base64, batch size: not",
    scheme=Scheme(
        mode="hmac",
        header="x-hubspot-signature-v3",
        encoding="base64",
        signed="{method}{url}{body}{timestamp}",
        timestamp="x-hubspot-request-timestamp",
        unit="ms",
    ),
    split="[]",
    event_key="[portalId, subscriptionType, objectId, propertyName, occurredAt] | to_string(@)",
    response_key="join(':', [to_string(portalId), to_string(objectId)])",
    unique_ids=True,
    sequence="occurredAt",
    ignored="subscriptionType != 'object.creation' && subscriptionType != 'object.propertyChange'"
    " && subscriptionType != 'object.deletion'",
    deleted="subscriptionType == 'object.deletion'",
    mapping={
        "metric": "properties.hs_survey_type",
        "score": "properties.hs_value",
        "comment": "properties.hs_content",
        "answered_at": "properties.hs_submission_timestamp",
        "survey_id": "properties.hs_survey_id",
        "campaign": "properties.hs_survey_name",
        "crm_contact_id": "associations.contacts.results[0].id",
    },
    trusted=True,
    our_secret=False,
    api=Api(
        host="https://api.hubapi.com",
        response="/crm/v3/objects/feedback_submissions/{response}"
        f"?properties={_PROPERTIES}&associations=contacts",
        parts={"response": "to_string(objectId)"},
    ),
)
