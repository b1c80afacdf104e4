"""The properties every new portal has, and those the pretend company's admin added.

One line per property: name | label | type | flags | options. Types: text, area, html, phone,
number, date, datetime, bool, select, radio, checks. Flags: r value is read only, c calculated (and
read only), o an owner's id, k a company's id, s a pipeline or stage, u unique, m money, a added by
the admin.
Options: VALUE=Label, several split by ;. Source: HubSpot API reference, objects and properties.
"""

EVERYWHERE = """
hs_object_id | Record ID | number | r
hs_object_source | Record creation source | text | r
hs_object_source_id | Record creation source ID | text | r
hs_object_source_label | Record source | text | r
hs_created_by_user_id | Created by user ID | number | r
hs_updated_by_user_id | Updated by user ID | number | r
hs_merged_object_ids | Merged record IDs | checks | r
hs_unique_creation_key | Unique creation key | text | ru
hs_all_owner_ids | All owner IDs | checks | ro
hs_user_ids_of_all_owners | User IDs of all owners | checks | r
hs_was_imported | Performed in an import | bool | r
hs_read_only | Read only object | bool | r
hubspot_owner_id | Owner | select | o
hubspot_owner_assigneddate | Owner assigned date | datetime | r
hubspot_team_id | Team | select | r
"""

_LIFECYCLE = (
    "subscriber=Subscriber;lead=Lead;marketingqualifiedlead=Marketing Qualified Lead;"
    "salesqualifiedlead=Sales Qualified Lead;opportunity=Opportunity;customer=Customer;"
    "evangelist=Evangelist;other=Other"
)

_BUYING_ROLES = (
    "BLOCKER=Blocker;BUDGET_HOLDER=Budget Holder;CHAMPION=Champion;DECISION_MAKER=Decision Maker;"
    "END_USER=End User;EXECUTIVE_SPONSOR=Executive Sponsor;INFLUENCER=Influencer;"
    "LEGAL_AND_COMPLIANCE=Legal & Compliance;OTHER=Other"
)

_INDUSTRIES = (
    "ACCOUNTING;AIRLINES_AVIATION;APPAREL_FASHION;AUTOMOTIVE;BANKING;BIOTECHNOLOGY;CHEMICALS;"
    "COMPUTER_SOFTWARE;CONSTRUCTION;CONSUMER_GOODS;EDUCATION_MANAGEMENT;FINANCIAL_SERVICES;"
    "FOOD_BEVERAGES;GOVERNMENT_ADMINISTRATION;HOSPITAL_HEALTH_CARE;HOSPITALITY;"
    "INFORMATION_TECHNOLOGY_AND_SERVICES;INSURANCE;LOGISTICS_AND_SUPPLY_CHAIN;MACHINERY;"
    "MANAGEMENT_CONSULTING;MEDICAL_DEVICES;OIL_ENERGY;PHARMACEUTICALS;REAL_ESTATE;RETAIL;"
    "TELECOMMUNICATIONS;TRANSPORTATION_TRUCKING_RAILROAD;UTILITIES"
)

_COUNTERS = """
notes_last_contacted | Last Contacted | datetime | r
notes_last_updated | Last Activity Date | datetime | r
notes_next_activity_date | Next Activity Date | datetime | r
num_contacted_notes | Number of times contacted | number | r
num_notes | Number of Sales Activities | number | r
"""

