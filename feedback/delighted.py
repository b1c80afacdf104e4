"""Delighted closed on 30 June 2026; kept to take over what was recorded before then."""

from feedback.shapes import Provider, Scheme

PROVIDER = Provider(
    name="delighted",
    title="Delighted (closed; history only)",
    verified="payload: vendor's page; signature: a receiver's code",
    scheme=Scheme(mode="hmac", header="x-delighted-webhook-signature", prefix="sha256="),
    event_key="event_id",
    response_key="event_data.id",
    sequence="event_data.updated_at",
    ignored="!starts_with(event_type, 'survey_response.')",
    mapping={
        "metric": "event_data.survey_type",
        "score": "event_data.score",
        "comment": "event_data.comment",
        "drivers_tier1": "event_data.additional_answers[].value"
        ".[select_many[].text, select_one.text][]",
        "answered_at": "event_data.created_at",
        "campaign": "event_data.person_properties.campaign",
        "email": "event_data.person.email",
        "crm_account_id": "event_data.person_properties.crm_account_id",
        "crm_contact_id": "event_data.person_properties.crm_contact_id",
    },
    trusted=True,
    our_secret=False,
)
