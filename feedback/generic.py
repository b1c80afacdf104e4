"""Any tool whose body the mapping describes, and presets of tools that sign nothing known.

What stands here only fills in a form; a source's own settings override every part of it.
"""

from dataclasses import replace

from feedback.shapes import Provider, Scheme
from feedback.signatures import standard

GENERIC = Provider(
    name="generic",
    title="Any tool (you describe its payload)",
    verified="Standard Webhooks and HMAC forms: against independent implementations",
    scheme=standard(),
    event_key="header:webhook-id",
    response_key="data.id",
    sequence="timestamp",
    mapping={
        "metric": "data.metric",
        "score": "data.score",
        "scale_min": "data.scale.min",
        "scale_max": "data.scale.max",
        "comment": "data.comment",
        "answered_at": "timestamp",
        "campaign": "data.campaign",
        "email": "data.email",
        "domain": "data.account.domain",
        "crm_account_id": "data.account.crm_id",
        "crm_contact_id": "data.contact.crm_id",
        "signature": "data.sig",
    },
)
_TOKEN = Scheme(mode="token", header="x-barometer-token", query="t")
_BY_TOKEN = replace(GENERIC, scheme=_TOKEN, event_key="", sequence="")

JOTFORM = replace(
    _BY_TOKEN,
    name="jotform",
    title="Jotform",
    verified="multipart form and its first parts: independent receivers; it signs nothing",
    scheme=Scheme(mode="token", query="t"),
    parse=("rawRequest",),
    response_key="submissionID",
    mapping={"survey_id": "formID", "campaign": "formTitle"},
)
GOOGLE_FORMS = replace(
    GENERIC,
    name="googleforms",
    title="Google Forms (Apps Script)",
    verified="the body is ours: Google Forms has no webhook",
    response_key="data.response_id",
    sequence="data.submitted_at",
    mapping={
        "survey_id": "data.form_id",
        "campaign": "data.form_title",
        "email": "data.respondent_email",
        "answered_at": "data.submitted_at",
    },
)
MICROSOFT_FORMS = replace(
    _BY_TOKEN,
    name="microsoftforms",
    title="Microsoft Forms (Power Automate)",
    verified="the body is ours: the flow writes it",
    scheme=Scheme(mode="token", header="authorization", prefix="Bearer "),
    parse=("drivers",),
    response_key="join(':', [form_id, to_string(response_id)])",
    mapping={
        "score": "score",
        "comment": "comment",
        "drivers_tier1": "drivers",
        "answered_at": "submit_date",
        "survey_id": "form_id",
        "email": "responder",
        "crm_account_id": "crm_account_id",
    },
)
RETENTLY = replace(
    _BY_TOKEN,
    name="retently",
    title="Retently",
    verified="the body is ours: Retently lets it be written; it signs nothing",
    response_key="feedback_id",
    mapping={
        "score": "score",
        "comment": "comment",
        "drivers_tier1": "topics",
        "answered_at": "answered_at",
        "campaign": "campaign",
        "email": "email",
        "domain": "company_domain",
        "crm_account_id": "crm_account_id",
    },
)
SURVEYSPARROW = replace(
    _BY_TOKEN,
    name="surveysparrow",
    title="SurveySparrow",
    verified="that the body is a template of ours; its variables and signature: not",
    response_key="id",
    sequence="completed_at",
    mapping={
        "score": "score",
        "comment": "comment",
        "answered_at": "completed_at",
        "survey_id": "survey_id",
        "email": "email",
        "crm_account_id": "crm_account_id",
    },
)
REFINER = replace(
    _BY_TOKEN,
    name="refiner",
    title="Refiner",
    verified="the groups of the payload: vendor's page; names inside them, its token: not",
    response_key="response.uuid",
    mapping={
        "score": "response.data.nps_question",
        "comment": "response.data.why",
        "survey_id": "form.uuid",
        "campaign": "form.name",
        "email": "email",
        "domain": "account.domain",
        "crm_account_id": "account.remote_id",
    },
)
PRESETS = (JOTFORM, GOOGLE_FORMS, MICROSOFT_FORMS, RETENTLY, SURVEYSPARROW, REFINER)
