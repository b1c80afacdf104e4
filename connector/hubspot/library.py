"""The API objects of hubspot-api-client: each made once and held, all over one transport."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import hubspot
import requests
from hubspot.discovery.discovery_base import DiscoveryBase

from connector.hubspot.paths import path_in

Send = Callable[..., requests.Response]


class Library:
    """The generated classes, which build paths, queries and headers; `send` does the rest.

    The library's own transport would open a pool of connections per class, wait and repeat by
    itself, and fail on answers that are not UTF-8. So its requests go through one Session.

    send  called with method, URL and the keywords of `requests`
    """

    def __init__(self, *, base_url: str, version: str, user_agent: str, send: Send) -> None:
        self.base_url = base_url
        self._version = version
        self._user_agent = user_agent
        self._send = send
        self._client = hubspot.HubSpot(host=base_url, api_factory=self._held)

    @cached_property
    def objects(self) -> Any:
        """Lists."""
        return self._client.crm.objects.basic_api

    @cached_property
    def batches(self) -> Any:
        """Batch read, create, update."""
        return self._client.crm.objects.batch_api

    @cached_property
    def searches(self) -> Any:
        """Searches."""
        return self._client.crm.objects.search_api

    @cached_property
    def associations(self) -> Any:
        """Associations v4 in batches."""
        return self._client.crm.associations.v4.batch_api

    @cached_property
    def properties(self) -> Any:
        """Property definitions."""
        return self._client.crm.properties.core_api

    @cached_property
    def property_batches(self) -> Any:
        """Property definitions in batches."""
        return self._client.crm.properties.batch_api

    @cached_property
    def property_groups(self) -> Any:
        """Groups of properties."""
        return self._client.crm.properties.groups_api

    @cached_property
    def owners(self) -> Any:
        """Owners."""
        return self._client.crm.owners.owners_api

    def raw(self, path: str, method: str = "GET", body: Any = None, **kwargs: Any) -> Any:
        """An operation that the library has no class for."""
        headers = {"Accept": "application/json"}
        client = self.objects.api_client
        return client.call_api(
            path, method, header_params=headers, body=body, auth_settings=["oauth2"], **kwargs
        )

    def form(self, path: str, fields: dict[str, str], method: str = "POST") -> requests.Response:
        """A form sent without a token, as the sign-in endpoints take it."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer: requests.Response = self.objects.api_client.call_api(
            path, method, header_params=headers, post_params=fields, _preload_content=False
        )
        return answer

    def _held(self, package: Any, name: str, config: dict[str, Any]) -> Any:
        api = DiscoveryBase._default_api_factory(package, name, config)
        api.api_client.user_agent = f"{self._user_agent} {api.api_client.user_agent}"
        api.api_client.request = self._request
        return api

    def _request(
        self,
        method: str,
        url: str,
        query_params: Any = None,
        headers: Any = None,
        post_params: Any = None,
        body: Any = None,
        **_: Any,
    ) -> requests.Response:
        path = path_in(self._version, url.removeprefix(self.base_url))
        return self._send(
            method,
            self.base_url + path,
            params=query_params,
            headers=headers,
            data=post_params or None,
            json=body,
            allow_redirects=False,
        )
