"""The sample deliveries, with the settings that a source would have for each."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from feedback.configure import configured
from feedback.providers import PROVIDERS
from feedback.shapes import Delivery, Key, Provider

SAMPLES = Path(__file__).parent / "samples"
NAMES = sorted(file.name.split(".")[0] for file in SAMPLES.glob("*.headers.json"))
_NPS = {"metric": "nps", "survey_type": "relationship"}
_HEADER = {"mode": "token", "header": "x-nordlicht-token"}
_HMAC = {"mode": "hmac", "key": "text"}
_JOTFORM = {
    "score": "rawRequest.q3_howLikely",
    "comment": "rawRequest.q5_comment",
    "drivers_tier1": "rawRequest.q4_whatDrove",
    "email": "rawRequest.q6_email",
    "crm_account_id": "rawRequest.q7_crmAccountId",
    "crm_contact_id": "rawRequest.q8_crmContactId",
}
_GOOGLE = {
    "score": "data.answers[?item_id=='910001'].value | [0]",
    "comment": "data.answers[?item_id=='910002'].value | [0]",
    "crm_account_id": "data.answers[?item_id=='910003'].value | [0]",
}
SETTINGS: dict[str, dict[str, Any]] = {
    "asknicely": {"survey_type": "relationship", "verify": _HEADER},
    "delighted": {"survey_type": "relationship"},
    "formbricks": {
        **{"metric": "ces", "survey_type": "transactional", "scale_min": 1, "scale_max": 7},
        "mapping": {"score": "data.data.ces_score", "comment": "data.data.ces_reason"},
    },
    "generic": {"survey_type": "transactional", "sequence": ""},
    "googleforms": {
        **{"metric": "csat", "survey_type": "transactional", "scale_min": 1, "scale_max": 5},
        "mapping": _GOOGLE,
    },
    "hubspot": {"survey_type": "relationship"},
    "intercom": {},
    "jotform": {**_NPS, "mapping": _JOTFORM},
    "microsoftforms": {**_NPS, "date_format": "%m/%d/%Y %I:%M:%S %p", "zone": "UTC"},
    "qualtrics": {
        **_NPS,
        "datacenter": "fra1",
        "mapping": {
            "score": "result.values.QID1",
            "comment": "result.values.QID2_TEXT",
            "drivers_tier1": "result.labels.QID3",
        },
    },
    "refiner": {**_NPS, "verify": {**_HEADER, "query": "t"}},
    "retently": {**_NPS, "verify": _HEADER},
    "surveymonkey": {
        **_NPS,
        "mapping": {
            "score": "pages[].questions[] | [?id=='770001'].answers[0].simple_text | [0]",
            "comment": "pages[].questions[] | [?id=='770002'].answers[0].text | [0]",
            "drivers_tier1": "pages[].questions[] | [?id=='770003'].answers[0].simple_text",
        },
    },
    "surveysparrow": {
        **{"metric": "csat", "survey_type": "transactional", "scale_min": 1, "scale_max": 5},
        "verify": _HEADER,
    },
    "survicate": {**_NPS, "questions": {"12123": "score"}},
    "typeform": _NPS,
    "zendesk": {},
    "generic-hmac-timestamped": {
        "verify": {
            **_HMAC,
            **{"header": "x-signature", "pairs": True, "signed": "{timestamp}.{body}"},
        },
        "event_key": "data.id",
    },
    "generic-hmac-sha512-hex": {
        "verify": {
            **_HMAC,
            **{"header": "x-hook-signature", "prefix": "sha512=", "algorithm": "sha512"},
        },
        "event_key": "data.id",
    },
}
FETCHED = {
    "surveymonkey": "surveymonkey-api-response-details",
    "qualtrics": "qualtrics-api-response",
    "hubspot": "hubspot-api-feedback-submission",
}


@dataclass(frozen=True)
class Vector:
    """One delivery and what it must become."""

    name: str
    provider_name: str
    settings: Mapping[str, Any]
    keys: tuple[Key, ...]
    url: str
    headers: Mapping[str, str]
    body: bytes
    clock: datetime
    expected: Mapping[str, Any]

    @cached_property
    def provider(self) -> Provider:
        return configured(PROVIDERS[self.provider_name], self.settings)

    @property
    def delivery(self) -> Delivery:
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Delivery("POST", self.url, headers, self.body, self.clock)

    def fetched(self) -> Any:
        """What the tool's API answers; None for one whose deliveries are whole."""
        name = FETCHED.get(self.provider_name)
        return json.loads((SAMPLES / f"{name}.json").read_text()) if name else None

    def signed(
        self, secret: str | None = None, *, at: datetime | None = None, url: str | None = None
    ) -> "Vector":
        """The same delivery as its tool would sign it with another secret, time or address."""
        made = replace(self, url=url or self.url)
        scheme = made.provider.scheme
        assert scheme is not None
        text = secret or self.keys[0].text
        at = at or self.clock
        headers = dict(self.headers)
        if scheme.mode == "token":
            if scheme.header and self.header(scheme.header):
                headers[self.header(scheme.header)] = scheme.prefix + text
            if scheme.query:
                made = replace(made, url=f"{made.url.split('?')[0]}?{scheme.query}={text}")
            return replace(made, headers=headers, keys=(Key("k1", text),))
        stamp = {
            "s": str(int(at.timestamp())),
            "ms": str(int(at.timestamp() * 1000)),
            "iso": at.isoformat().replace("+00:00", "Z"),
        }[scheme.unit]
        body = self.body
        if scheme.timestamp:
            headers[self.header(scheme.timestamp)] = stamp
        key = base64.b64decode(text.removeprefix("whsec_")) if scheme.key == "base64" else text
        key = key.encode() if isinstance(key, str) else key

        def mac(message: bytes) -> str:
            digest = hmac.new(key, message, getattr(hashlib, scheme.algorithm)).digest()
            return digest.hex() if scheme.encoding == "hex" else base64.b64encode(digest).decode()

        if scheme.mode == "standard":
            start = f"{headers['webhook-id']}.{stamp}.".encode()
            headers["webhook-signature"] = "v1," + mac(start + body)
        elif scheme.pairs:
            headers[self.header(scheme.header)] = (
                f"t={stamp},v1={mac(stamp.encode() + b'.' + body)}"
            )
        elif scheme.field:
            from urllib.parse import parse_qsl, urlencode

            fields = dict(parse_qsl(body.decode()))
            fields["HMAC"] = mac(fields["MSG"].encode())
            body = urlencode(fields).encode()
        elif scheme.signed == "{timestamp}{body}":
            headers[self.header(scheme.header)] = mac(stamp.encode() + body)
        elif scheme.signed.startswith("{method}"):
            message = b"POST" + made.url.encode() + body + stamp.encode()
            headers[self.header(scheme.header)] = mac(message)
        else:
            headers[self.header(scheme.header)] = scheme.prefix + mac(body)
        return replace(made, headers=headers, body=body, keys=(Key("k1", text),))

    def header(self, name: str) -> str:
        """A header's name as the delivery spells it."""
        return next((given for given in self.headers if given.lower() == name), "")


def vector(name: str) -> Vector:
    """The sample of this name."""
    content = json.loads((SAMPLES / f"{name}.headers.json").read_text())
    request, secret = content["request"], content["secret"]
    text = secret.get("text") or f"{secret['client_id']}&{secret['client_secret']}"
    provider = content["provider"]
    settings = SETTINGS[provider] | SETTINGS.get(name, {})
    return Vector(
        name=name,
        provider_name=provider,
        settings=settings,
        keys=(Key("k1", text),),
        url=request["url"],
        headers=request["headers"],
        body=base64.b64decode(request["body_base64"]),
        clock=datetime.fromisoformat(content["clock"]).astimezone(UTC),
        expected=content["expected"],
    )


def also_active(name: str) -> str:
    """The second secret of a rotation sample."""
    content = json.loads((SAMPLES / f"{name}.headers.json").read_text())
    return str(content["secret"]["also_active"])


LATER = timedelta(seconds=301)
