"""How Salesforce refuses: an errorCode, a message, sometimes field names."""

from typing import Any


class ApiError(Exception):
    """One refusal; a whole request's answer, or one record's result in a collection."""

    def __init__(
        self, code: str, message: str, status: int = 400, fields: tuple[str, ...] = ()
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields

    def entry(self) -> dict[str, Any]:
        """As an item of the error list that answers a REST call."""
        entry: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        return entry | {"fields": list(self.fields)} if self.fields else entry

    def result(self) -> dict[str, Any]:
        """As an item of `errors` in the result of one record of a collection."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields)}


class ManyMatches(ApiError):
    """Several rows answer to one external id: 300 with their addresses."""

    def __init__(self, urls: list[str]) -> None:
        super().__init__("DUPLICATE_EXTERNAL_ID", "external id matches several records", 300)
        self.urls = urls


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    """404 as Salesforce words it."""
    return ApiError("NOT_FOUND", message, 404)