COMPANIES = f"""
name | Company name | text
domain | Company Domain Name | text
hs_additional_domains | Additional Domains | checks | r
website | Website URL | text
phone | Phone Number | phone
description | Description | area
about_us | About Us | area
address | Street Address | text
city | City | text
state | State/Region | text
zip | Postal Code | text
country | Country/Region | text
timezone | Time Zone | text
industry | Industry | select | | {_INDUSTRIES}
type | Type | select | | PROSPECT=Prospect;PARTNER=Partner;RESELLER=Reseller;VENDOR=Vendor;OTHER=Other
annualrevenue | Annual Revenue | number | m
hs_annual_revenue_currency_code | Annual Revenue Currency Code | select | | USD;EUR;GBP
numberofemployees | Number of Employees | number
lifecyclestage | Lifecycle Stage | radio | | {_LIFECYCLE}
hs_lead_status | Lead Status | radio | | NEW=New;OPEN=Open;CONNECTED=Connected
hs_parent_company_id | Parent Company | number | rk
hs_num_child_companies | Number of child companies | number | r
hs_ideal_customer_profile | Ideal Customer Profile Tier | select | | tier_1=Tier 1;tier_2=Tier 2;tier_3=Tier 3
hs_is_target_account | Target Account | bool
createdate | Create Date | datetime | r
hs_lastmodifieddate | Last Modified Date | datetime | r
closedate | Close Date | datetime
num_associated_contacts | Number of Associated Contacts | number | c
num_associated_deals | Number of Associated Deals | number | c
hs_num_open_deals | Number of open deals | number | c
hs_total_deal_value | Total open deal value | number | c
hs_num_decision_makers | Number of decision makers | number | c
hs_num_contacts_with_buying_roles | Number of contacts with a buying role | number | c
hs_num_blockers | Number of blockers | number | c
recent_deal_amount | Recent Deal Amount | number | r
recent_deal_close_date | Recent Deal Close Date | datetime | r
total_revenue | Total Revenue | number | r
hs_last_sales_activity_timestamp | Last Engagement Date | datetime | r
hs_last_sales_activity_type | Last Engagement Type | text | r
hs_last_logged_call_date | Last Logged Call Date | datetime | r
hs_last_booked_meeting_date | Last Booked Meeting Date | datetime | r
hs_sales_email_last_replied | Recent Sales Email Replied Date | datetime | r
segment | Segment | select | a
annual_recurring_revenue | Annual recurring revenue | number | am
customer_since | Customer since | date | a
renewal_date | Renewal date | date | a
churned_on | Churned on | date | a
churn_reason | Churn reason | text | a
account_currency | Account currency | text | a
executive_partner | Executive partner | select | ao
sales_engineer | Sales engineer | select | ao
professional_services | Professional services | select | ao
customer_service_manager | Customer service manager | select | ao
technical_lead | Technical lead | select | ao
{_COUNTERS}"""  # noqa: E501 - one line per property

CONTACTS = f"""
email | Email | text
hs_additional_emails | Additional email addresses | checks | r
firstname | First Name | text
lastname | Last Name | text
hs_full_name_or_email | Full name or email | text | c
jobtitle | Job Title | text
company | Company Name | text
phone | Phone Number | phone
mobilephone | Mobile Phone Number | phone
country | Country/Region | text
city | City | text
hs_timezone | Time Zone | text
hs_language | Preferred language | text
associatedcompanyid | Primary Associated Company ID | number | k
lifecyclestage | Lifecycle Stage | radio | | {_LIFECYCLE}
hs_lead_status | Lead Status | radio | | NEW=New;OPEN=Open;CONNECTED=Connected
hs_buying_role | Buying Role | checks | | {_BUYING_ROLES}
hs_email_domain | Email Domain | text | c
hs_email_optout | Unsubscribed from all email | bool | r
hs_email_bounce | Marketing emails bounced | number | r
hs_email_hard_bounce_reason_enum | Email hard bounce reason | select | r | BLOCKED;CONTENT;MAILBOX_FULL;OTHER;POLICY;SPAM;UNKNOWN_USER
createdate | Create Date | datetime | r
lastmodifieddate | Last Modified Date | datetime | r
closedate | Close Date | datetime
hs_sales_email_last_replied | Recent Sales Email Replied Date | datetime | r
num_associated_deals | Number of Associated Deals | number | c
dmu_level | Level in the buying unit | select | a | decision_maker=Decision maker;influencer=Influencer;user=User
left_company_on | Left the company on | date | a
bounced_on | Bounced on | datetime | a
inactive | Inactive | bool | a
{_COUNTERS}"""  # noqa: E501 - one line per property

