"""The SOAP login of the partner and enterprise APIs, and logout."""

from xml.etree import ElementTree as ET

from flask import Flask, Response, g, request

from sandbox.salesforce import users
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.oauth import site
from sandbox.salesforce.org import Org
from sandbox.salesforce.sessions import sessions_of
from sandbox.salesforce.xmlbits import answer, fault, operation, tags, text_of

_PARTNER = "urn:partner.soap.sforce.com"
_ENTERPRISE = "urn:enterprise.soap.sforce.com"
_FAULTS = "urn:fault.partner.soap.sforce.com"
_WRONG = "Invalid username, password, security token; or user locked out."
_DISABLED = "SOAP API login() is disabled by default in this org."
_GONE = "The SOAP Login operation is not available in the API version specified ({})"
_OLDEST = 31


def install(app: Flask, org: Org) -> None:
    """Route /services/Soap/u and /c."""

    def serve(api: str, version: str, org_id: str = "") -> Response:
        org.count_call()
        try:
            header, asked = operation(request.get_data())
            return _answer(org, api, version, header, asked)
        except ApiError as problem:
            return fault(_FAULTS, problem.code, problem.message, "UnexpectedErrorFault", "sf:")

    for rule in (
        "/services/Soap/<any(u, c):api>/<version>",
        "/services/Soap/<any(u, c):api>/<version>/<org_id>",
    ):
        app.add_url_rule(rule, f"sf_soap_{rule}", serve, methods=["POST"], strict_slashes=False)


def _answer(org: Org, api: str, version: str, header: ET.Element, asked: ET.Element) -> Response:
    namespace = _PARTNER if api == "u" else _ENTERPRISE
    if asked.tag == "login":
        return _login(org, namespace, api, version, asked)
    token = text_of(header, "sessionId")
    session = sessions_of(org).find(token)
    if session is None:
        return fault(
            _FAULTS,
            "INVALID_SESSION_ID",
            "Invalid Session ID found in SessionHeader: Illegal Session. Session not found",
            "UnexpectedErrorFault",
            "sf:",
        )
    g.api_kind = "meta"
    if asked.tag == "logout":
        sessions_of(org).close(token)
        return answer(namespace, "<logoutResponse/>")
    if asked.tag == "getUserInfo":
        body = tags({"result": _user_info(org, session.user_id)})
        return answer(namespace, f"<getUserInfoResponse>{body}</getUserInfoResponse>")
    return fault(_FAULTS, "INVALID_OPERATION", f"{asked.tag} is not supported here", None, "sf:")


def _login(org: Org, namespace: str, api: str, version: str, asked: ET.Element) -> Response:
    number = float(version) if version.replace(".", "", 1).isdigit() else 0.0
    if number < _OLDEST:
        return _refuse("UNSUPPORTED_API_VERSION", "UNSUPPORTED_API_VERSION")
    if number > org.switch("soap_login_last_version"):
        return _refuse("INVALID_OPERATION", _GONE.format(version))
    if org.switch("soap_login_disabled"):
        return _refuse("INVALID_OPERATION", _DISABLED)
    username, password = text_of(asked, "username"), text_of(asked, "password")
    user = users.by_password(org, username, password)
    if user is None:
        return _refuse("INVALID_LOGIN", _WRONG)
    if org.switch("security_token_required") and password == org.world.salesforce.password:
        return _refuse(
            "LOGIN_MUST_USE_SECURITY_TOKEN",
            "Invalid username, password, security token; or user locked out. Are you at a new "
            "location?",
        )
    here = org.switch("instance_url") or site()
    soap, org_id = f"{here}/services/Soap", org.world.salesforce.org_id[:15]
    result = {
        "metadataServerUrl": f"{soap}/m/{version}/{org_id}",
        "passwordExpired": bool(org.switch("password_expired")),
        "sandbox": True,
        "serverUrl": f"{soap}/{api}/{version}/{org_id}",
        "sessionId": sessions_of(org).open(user["Id"]),
        "userId": user["Id"],
        "userInfo": _user_info(org, user["Id"]),
    }
    return answer(namespace, f"<loginResponse>{tags({'result': result})}</loginResponse>")


def _user_info(org: Org, user_id: str) -> dict[str, object]:
    """In the order of the platform's schema, since some clients go by position."""
    user = users.by_id(org, user_id)
    assert user is not None
    return {
        "accessibilityMode": False,
        "chatterExternal": False,
        "currencySymbol": "",
        "orgAttachmentFileSizeLimit": 5242880,
        "orgDefaultCurrencyIsoCode": "USD",
        "orgDefaultCurrencyLocale": "en_US",
        "orgDisallowHtmlAttachments": False,
        "orgHasPersonAccounts": False,
        "organizationId": org.world.salesforce.org_id,
        "organizationMultiCurrency": bool(org.switch("multi_currency")),
        "organizationName": "Barometer Sandbox",
        "profileId": user["ProfileId"],
        "roleId": user["UserRoleId"] or "",
        "sessionSecondsValid": int(org.switch("session_seconds")),
        "userDefaultCurrencyIsoCode": "",
        "userEmail": user["Email"],
        "userFullName": user["Name"],
        "userId": user["Id"],
        "userLanguage": user["LanguageLocaleKey"],
        "userLocale": user["LocaleSidKey"],
        "userName": user["Username"],
        "userTimeZone": user["TimeZoneSidKey"],
        "userType": user["UserType"],
        "userUiSkin": "Theme3",
    }


def _refuse(code: str, message: str) -> Response:
    return fault(_FAULTS, code, message, "LoginFault")
