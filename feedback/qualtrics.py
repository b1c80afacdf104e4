"""Qualtrics event subscriptions: a form whose field HMAC signs the decoded field MSG; ids only.

Topic is not signed, so nothing is read from it. Questions have ids of their own in every survey:
the source's mapping names the one with the score, such as result.values.QID1.
"""

from feedback.shapes import Api, Provider, Scheme

PROVIDER = Provider(
    name="qualtrics",
    title="Qualtrics",
    verified="signature: two captured messages; payload: captures; API answer: field names only",
    scheme=Scheme(
        mode="hmac", field="HMAC", algorithm="sha512", encoding="hex", signed="{field:MSG}"
    ),
    parse=("MSG",),
    event_key="field:MSG",
    response_key="MSG.ResponseID",
    unique_ids=True,
    ignored="!(MSG.ResponseID)",
    mapping={
        "survey_id": "result.values.surveyId",
        "answered_at": "result.values.recordedDate",
        "campaign": "result.values.campaign",
        "email": "result.values.recipientEmail",
        "domain": "result.values.domain",
        "crm_account_id": "result.values.crm_account_id",
        "crm_contact_id": "result.values.externalDataReference",
        "signature": "result.values.sig",
    },
    api=Api(
        host="https://{datacenter}.qualtrics.com",
        header="x-api-token",
        credential="{token}",
        response="/API/v3/surveys/{survey}/responses/{response}",
        parts={"survey": "MSG.SurveyID", "response": "MSG.ResponseID"},
    ),
)
