"""HubSpot, through hubspot-api-client."""

from connector.hubspot.auth import HubSpotCredentials
from connector.hubspot.client import HubSpot

__all__ = ["HubSpot", "HubSpotCredentials"]
