"""Every survey tool by name."""

from feedback import (
    asknicely,
    customergauge,
    delighted,
    formbricks,
    generic,
    hubspot,
    intercom,
    qualtrics,
    surveymonkey,
    survicate,
    typeform,
    zendesk,
)
from feedback.shapes import Provider

_MODULES = (
    *(formbricks, typeform, qualtrics, surveymonkey, hubspot, asknicely, customergauge),
    *(zendesk, intercom, survicate, delighted),
)
PROVIDERS: dict[str, Provider] = {
    one.name: one for one in (generic.GENERIC, *(m.PROVIDER for m in _MODULES), *generic.PRESETS)
}
