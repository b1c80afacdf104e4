"""The objects of the pretend org that sales people work with, and its own custom fields."""

from sandbox.salesforce.kinds import (
    CREATE_ONLY,
    MANDATORY,
    READ_ONLY,
    SYSTEM,
    address,
    area,
    flag,
    identity,
    iso_code,
    money,
    of,
    owner,
    pick,
    refer,
    stamps,
    text,
    whole,
)  # fmt: skip
from sandbox.salesforce.model import Field, SObject, sobject

WHAT = ("Account", "Opportunity", "Case", "Product2")
WHO = ("Contact", "Lead")
ROLES = (
    "Business User", "Decision Maker", "Economic Buyer", "Economic Decision Maker", "Evaluator",
    "Executive Sponsor", "Influencer", "Technical Buyer", "Other",
)  # fmt: skip
_INDUSTRIES = (
    "Agriculture", "Banking", "Chemicals", "Construction", "Consulting", "Education",
    "Electronics", "Energy", "Finance", "Government", "Healthcare", "Insurance", "Manufacturing",
    "Media", "Retail", "Technology", "Telecommunications", "Transportation", "Utilities", "Other",
)  # fmt: skip
_LAST_ACTIVITY = (
    "(SELECT max(a) FROM (SELECT max(ActivityDate) AS a FROM sf_Task x WHERE x.{key} = {{t}}.Id"
    " AND x.IsDeleted = 0 AND x.IsClosed = 1 UNION ALL SELECT max(ActivityDate) FROM sf_Event y"
    " WHERE y.{key} = {{t}}.Id AND y.IsDeleted = 0 AND y.ActivityDate <= {{today}}))"
)
ARCHIVED = (
    "({t}.IsClosed = 1 AND COALESCE({t}.ActivityDate, substr({t}.CreatedDate, 1, 10))"
    " < {archive_day})"
)


def _last_activity(key: str) -> Field:
    return of("LastActivityDate", "date", expression=_LAST_ACTIVITY.format(key=key), **READ_ONLY)


def _merged_into(name: str) -> Field:
    return refer("MasterRecordId", name, **READ_ONLY)


def account() -> SObject:
    """Account, with the pretend org's ARR, segment, renewal and churn fields."""
    own = [
        *identity(length=255),
        _merged_into("Account"),
        pick("Type", "Prospect", "Customer", "Former Customer", "Partner", "Other", length=40),
        refer("ParentId", "Account", children="ChildAccounts"),
        *address("Billing"),
        *address("Shipping"),
        of("Phone", "phone", length=40),
        of("Fax", "phone", length=40),
        text("AccountNumber", 40),
        of("Website", "url", length=255),
        text("Sic", 20),
        pick("Industry", *_INDUSTRIES, length=40),
        money("AnnualRevenue", 0),
        whole("NumberOfEmployees", label="Employees"),
        pick("Ownership", "Public", "Private", "Subsidiary", "Other", length=40),
        area("Description"),
        pick("Rating", "Hot", "Warm", "Cold", length=40),
        text("Site", 80),
        iso_code(),
        owner(),
        *stamps(),
        _last_activity("AccountId"),
        pick("AccountSource", "Web", "Phone Inquiry", "Partner Referral", "Other", length=255),
        pick("Segment__c"),
        money("ARR__c", label="ARR"),
        of("Customer_Since__c", "date"),
        of("Renewal_Date__c", "date"),
        of("Churned_On__c", "date"),
        text("Churn_Reason__c", 255),
        of(
            "Days_To_Renewal__c", "double", precision=18, scale=0,
            expression="(julianday({t}.Renewal_Date__c) - julianday({today}))",
            formula="Renewal_Date__c - TODAY()", **READ_ONLY,
        ),
    ]  # fmt: skip
    return sobject("Account", "Account", "Accounts", "001", own, mergeable=True)


def contact() -> SObject:
    """Contact, with the level in the decision-making unit."""
    part = {"compound": "Name"}
    own = [
        *identity(),
        _merged_into("Contact"),
        refer("AccountId", "Account", children="Contacts"),
        text("LastName", 80, **part, **MANDATORY),
        text("FirstName", 40, permissionable=False, **part),
        pick("Salutation", "Mr.", "Ms.", "Dr.", "Prof.", length=40, permissionable=False, **part),
        text("Name", 121, name_field=True, label="Full Name", **SYSTEM),
        *address("Mailing"),
        of("Phone", "phone", length=40),
        of("MobilePhone", "phone", length=40),
        refer("ReportsToId", "Contact", children="DirectReports"),
        of("Email", "email", length=80, id_lookup=True),
        text("Title", 128),
        text("Department", 80),
        pick("LeadSource", "Web", "Phone Inquiry", "Partner Referral", "Other", length=255),
        of("Birthdate", "date"),
        area("Description"),
        iso_code(),
        owner(),
        flag("HasOptedOutOfEmail", label="Email Opt Out"),
        *stamps(),
        _last_activity("WhoId"),
        text("EmailBouncedReason", 255),
        of("EmailBouncedDate", "datetime"),
        flag(
            "IsEmailBounced", expression="({t}.EmailBouncedReason IS NOT NULL)",
            permissionable=False, **READ_ONLY,
        ),
        pick("DMU_Level__c", "Decision maker", "Influencer", "User", restricted=True,
             label="DMU Level"),
        of("Left_Company_On__c", "date"),
        flag("Inactive__c"),
    ]  # fmt: skip
    return sobject("Contact", "Contact", "Contacts", "003", own, mergeable=True)


