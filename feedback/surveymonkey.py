"""SurveyMonkey: signed ids only; the answer is fetched. The secret is the app's: id, `&`, secret.

Which question is which is the survey's own: the source's mapping names them, such as
pages[].questions[?id=='770001'].answers[0].simple_text | [0].
"""

from feedback.shapes import Api, Provider, Scheme

PROVIDER = Provider(
    name="surveymonkey",
    title="SurveyMonkey",
    verified="signature, event and API: vendor's public documents; its retries: not",
    scheme=Scheme(mode="hmac", header="sm-signature", algorithm="sha1", encoding="base64"),
    event_key="event_id",
    response_key="object_id",
    unique_ids=True,
    sequence="event_datetime",
    ignored="object_type != 'response'",
    deleted="event_type == 'response_deleted'",
    mapping={
        "survey_id": "survey_id",
        "answered_at": "date_modified",
        "campaign": "custom_variables.campaign",
        "email": "metadata.contact.email.value || custom_variables.email",
        "domain": "custom_variables.domain",
        "crm_account_id": "custom_variables.crm_account_id",
        "crm_contact_id": "custom_variables.crm_contact_id",
        "signature": "custom_variables.sig",
    },
    our_secret=False,
    api=Api(
        host="https://api.surveymonkey.com",
        response="/v3/surveys/{survey}/responses/{response}/details",
        parts={"survey": "resources.survey_id", "response": "object_id"},
        listing="/v3/surveys/{survey}/responses/bulk?per_page={page}&sort_by=date_modified"
        "&sort_order=ASC&start_modified_at={since}",
        items="data",
        stamp="date_modified",
        wrap="{event_type: 'response_completed', object_type: 'response', object_id: id, "
        "event_id: id, event_datetime: date_modified, resources: {survey_id: survey_id}}",
    ),
)
