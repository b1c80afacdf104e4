"""Salesforce, pretended: the protocol that unmodified clients speak, over one world."""

from flask import Flask

from sandbox.salesforce import async_service, codes, oauth, service, soap_login, soap_metadata
from sandbox.salesforce.founding import org_of
from sandbox.salesforce.loading import load
from sandbox.salesforce.page import account_view
from sandbox.salesforce.people import person
from sandbox.salesforce.soql import parser
from sandbox.world import World

__all__ = ["account_view", "install", "load", "person"]


def install(app: Flask, world: World) -> None:
    """Register every Salesforce route of this world."""
    org = org_of(world)
    parser.warm_up()
    for part in (service, async_service, oauth, codes, soap_login, soap_metadata):
        part.install(app, org)
