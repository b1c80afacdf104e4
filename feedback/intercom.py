"""Intercom conversation ratings, 1 to 5, signed with the app's client secret.

The e-mail address is not in the payload; the contact's external id and an attribute of the
conversation may name the CRM's records.
"""

from feedback.shapes import Provider, Scheme

_RATING = "data.item.conversation_rating"

PROVIDER = Provider(
    name="intercom",
    title="Intercom",
    verified="signature and envelope: vendor's page; topic name and place of the rating: not",
    scheme=Scheme(mode="hmac", header="x-hub-signature", prefix="sha1=", algorithm="sha1"),
    event_key="id",
    response_key="data.item.id",
    sequence=f"{_RATING}.updated_at || {_RATING}.created_at",
    ignored=f"!({_RATING})",
    mapping={
        "score": f"{_RATING}.rating",
        "comment": f"{_RATING}.remark",
        "answered_at": f"{_RATING}.created_at",
        "crm_contact_id": "data.item.contacts.contacts[0].external_id",
        "crm_account_id": "data.item.custom_attributes.crm_account_id",
    },
    constants={"metric": "csat", "survey_type": "transactional", "scale_min": 1, "scale_max": 5},
    trusted=True,
    our_secret=False,
)
