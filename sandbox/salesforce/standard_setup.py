"""The objects that administer an org: users, profiles, permissions, the org itself, currencies."""

from sandbox.salesforce.kinds import (
    CREATE_ONLY,
    MANDATORY,
    READ_ONLY,
    SYSTEM,
    flag,
    identity,
    of,
    pick,
    refer,
    stamps,
    text,
    whole,
)  # fmt: skip
from sandbox.salesforce.model import SObject, sobject

_NO_BIN = {"undeletable": False, "replicateable": False, "searchable": False, "layoutable": False}
_FIXED = {**_NO_BIN, "createable": False, "updateable": False, "deletable": False}


def user() -> SObject:
    """User; never deleted, only made inactive."""
    own = [
        identity()[0],
        text("Username", 80, id_lookup=True, **MANDATORY),
        text("LastName", 80, compound="Name", **MANDATORY),
        text("FirstName", 40, compound="Name", permissionable=False),
        text("Name", 121, name_field=True, label="Full Name", **SYSTEM),
        text("CompanyName", 80),
        text("Title", 80),
        text("Department", 80),
        of("Email", "email", length=128, **MANDATORY),
        text("Alias", 8, **MANDATORY),
        text("CommunityNickname", 40, nillable=False, defaulted=True, permissionable=False),
        flag("IsActive", True, permissionable=False),
        pick("TimeZoneSidKey", "GMT", length=40, nillable=False, defaulted=True, default="GMT",
             permissionable=False),
        refer("UserRoleId", "UserRole", permissionable=False),
        pick("LocaleSidKey", "en_US", length=40, nillable=False, defaulted=True, default="en_US",
             permissionable=False),
        refer("ProfileId", "Profile", **MANDATORY),
        pick("UserType", "Standard", "PowerPartner", "AutomatedProcess", "CloudIntegrationUser",
             length=40, **{**SYSTEM, "default": "Standard"}),
        pick("LanguageLocaleKey", "en_US", length=40, nillable=False, defaulted=True,
             default="en_US", permissionable=False),
        pick("EmailEncodingKey", "UTF-8", length=40, nillable=False, defaulted=True,
             default="UTF-8", permissionable=False),
        text("EmployeeNumber", 20),
        text("FederationIdentifier", 512),
        refer("ManagerId", "User", children="ManagedUsers"),
        of("LastLoginDate", "datetime", **READ_ONLY),
        *stamps(),
    ]  # fmt: skip
    return sobject("User", "User", "Users", "005", own, deletable=False, undeletable=False)


def group() -> SObject:
    """Public groups and queues."""
    own = [
        identity()[0],
        text("Name", 40, name_field=True, **MANDATORY),
        text("DeveloperName", 80),
        pick("Type", "Regular", "Queue", length=40, defaulted=True, default="Regular",
             **CREATE_ONLY),
        of("Email", "email", length=255),
        *stamps(),
    ]  # fmt: skip
    return sobject("Group", "Group", "Groups", "00G", own, **_NO_BIN)


def user_role() -> SObject:
    """Roles of users."""
    own = [
        identity()[0],
        text("Name", 80, name_field=True, **MANDATORY),
        refer("ParentRoleId", "UserRole", relationship=None),
        text("DeveloperName", 80),
        *stamps(),
    ]
    return sobject("UserRole", "Role", "Roles", "00E", own, **_NO_BIN)


def profile() -> SObject:
    """Profiles of users."""
    own = [
        identity()[0],
        text("Name", 255, name_field=True, **MANDATORY),
        pick("UserType", "Standard", length=40, **{**SYSTEM, "default": "Standard"}),
        text("Description", 255),
        flag("PermissionsModifyAllData", **READ_ONLY),
        flag("PermissionsViewAllData", **READ_ONLY),
        flag("PermissionsApiEnabled", True, **READ_ONLY),
        *stamps(),
    ]
    return sobject("Profile", "Profile", "Profile", "00e", own, **_FIXED)


def permission_set() -> SObject:
    """A named bundle of permissions."""
    own = [
        identity()[0],
        text("Name", 80, name_field=True, **MANDATORY),
        text("Label", 80, **MANDATORY),
        text("Description", 255),
        refer("ProfileId", "Profile", **READ_ONLY),
        flag("IsOwnedByProfile", **READ_ONLY),
        flag("IsCustom", True, **READ_ONLY),
        pick("Type", "Regular", "Profile", "Group", length=40, **{**SYSTEM, "default": "Regular"}),
        text("NamespacePrefix", 15, **READ_ONLY),
        flag("PermissionsApiEnabled"),
        flag("PermissionsViewAllData"),
        flag("PermissionsModifyAllData"),
        *stamps(),
    ]
    return sobject("PermissionSet", "Permission Set", "Permission Sets", "0PS", own, **_NO_BIN)


