"""Survicate: one signed event for each answered question, joined by responseUuid.

`questions` in the source's mapping says which question id is the score, which the comment. Answers
count once surveyCompleted has come; a source that is set to send only answers sets `partial = ""`.
"""

from feedback.shapes import Provider, Scheme

_ASKED = "event.questionAnswered"

PROVIDER = Provider(
    name="survicate",
    title="Survicate",
    verified="signature and one sample: vendor's page; how NPS stands in `choice`: not",
    scheme=Scheme(mode="hmac", header="hmac"),
    event_key="messageId",
    response_key="event.* | [0].responseUuid",
    unique_ids=True,
    sequence="event.* | [0].timestamp",
    ignored=f"!({_ASKED}) && !(event.surveyCompleted)",
    partial=f"{_ASKED}",
    mapping={
        "score": f"{_ASKED}.choice.body || {_ASKED}.answer",
        "comment": f"{_ASKED}.choice.comment",
        "answered_at": "event.* | [0].timestamp",
        "survey_id": "event.* | [0].survey.id",
        "campaign": "event.* | [0].survey.name",
        "email": "event.* | [0].respondent.attributes.email",
        "crm_account_id": "event.* | [0].respondent.attributes.crm_account_id",
        "crm_contact_id": "event.* | [0].respondent.attributes.crm_contact_id",
    },
    joins=True,
    question="to_string(event.questionAnswered.question.id)",
    our_secret=False,
)
