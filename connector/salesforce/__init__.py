"""The Salesforce connector: REST for data, the Metadata API for fields."""

from connector.salesforce.auth import SalesforceCredentials
from connector.salesforce.crm import Salesforce

__all__ = ["Salesforce", "SalesforceCredentials"]
