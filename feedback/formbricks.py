"""Formbricks: whole responses under Standard Webhooks; answers and hidden fields by element id.

The payload names neither metric nor range, so the source's mapping must: Formbricks' CES is 1-5 or
1-7, its rating 3 to 10 steps. Unsigned deliveries of old hooks are refused.
"""

from feedback.shapes import Api, Provider
from feedback.signatures import standard

PROVIDER = Provider(
    name="formbricks",
    title="Formbricks",
    verified="signature, payload and retries: vendor's source code; management API: not",
    scheme=standard(),
    event_key="header:webhook-id",
    response_key="data.id",
    unique_ids=True,
    sequence="data.updatedAt",
    partial="!(data.finished)",
    ignored="!contains(['responseCreated', 'responseUpdated', 'responseFinished'], event)",
    mapping={
        "score": "data.data.nps_score",
        "comment": "data.data.comment",
        "drivers_tier1": "data.data.driver_tier1",
        "drivers_tier2": "data.data.driver_tier2",
        "answered_at": "data.updatedAt",
        "survey_id": "data.surveyId",
        "campaign": "data.data.campaign || data.survey.title",
        "email": "data.contactAttributes.email || data.data.email",
        "domain": "data.data.domain",
        "crm_account_id": "data.data.crm_account_id",
        "crm_contact_id": "data.data.crm_contact_id",
        "signature": "data.data.sig",
    },
    api=Api(
        host="https://app.formbricks.com",
        header="x-api-key",
        credential="{token}",
        listing="/api/v2/management/responses?surveyId={survey}&limit={page}&sortBy=updatedAt"
        "&order=asc&filterDateField=updatedAt&startDate={since}",
        items="data",
        stamp="updatedAt",
        wrap="{event: 'responseUpdated', data: @}",
    ),
)