DEALS = f"""
dealname | Deal Name | text
amount | Amount | number | m
amount_in_home_currency | Amount in company currency | number | c
deal_currency_code | Currency | select | | USD;EUR;GBP
hs_exchange_rate | Exchange rate | number | c
closedate | Close Date | datetime
createdate | Create Date | datetime
hs_createdate | HubSpot Create Date | datetime | r
hs_lastmodifieddate | Last Modified Date | datetime | r
dealstage | Deal Stage | radio | s
pipeline | Pipeline | select | s
dealtype | Deal Type | radio | | newbusiness=New Business;existingbusiness=Existing Business;renewal=Renewal;upsell=Upsell;cross_sell=Cross-sell
description | Deal Description | area
hs_is_closed | Is Deal Closed? | bool | c
hs_is_closed_won | Is Closed Won | bool | c
hs_is_closed_lost | Is closed lost | bool | c
hs_deal_stage_probability | Deal probability | number | c
hs_closed_amount | Closed Deal Amount | number | c
hs_closed_amount_in_home_currency | Closed Deal Amount In Home Currency | number | c
hs_projected_amount | Weighted amount | number | c
hs_projected_amount_in_home_currency | Weighted amount in company currency | number | c
hs_forecast_amount | Forecast amount | number
hs_forecast_probability | Forecast probability | number
hs_manual_forecast_category | Forecast category | select | | OMIT=Not forecasted;PIPELINE=Pipeline;BEST_CASE=Best case;COMMIT=Commit;CLOSED=Closed won
hs_arr | Annual recurring revenue | number | r
hs_mrr | Monthly recurring revenue | number | r
hs_acv | Annual contract value | number | r
hs_tcv | Total contract value | number | r
hs_next_step | Next step | text
hs_priority | Priority | select | | low=Low;medium=Medium;high=High
closed_lost_reason | Closed Lost Reason | area
closed_won_reason | Closed Won Reason | area
num_associated_contacts | Number of Associated Contacts | number | c
product | Product | text | a
{_COUNTERS}"""  # noqa: E501 - one line per property

TICKETS = """
subject | Ticket name | text
content | Ticket description | area
hs_pipeline | Pipeline | select | s
hs_pipeline_stage | Ticket status | select | s
hs_ticket_priority | Priority | select | | LOW=Low;MEDIUM=Medium;HIGH=High;URGENT=Urgent
hs_ticket_category | Category | checks | | PRODUCT_ISSUE=Product Issue;BILLING_ISSUE=Billing Issue;FEATURE_REQUEST=Feature Request;GENERAL_INQUIRY=General Inquiry
hs_is_closed | Is closed | bool | c
createdate | Create date | datetime
hs_lastmodifieddate | Last modified date | datetime | r
closed_date | Close date | datetime
time_to_close | Time to close | number | c
source_type | Source | select | | CHAT=Chat;EMAIL=Email;FORM=Form;PHONE=Phone
hs_resolution | Resolution | area
escalated | Escalated | bool | a
"""  # noqa: E501 - one line per property

PRODUCTS = """
name | Name | text
description | Product description | area
price | Unit price | number | m
hs_sku | SKU | text
hs_cost_of_goods_sold | Unit cost | number
createdate | Create Date | datetime | r
hs_lastmodifieddate | Last Modified Date | datetime | r
product_family | Product family | text | a
"""

LINE_ITEMS = """
name | Name | text
description | Description | area
hs_product_id | Product ID | number
quantity | Quantity | number
price | Unit price | number | m
amount | Net price | number | m
discount | Unit discount | number
hs_discount_percentage | Discount percentage | number
hs_line_item_currency_code | Currency | select | | USD;EUR;GBP
recurringbillingfrequency | Billing frequency | select | | annually=Annually;monthly=Monthly;quarterly=Quarterly
hs_sku | SKU | text
createdate | Create Date | datetime | r
hs_lastmodifieddate | Last Modified Date | datetime | r
product_family | Product family | text | a
"""  # noqa: E501 - one line per property

