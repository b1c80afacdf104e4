"""Zendesk CSAT through a trigger's webhook, whose body the customer writes as docs/surveys.md says.

Zendesk signs it with its time. Legacy ratings are good and bad: a scale of its own, 0 to 1, never
mixed with stars.
"""

from feedback.shapes import Provider, Scheme

PROVIDER = Provider(
    name="zendesk",
    title="Zendesk CSAT",
    verified="signature: vendor's page; the body is ours; built-in survey events: not",
    scheme=Scheme(
        mode="hmac",
        header="x-zendesk-webhook-signature",
        encoding="base64",
        signed="{timestamp}{body}",
        timestamp="x-zendesk-webhook-signature-timestamp",
        unit="iso",
    ),
    event_key="join(':', [ticket_id, updated_at])",
    response_key="ticket_id",
    sequence="updated_at",
    mapping={
        "score": "rating",
        "comment": "comment",
        "answered_at": "updated_at",
        "email": "requester_email",
        "crm_account_id": "organization_external_id",
    },
    constants={"metric": "csat", "survey_type": "transactional", "scale_min": 0, "scale_max": 1},
    words={"good": 1, "bad": 0},
    trusted=True,
    our_secret=False,
)
