"""The unmodified simple-salesforce library against the TLS port."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceExpiredSession, SalesforceResourceNotFound

from sandbox.server import Server
from sandbox.world import World


class MappedSession(requests.Session):
    """Sends the hosts Salesforce has to the sandbox's TLS port."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self.trust_env = False
        self.verify = str(server.ca_file)
        self._url = server.https_url

    def request(self, method: Any, url: Any, *args: Any, **options: Any) -> requests.Response:
        for host in ("https://login.salesforce.com", "https://acme.my.salesforce.com"):
            if str(url).startswith(host):
                url = self._url + str(url)[len(host) :]
        options.setdefault("timeout", 20)
        return super().request(method, url, *args, **options)


@pytest.fixture
def session(server: Server) -> Iterator[MappedSession]:
    session = MappedSession(server)
    yield session
    session.close()


@pytest.fixture
def sf(session: MappedSession, world: World) -> Any:
    own = world.salesforce
    return Salesforce(
        username=own.username,
        password=own.password,
        security_token=own.security_token,
        session=session,
    )


def test_soap_login_and_paging(sf: Any, world: World) -> None:
    records = [{"attributes": {"type": "Account"}, "Name": f"A{n}"} for n in range(150)]
    for _ in range(2):
        made = sf.restful("composite/sobjects", method="POST", json={"records": records})
        assert all(r["success"] for r in made)
    world.switches["salesforce.page_size"] = 100
    assert len(sf.query_all("SELECT Id FROM Account")["records"]) == 300
    assert len(list(sf.query_all_iter("SELECT Id FROM Account"))) == 300
    assert sf.api_usage["api-usage"].total == 100_000
    assert sf.is_sandbox() is True


def test_client_credentials(session: MappedSession, world: World) -> None:
    own = world.salesforce
    sf = Salesforce(
        consumer_key=own.client_id,
        consumer_secret=own.client_secret,
        domain="acme.my",
        session=session,
    )
    assert sf.limits()["DailyApiRequests"]["Max"] == 100_000


def test_records(sf: Any) -> None:
    record_id = sf.Account.create({"Name": "A"})["id"]
    assert sf.Account.get(record_id)["Name"] == "A"
    assert sf.Account.update(record_id, {"Name": "B"}) == 204
    assert sf.Account.metadata()["objectDescribe"]["keyPrefix"] == "001"
    assert "Name" in {f["name"] for f in sf.Account.describe()["fields"]}
    assert sf.Account.delete(record_id) == 204
    with pytest.raises(SalesforceResourceNotFound):
        sf.Account.get(record_id)
    start = datetime.now(UTC) - timedelta(hours=1)
    gone = sf.Account.deleted(start, start + timedelta(hours=2))["deletedRecords"]
    assert [r["id"] for r in gone] == [record_id]
    assert len(sf.describe()["sobjects"]) > 20


def test_expired_sessions_are_told_apart(session: MappedSession, server: Server) -> None:
    sf = Salesforce(session_id="00Dx!no", instance_url=server.https_url, session=session)
    with pytest.raises(SalesforceExpiredSession):
        sf.query("SELECT Id FROM Account")


def test_metadata_upsert_and_bulk2(sf: Any, server: Server, world: World) -> None:
    metadata = sf.mdapi
    transport = metadata._client.transport.session
    transport.verify, transport.trust_env = str(server.ca_file), False
    key = metadata.CustomField(
        fullName="Activity.LK_Key__c",
        label="Key",
        type="Text",
        length=80,
        externalId=True,
        unique=True,
    )
    metadata.CustomField.create(key)
    with pytest.raises(Exception, match="DUPLICATE_DEVELOPER_NAME"):
        metadata.CustomField.create(key)
    assert metadata.CustomField.read(["Activity.LK_Key__c"]).length == 80
    allowed = [
        metadata.PermissionSetFieldPermissions(field="Task.LK_Key__c", readable=True, editable=True)
    ]
    metadata.PermissionSet.create(
        metadata.PermissionSet(fullName="LK", label="LK", fieldPermissions=allowed)
    )
    granted = sf.query("SELECT Id FROM PermissionSet WHERE Name = 'LK'")["records"][0]["Id"]
    sf.PermissionSetAssignment.create(
        {"PermissionSetId": granted, "AssigneeId": world.salesforce.user_id}
    )
    created = [
        sf.Task.upsert("LK_Key__c/lk:1", {"Subject": subject}, raw_response=True).json()["created"]
        for subject in ("one", "two")
    ]
    assert created == [True, False]
    task = sf.query("SELECT Id FROM Task")["records"][0]["Id"]
    job = sf.bulk2.Task.update(records=[{"Id": task, "Subject": "three"}], wait=0)[0]
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (1, 0)
    pages = list(sf.bulk2.Task.query("SELECT Subject FROM Task", wait=0))
    assert pages == ['"Subject"\n"three"\n']
    transport.close()
