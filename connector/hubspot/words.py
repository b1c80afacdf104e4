"""HubSpot's codes of refused records in plain words."""

# code of a refused record -> what happened, what a person can do
WORDS: dict[str, tuple[str, str]] = {
    "PROPERTY_DOESNT_EXIST": (
        "HubSpot has no such property.",
        "Run provisioning, or correct the property's name in the mapping.",
    ),
    "READ_ONLY_VALUE": (
        "HubSpot computes this property and takes no value for it.",
        "Map another property.",
    ),
    "INVALID_OPTION": (
        "The value is not among the property's options.",
        "Add the option to the property in HubSpot, or correct the mapping.",
    ),
    "INVALID_INTEGER": (
        "The value is not a whole number.",
        "Correct the mapping, or the property's type.",
    ),
    "INVALID_NUMBER": ("The value is not a number.", "Correct the mapping or the property's type."),
    "INVALID_DATE": ("The value is not a date.", "Correct the mapping, or the property's type."),
    "INVALID_EMAIL": ("The value is no e-mail address.", "Correct the address on the record."),
    "CONFLICTING_UNIQUE_VALUE": (
        "Another record already has this unique value.",
        "Find the other record in HubSpot and clear the value there.",
    ),
    "CONFLICT": (
        "The record was changed at the same moment, or its value belongs to another record.",
        "Nothing to do: it is sent again with the next run; if it comes back, read the message.",
    ),
    "MISSING_REQUIRED_PROPERTY": (
        "A rule of the account requires a property that is empty.",
        "Fill the named property on the record, or relax the rule.",
    ),
    "MISSING_CONDITIONAL_REQUIRED_PROPERTY": (
        "A rule of the account requires a property once another has this value.",
        "Fill the named property on the record, or relax the rule.",
    ),
    "OBJECT_NOT_FOUND": (
        "The record was deleted or merged in HubSpot.",
        "Nothing to do: the next read takes note of it.",
    ),
    "RECORD_LOCKED": (
        "Another change held the record for too long.",
        "Nothing to do: it is sent again with the next run.",
    ),
    "NO_ANSWER": (
        "HubSpot took the batch but did not confirm this record.",
        "Nothing to do: it is sent again with the next run.",
    ),
    "NOT_A_NUMBER": (
        "The computed value is not a number, and was not sent.",
        "Look at the account's explanation: a source value is out of range.",
    ),
}
