"""AskNicely: whole answers under a shared token; every change comes again with count + 1."""

from feedback.shapes import Provider, Scheme

PROVIDER = Provider(
    name="asknicely",
    title="AskNicely",
    verified="payload: vendor's page; it signs nothing and publishes no retries",
    scheme=Scheme(mode="token", header="x-barometer-token"),
    event_key="join(':', [question.id, to_string(count)])",
    response_key="question.id",
    sequence="count",
    mapping={
        "score": "question.score",
        "comment": "question.comment",
        "drivers_tier1": "question.theme",
        "answered_at": "question.responded",
        "campaign": "question.survey_template",
        "email": "person.email",
        "crm_account_id": "person.crm_account_id_c",
        "crm_contact_id": "person.crm_contact_id_c",
    },
    constants={"metric": "nps"},
    trusted=True,
)
