"""Typeform: whole responses, signed; a score is the question whose ref the mapping names.

Refs are chosen by the form's author: nps_score, comment, driver_tier1 and driver_tier2 are what
is looked for unless the source's mapping says otherwise.
"""

from feedback.shapes import Api, Provider, Scheme

_ANSWERS = "form_response.answers"

PROVIDER = Provider(
    name="typeform",
    title="Typeform",
    verified="signature and payload: vendor's page and independent receivers; type names: not",
    scheme=Scheme(mode="hmac", header="typeform-signature", prefix="sha256=", encoding="base64"),
    event_key="event_id",
    response_key="form_response.token",
    unique_ids=True,
    sequence="form_response.submitted_at",
    partial="event_type == 'form_response_partial'",
    ignored="event_type != 'form_response' && event_type != 'form_response_partial'",
    mapping={
        "score": f"{_ANSWERS}[?field.ref=='nps_score'].number | [0]",
        "comment": f"{_ANSWERS}[?field.ref=='comment'].text | [0]",
        "drivers_tier1": f"{_ANSWERS}[?field.ref=='driver_tier1'].[choices.labels, choice.label][]",
        "drivers_tier2": f"{_ANSWERS}[?field.ref=='driver_tier2'].[choices.labels, choice.label][]",
        "answered_at": "form_response.submitted_at",
        "survey_id": "form_response.form_id",
        "campaign": "form_response.hidden.campaign",
        "email": "form_response.hidden.email",
        "domain": "form_response.hidden.domain",
        "crm_account_id": "form_response.hidden.crm_account_id",
        "crm_contact_id": "form_response.hidden.crm_contact_id",
        "signature": "form_response.hidden.sig",
    },
    api=Api(
        host="https://api.typeform.com",
        listing="/forms/{survey}/responses?page_size={page}&sort=submitted_at,asc&since={since}",
        page=1000,
        items="items",
        stamp="submitted_at",
        wrap="{event_type: 'form_response', event_id: token, form_response: @}",
    ),
)