def lead() -> SObject:
    """Lead, so far as activities can point at one."""
    part = {"compound": "Name"}
    own = [
        *identity(),
        _merged_into("Lead"),
        text("LastName", 80, **part, **MANDATORY),
        text("FirstName", 40, permissionable=False, **part),
        text("Name", 121, name_field=True, label="Full Name", **SYSTEM),
        text("Company", 255, **MANDATORY),
        text("Title", 128),
        of("Email", "email", length=80, id_lookup=True),
        pick("Status", "Open - Not Contacted", "Working - Contacted", "Closed - Converted",
             "Closed - Not Converted", length=255, nillable=False, defaulted=True,
             default="Open - Not Contacted", permissionable=False),
        flag("IsConverted", **{**SYSTEM, "default": False}),
        owner(("Group", "User")),
        *stamps(),
    ]  # fmt: skip
    return sobject("Lead", "Lead", "Leads", "00Q", own, mergeable=True)


def opportunity() -> SObject:
    """Opportunity; what follows from its stage is in OpportunityStage."""
    own = [
        *identity(length=120),
        refer("AccountId", "Account", children="Opportunities"),
        area("Description"),
        pick("StageName", length=255, label="Stage", **MANDATORY),
        money("Amount"),
        of("Probability", "percent", precision=3, scale=0, defaulted=True),
        money("ExpectedRevenue", expression="({t}.Amount * {t}.Probability / 100.0)", **READ_ONLY),
        of("CloseDate", "date", **MANDATORY),
        pick("Type", "New Business", "Renewal", "Upsell", "Cross-sell", label="Opportunity Type"),
        text("NextStep", 255),
        pick("LeadSource", "Web", "Phone Inquiry", "Partner Referral", "Other", length=255),
        flag("IsClosed", **{**SYSTEM, "default": False}),
        flag("IsWon", **{**SYSTEM, "default": False}),
        pick("ForecastCategory", "Omitted", "Pipeline", "BestCase", "Forecast", "Closed",
             length=40, **SYSTEM),
        pick("ForecastCategoryName", "Omitted", "Pipeline", "Best Case", "Commit", "Closed",
             defaulted=True),
        flag(
            "HasOpportunityLineItem", expression="EXISTS (SELECT 1 FROM sf_OpportunityLineItem l"
            " WHERE l.OpportunityId = {t}.Id AND l.IsDeleted = 0)", **{**SYSTEM, "default": False},
        ),
        iso_code(),
        owner(),
        *stamps(),
        whole("FiscalQuarter", expression="((CAST(substr({t}.CloseDate, 6, 2) AS INTEGER) + 2)"
              " / 3)", **READ_ONLY),
        whole("FiscalYear", expression="CAST(substr({t}.CloseDate, 1, 4) AS INTEGER)",
              **READ_ONLY),
        refer("ContactId", "Contact", **CREATE_ONLY),
        of("LastStageChangeDate", "datetime", **READ_ONLY),
        _last_activity("WhatId"),
        text("Loss_Reason__c", 255),
        text("Product__c", 255),
    ]  # fmt: skip
    return sobject("Opportunity", "Opportunity", "Opportunities", "006", own)


def opportunity_contact_role() -> SObject:
    """Who plays which role in one deal; deleted directly it is gone without a trace."""
    own = [
        *identity(),
        refer("OpportunityId", "Opportunity", children="OpportunityContactRoles", cascade=True,
              **CREATE_ONLY, **MANDATORY),
        refer("ContactId", "Contact", children="OpportunityContactRoles", cascade=True,
              **MANDATORY),
        pick("Role", *ROLES, length=40, permissionable=False),
        flag("IsPrimary", permissionable=False),
        iso_code(),
        *stamps(),
    ]  # fmt: skip
    return sobject(
        "OpportunityContactRole", "Opportunity Contact Role", "Opportunity Contact Roles", "00K",
        own, trace=False, undeletable=False, layoutable=False,
    )  # fmt: skip