def field_permissions() -> SObject:
    """Which fields a permission set shows and lets edit."""
    own = [
        identity()[0],
        refer("ParentId", "PermissionSet", children="FieldPerms", cascade=True, **CREATE_ONLY,
              **MANDATORY),
        pick("SobjectType", length=40, **CREATE_ONLY, **MANDATORY),
        pick("Field", length=255, **CREATE_ONLY, **MANDATORY),
        flag("PermissionsEdit"),
        flag("PermissionsRead"),
        of("SystemModstamp", "datetime", **SYSTEM),
    ]  # fmt: skip
    return sobject(
        "FieldPermissions", "Field Permissions", "Field Permissions", "01k", own, **_NO_BIN
    )


def object_permissions() -> SObject:
    """Which objects a permission set opens."""
    names = ("Create", "Read", "Edit", "Delete", "ViewAllRecords", "ModifyAllRecords")
    own = [
        identity()[0],
        refer("ParentId", "PermissionSet", children="ObjectPerms", cascade=True, **CREATE_ONLY,
              **MANDATORY),
        pick("SobjectType", length=40, **CREATE_ONLY, **MANDATORY),
        *(flag(f"Permissions{name}") for name in names),
        *stamps(),
    ]  # fmt: skip
    return sobject(
        "ObjectPermissions", "Object Permissions", "Object Permissions", "110", own, **_NO_BIN
    )


def assignment() -> SObject:
    """Which users hold which permission sets."""
    own = [
        identity()[0],
        refer("PermissionSetId", "PermissionSet", children="Assignments", cascade=True,
              **CREATE_ONLY, **MANDATORY),
        refer("AssigneeId", "User", children="PermissionSetAssignments", cascade=True,
              **CREATE_ONLY, **MANDATORY),
        of("SystemModstamp", "datetime", **SYSTEM),
    ]  # fmt: skip
    return sobject(
        "PermissionSetAssignment", "Permission Set Assignment", "Permission Set Assignments",
        "0Pa", own, **_NO_BIN,
    )  # fmt: skip


def organization() -> SObject:
    """The org: one row."""
    own = [
        identity()[0],
        text("Name", 80, name_field=True, **READ_ONLY),
        flag("IsSandbox", **READ_ONLY),
        pick("OrganizationType", "Developer Edition", "Enterprise Edition", length=40,
             **READ_ONLY),
        text("InstanceName", 5, **READ_ONLY),
        text("NamespacePrefix", 15, **READ_ONLY),
        pick("TimeZoneSidKey", "GMT", length=40, **READ_ONLY),
        pick("DefaultLocaleSidKey", "en_US", length=40, **READ_ONLY),
        pick("LanguageLocaleKey", "en_US", length=40, **READ_ONLY),
        whole("FiscalYearStartMonth", **READ_ONLY),
        of("TrialExpirationDate", "datetime", **READ_ONLY),
        *stamps(),
    ]  # fmt: skip
    return sobject("Organization", "Organization", "Organizations", "00D", own, **_FIXED)


def currency_type() -> SObject:
    """The org's currencies; corporate amount = amount / ConversionRate."""
    own = [
        identity()[0],
        pick("IsoCode", length=3, **CREATE_ONLY, **MANDATORY),
        of("ConversionRate", "double", precision=18, scale=6, **MANDATORY),
        whole("DecimalPlaces"),
        flag("IsActive", True),
        flag("IsCorporate", **READ_ONLY),
        *stamps(),
    ]
    return sobject(
        "CurrencyType", "Currency Type", "Currency Types", "01L", own, feature="multi_currency",
        **{**_NO_BIN, "deletable": False},
    )  # fmt: skip


def custom_field() -> SObject:
    """Tooling: one row for each custom field."""
    own = [
        identity()[0],
        text("DeveloperName", 80, **READ_ONLY),
        text("TableEnumOrId", 40, **READ_ONLY),
        text("NamespacePrefix", 15, **READ_ONLY),
        text("Length", 10, **READ_ONLY),
        text("InlineHelpText", 510, **READ_ONLY),
        text("Description", 1000, **READ_ONLY),
        text("ManageableState", 40, **READ_ONLY),
        text("FullName", 121, **READ_ONLY),
        of("Metadata", "complexvalue", filterable=False, **READ_ONLY),
        *stamps(),
    ]
    return sobject(
        "CustomField", "Custom Field", "Custom Fields", "00N", own, tooling=True, **_NO_BIN
    )