FEEDBACK_SUBMISSIONS = """
hs_survey_id | Survey ID | number | r
hs_survey_name | Survey name | text | r
hs_survey_type | Survey type | select | r | NPS;CSAT;CES;KNOWLEDGE;CUSTOM
hs_survey_channel | Survey channel | select | r | EMAIL=Email;WEB=Web page;CHAT=Chat
hs_value | Rating | text | r
hs_response_group | Response group | select | r | PROMOTER;PASSIVE;DETRACTOR;0;1;2
hs_content | Response | area | r
hs_sentiment | Sentiment | select | r | POSITIVE;NEUTRAL;NEGATIVE
hs_submission_timestamp | Date submitted | datetime | r
hs_submission_name | Submission name | text | r
hs_contact_id | Contact ID | number | r
hs_contact_email_rollup | Contact email | text | r
hs_ingestion_id | Ingestion ID | text | r
hs_createdate | Object create date/time | datetime | r
hs_lastmodifieddate | Object last modified date/time | datetime | r
"""

_ENGAGEMENT = """
hs_timestamp | Activity date | datetime
hs_createdate | Create date | datetime | r
hs_lastmodifieddate | Last modified date | datetime | r
hs_attachment_ids | Attached file IDs | text
hs_queue_membership_ids | Queue IDs | checks
hs_engagement_source | Source | text | r
"""

TASKS = f"""{_ENGAGEMENT}
hs_task_subject | Task Title | text
hs_task_body | Task Notes | html
hs_task_status | Task Status | select | | NOT_STARTED=Not started;IN_PROGRESS=In progress;WAITING=Waiting;DEFERRED=Deferred;COMPLETED=Completed
hs_task_priority | Priority | select | | NONE=None;LOW=Low;MEDIUM=Medium;HIGH=High
hs_task_type | Task Type | select | | TODO=To-do;CALL=Call;EMAIL=Email
hs_task_reminders | Reminder date | text
hs_task_completion_date | Completed at | datetime | r
hs_task_is_completed | Is complete | number | c
"""  # noqa: E501 - one line per property

NOTES = f"""{_ENGAGEMENT}
hs_note_body | Note body | html
"""

MEETINGS = f"""{_ENGAGEMENT}
hs_meeting_title | Meeting name | text
hs_meeting_body | Meeting description | html
hs_meeting_start_time | Meeting start time | datetime
hs_meeting_end_time | Meeting end time | datetime
hs_meeting_outcome | Meeting outcome | select | | SCHEDULED=Scheduled;COMPLETED=Completed;RESCHEDULED=Rescheduled;NO_SHOW=No Show;CANCELED=Canceled
hs_activity_type | Call and meeting type | select | | Meeting;Visit
"""  # noqa: E501 - one line per property

CALLS = f"""{_ENGAGEMENT}
hs_call_title | Call Title | text
hs_call_body | Call notes | html
hs_call_direction | Call direction | select | | INBOUND=Inbound;OUTBOUND=Outbound
hs_call_disposition | Call outcome | select | | f240bbac-87c9-4f6e-bf70-924b57d47db7=Connected;9d9162e7-6cf3-4944-bf63-4dff82258764=Busy;73a0d17f-1163-4015-bdd5-ec830791da20=No answer;b2cf5968-551e-4856-9783-52b3da59a7d0=Left voicemail
hs_call_duration | Call duration | number
hs_call_status | Call status | select | | COMPLETED;BUSY;CANCELED;FAILED;NO_ANSWER
hs_activity_type | Call and meeting type | select | | Meeting;Visit
"""  # noqa: E501 - one line per property

EMAILS = f"""{_ENGAGEMENT}
hs_email_subject | Email subject | text
hs_email_text | Email body text | area
hs_email_html | Email body | html
hs_email_direction | Email direction | select | | EMAIL=Email;INCOMING_EMAIL=Incoming email;FORWARDED_EMAIL=Forwarded email
hs_email_status | Email send status | select | | BOUNCED;FAILED;SCHEDULED;SENDING;SENT
hs_email_reply_count | Number of email replies | number | r
hs_email_open_count | Number of email opens | number | r
hs_email_headers | Email headers | area
"""  # noqa: E501 - one line per property

LINES = {
    "companies": COMPANIES,
    "contacts": CONTACTS,
    "deals": DEALS,
    "tickets": TICKETS,
    "products": PRODUCTS,
    "line_items": LINE_ITEMS,
    "feedback_submissions": FEEDBACK_SUBMISSIONS,
    "tasks": TASKS,
    "notes": NOTES,
    "meetings": MEETINGS,
    "calls": CALLS,
    "emails": EMAILS,
}