def account_contact_relation() -> SObject:
    """Contacts of several accounts; the row of a contact's own account is the direct one."""
    own = [
        *identity(),
        refer("AccountId", "Account", children="AccountContactRelations", cascade=True,
              **CREATE_ONLY, **MANDATORY),
        refer("ContactId", "Contact", children="AccountContactRelations", cascade=True,
              **CREATE_ONLY, **MANDATORY),
        of("Roles", "multipicklist", length=4099, precision=4, picklist=ROLES),
        flag("IsDirect", **{**SYSTEM, "default": False}),
        flag("IsActive", True),
        of("StartDate", "date"),
        of("EndDate", "date"),
        *stamps(),
    ]  # fmt: skip
    return sobject(
        "AccountContactRelation", "Account Contact Relationship", "Account Contact Relationships",
        "07k", own, feature="contacts_to_multiple_accounts",
    )  # fmt: skip


def account_team_member() -> SObject:
    """Our colleagues around an account; deleted directly they are gone without a trace."""
    levels = ("None", "Read", "Edit")
    own = [
        *identity(),
        refer("AccountId", "Account", children="AccountTeamMembers", cascade=True,
              **CREATE_ONLY, **MANDATORY),
        refer("UserId", "User", children="AccountTeams", **CREATE_ONLY, **MANDATORY),
        pick("TeamMemberRole", "Account Manager", "Executive Sponsor", "Sales Manager",
             "Customer Success Manager", length=40),
        *(pick(f"{of_}AccessLevel", *levels, length=40, restricted=True, defaulted=True,
               default="Read") for of_ in ("Account", "Opportunity", "Case", "Contact")),
        iso_code(),
        *stamps(),
    ]  # fmt: skip
    return sobject(
        "AccountTeamMember", "Account Team Member", "Account Team Members", "01M", own,
        feature="account_teams", trace=False, undeletable=False, layoutable=False,
    )  # fmt: skip


def product() -> SObject:
    """What is sold."""
    own = [
        *identity(length=255),
        text("ProductCode", 255),
        area("Description", 4000),
        flag("IsActive", True),
        pick("Family", length=255),
        iso_code(),
        *stamps(),
    ]
    return sobject("Product2", "Product", "Products", "01t", own)


def line_item() -> SObject:
    """What an opportunity is about, product by product."""
    own = [
        *identity(),
        refer("OpportunityId", "Opportunity", children="OpportunityLineItems", cascade=True,
              **CREATE_ONLY, **MANDATORY),
        whole("SortOrder"),
        refer("Product2Id", "Product2", children="OpportunityLineItems", relationship="Product2",
              **CREATE_ONLY, **MANDATORY),
        text("Name", 376, name_field=True, **{**SYSTEM, "nillable": True}),
        of("Quantity", "double", precision=12, scale=2, **MANDATORY),
        money("TotalPrice"),
        money("UnitPrice", label="Sales Price"),
        of("ServiceDate", "date", label="Date"),
        text("Description", 255),
        iso_code(),
        *stamps(),
    ]  # fmt: skip
    return sobject(
        "OpportunityLineItem", "Opportunity Product", "Opportunity Products", "00k", own,
        layoutable=False,
    )  # fmt: skip


def case() -> SObject:
    """A support case."""
    own = [
        *identity(),
        _merged_into("Case"),
        text("CaseNumber", 30, name_field=True, auto_number=True, id_lookup=True, **SYSTEM),
        refer("ContactId", "Contact", children="Cases"),
        refer("AccountId", "Account", children="Cases"),
        refer("ParentId", "Case", children="Cases"),
        text("SuppliedName", 80),
        of("SuppliedEmail", "email", length=80),
        pick("Type", "Question", "Problem", "Feature Request", label="Case Type"),
        pick("Status", "New", "Working", "Escalated", "Closed", length=255, nillable=False,
             defaulted=True, default="New", permissionable=False),
        pick("Reason", "Installation", "Performance", "Breakdown", "Other", label="Case Reason"),
        pick("Origin", "Phone", "Email", "Web", label="Case Origin"),
        text("Subject", 255),
        pick("Priority", "Low", "Medium", "High", "Critical", defaulted=True, default="Medium"),
        area("Description"),
        flag("IsClosed", **{**SYSTEM, "default": False}),
        of("ClosedDate", "datetime", **READ_ONLY),
        flag("IsEscalated", label="Escalated"),
        iso_code(),
        owner(("Group", "User")),
        *stamps(),
        of("ContactEmail", "email", length=80, permissionable=False, **READ_ONLY,
           expression="(SELECT c.Email FROM sf_Contact c WHERE c.Id = {t}.ContactId)"),
    ]  # fmt: skip
    return sobject("Case", "Case", "Cases", "500", own, mergeable=True)
