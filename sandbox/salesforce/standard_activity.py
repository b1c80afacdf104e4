"""Task and Event: what people did and shall do. Their custom fields are made on Activity."""

from sandbox.salesforce.kinds import (
    CREATE_ONLY,
    READ_ONLY,
    SYSTEM,
    area,
    flag,
    identity,
    iso_code,
    of,
    owner,
    pick,
    refer,
    stamps,
    whole,
)  # fmt: skip
from sandbox.salesforce.model import SObject, sobject
from sandbox.salesforce.standard import ARCHIVED, WHAT, WHO

_EVENT_ARCHIVED = "({t}.ActivityDate < {archive_day})"


def task() -> SObject:
    """Task; its AccountId follows from WhatId or WhoId, its closing from Status."""
    own = [
        *identity(),
        refer("WhoId", WHO, label="Name ID", children="Tasks"),
        refer("WhatId", WHAT, label="Related To ID", children="Tasks"),
        of("Subject", "combobox", length=255, picklist=("Call", "Email", "Send Letter", "Other")),
        of("ActivityDate", "date", label="Due Date Only"),
        pick("Status", "Not Started", "In Progress", "Completed", "Waiting on someone else",
             "Deferred", length=255, nillable=False, defaulted=True, default="Not Started",
             permissionable=False),
        pick("Priority", "High", "Normal", "Low", length=255, nillable=False, defaulted=True,
             default="Normal", permissionable=False),
        flag("IsHighPriority", expression="({t}.Priority = 'High')", **SYSTEM),
        owner(("Group", "User"), label="Assigned To ID"),
        area("Description"),
        pick("Type", "Call", "Email", "Email in", "Email out", "Email reply", "Meeting", "Other"),
        refer("AccountId", "Account", **READ_ONLY),
        flag("IsClosed", **{**SYSTEM, "default": False}),
        iso_code(),
        *stamps(),
        flag("IsArchived", expression=ARCHIVED, **SYSTEM),
        whole("CallDurationInSeconds"),
        pick("CallType", "Internal", "Inbound", "Outbound", length=40),
        of("CallDisposition", "string", length=255, label="Call Result"),
        of("ReminderDateTime", "datetime"),
        flag("IsReminderSet"),
        refer("RecurrenceActivityId", "Task", **READ_ONLY),
        flag("IsRecurrence", **CREATE_ONLY),
        pick("TaskSubtype", "Task", "Email", "List Email", "Cadence", "Call", "LinkedIn",
             length=40, restricted=True, defaulted=True, default="Task", **CREATE_ONLY),
        of("CompletedDateTime", "datetime", **READ_ONLY),
    ]  # fmt: skip
    return sobject("Task", "Task", "Tasks", "00T", own)


def event() -> SObject:
    """Event; it ends after `DurationInMinutes` or at `EndDateTime`."""
    own = [
        *identity(),
        refer("WhoId", WHO, label="Name ID", children="Events"),
        refer("WhatId", WHAT, label="Related To ID", children="Events"),
        of("Subject", "combobox", length=255, picklist=("Call", "Meeting", "Visit", "Other")),
        of("Location", "string", length=255),
        flag("IsAllDayEvent"),
        of("ActivityDateTime", "datetime", label="Due Date Time"),
        of("ActivityDate", "date", label="Due Date Only"),
        whole("DurationInMinutes"),
        of("StartDateTime", "datetime"),
        of("EndDateTime", "datetime"),
        area("Description"),
        refer("AccountId", "Account", **READ_ONLY),
        owner(label="Assigned To ID"),
        pick("Type", "Call", "Email", "Meeting", "Visit", "Other"),
        iso_code(),
        flag("IsPrivate"),
        flag("IsChild", **{**SYSTEM, "default": False}),
        pick("ShowAs", "Busy", "OutOfOffice", "Free", length=40, defaulted=True, default="Busy"),
        *stamps(),
        flag("IsArchived", expression=_EVENT_ARCHIVED, **SYSTEM),
        of("ReminderDateTime", "datetime"),
        flag("IsReminderSet"),
        pick("EventSubtype", "Event", length=40, defaulted=True, default="Event", **CREATE_ONLY),
        flag("IsRecurrence", **CREATE_ONLY),
    ]  # fmt: skip
    return sobject("Event", "Event", "Events", "00U", own)


def task_status() -> SObject:
    """The values of Task.Status, and which of them close it."""
    return _choices("TaskStatus", "Task Status Value", "Task Status Values", "01o", "IsClosed")


def task_priority() -> SObject:
    """The values of Task.Priority."""
    return _choices(
        "TaskPriority", "Task Priority Value", "Task Priority Values", "01p", "IsHighPriority"
    )


def case_status() -> SObject:
    """The values of Case.Status, and which of them close it."""
    return _choices("CaseStatus", "Case Status Value", "Case Status Values", "01e", "IsClosed")


def _choices(name: str, label: str, plural: str, prefix: str, meaning: str) -> SObject:
    own = [
        identity()[0],
        of("MasterLabel", "string", length=255, **SYSTEM),
        of("ApiName", "string", length=255, **{**SYSTEM, "nillable": True}),
        whole("SortOrder", **READ_ONLY),
        flag("IsDefault", **{**SYSTEM, "default": False}),
        flag(meaning, **{**SYSTEM, "default": False}),
        *stamps(),
    ]
    return sobject(
        name, label, plural, prefix, own, createable=False, updateable=False, deletable=False,
        replicateable=False, undeletable=False, searchable=False, layoutable=False,
    )  # fmt: skip


def stage() -> SObject:
    """The stages of an opportunity and what follows from each."""
    own = [
        identity()[0],
        of("MasterLabel", "string", length=255, **SYSTEM),
        of("ApiName", "string", length=255, **{**SYSTEM, "nillable": True}),
        flag("IsActive", **{**SYSTEM, "default": True}),
        whole("SortOrder", **READ_ONLY),
        flag("IsClosed", **{**SYSTEM, "default": False}),
        flag("IsWon", **{**SYSTEM, "default": False}),
        pick("ForecastCategory", "Omitted", "Pipeline", "BestCase", "Forecast", "Closed",
             length=40, **SYSTEM),
        pick("ForecastCategoryName", "Omitted", "Pipeline", "Best Case", "Commit", "Closed",
             length=255, **SYSTEM),
        of("DefaultProbability", "percent", precision=3, scale=0, **READ_ONLY),
        of("Description", "string", length=255, **READ_ONLY),
        *stamps(),
    ]  # fmt: skip
    return sobject(
        "OpportunityStage", "Opportunity Stage", "Opportunity Stages", "01J", own,
        createable=False, updateable=False, deletable=False, replicateable=False,
        undeletable=False, searchable=False, layoutable=False,
    )  # fmt: skip
