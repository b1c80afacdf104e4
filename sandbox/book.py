"""The six accounts of the method's book, with exactly its annual values and contact counts.

Ages are days before the portfolio's `as_of`. Contacts are numbered from 0 in each account.
Source: Account Experience (CustomerGauge, 2019), account overview and coverage example.
"""

from dataclasses import dataclass

_D, _I, _U = "decision_maker", "influencer", "user"


@dataclass(frozen=True)
class Story:
    """One account: people, what they answered, and what happened."""

    name: str
    domain: str
    industry: str
    country: str
    annual_value: int  # USD per year
    customer_days: int
    renewal_in_days: int
    contacts: tuple[tuple[str, str, str, str | None], ...]  # first, last, title, level
    answers: tuple[tuple[int, int, int, str | None, str | None], ...]
    # contact, days ago, NPS score, comment, drivers
    invited: tuple[int, ...]  # contacts of the latest campaign
    activities: tuple[tuple[int, str, str, int], ...]  # contact, kind, direction, days ago
    opportunities: tuple[tuple[str, str, float, int, int], ...]
    # type, stage, share of the annual value, created days ago, closes in days
    cases: tuple[tuple[int, str, int, int | None, bool], ...] = ()
    # contact, priority, opened days ago, closed days ago, escalated
    left: tuple[tuple[int, int], ...] = ()  # contact, days ago
    team: tuple[str, ...] = ("Executive Partner", "Customer Service Manager")


ACCOUNTS = (
    Story(
        name="Elements Air Lines",
        domain="elementsairlines.example",
        industry="Transportation",
        country="United States",
        annual_value=6_055_836,
        customer_days=1_900,
        renewal_in_days=120,
        contacts=(
            ("Vera", "Lindgren", "Chief Operating Officer", _D),
            ("James", "Abbott", "Chief Financial Officer", _D),
            ("Priya", "Rao", "VP Customer Service", _D),
            ("Marco", "Ferrari", "VP Operations", _D),
            ("Ingrid", "Dahl", "Director of IT", _I),
            ("Oscar", "Brooks", "Operations Manager", _I),
            ("Chen", "Wang", "Purchasing Manager", _I),
            ("Fiona", "Murphy", "Quality Manager", _I),
            ("Tariq", "Haddad", "Planner", _U),
            ("Lotte", "Jansen", "Coordinator", _U),
            ("Sanjay", "Gupta", "Analyst", _U),
            ("Hana", "Kato", "Service Desk Specialist", _U),
        ),
        answers=(
            (0, 40, 10, "You make our delays shorter. I tell other airlines so.", "Product"),
            (1, 41, 9, None, "Commercial>Price"),
            (2, 38, 10, "Answers within the hour.", "Service>Response time"),
            (4, 37, 9, None, "Product>Reliability"),
            (5, 36, 10, "Our account manager knows our business.", "Account management"),
            (6, 42, 9, None, None),
            (8, 35, 9, None, "Product>Ease of use"),
            (9, 39, 10, "The roll-out was on time.", "Delivery>On time"),
            (10, 33, 8, "Reports could be quicker.", "Product>Performance"),
            (0, 220, 9, None, "Product"),
            (8, 221, 8, None, None),
        ),
        invited=tuple(range(12)),
        activities=(
            (0, "meeting", "two_way", 6),
            (4, "call", "two_way", 12),
            (5, "email", "inbound", 15),
            (1, "meeting", "two_way", 60),
            (2, "visit", "two_way", 95),
        ),
        opportunities=(
            ("renewal", "Closed Won", 0.94, 690, -610),
            ("renewal", "Closed Won", 1.0, 330, -245),
            ("upsell", "Closed Won", 0.15, 240, -180),
            ("renewal", "Verbal Commitment", 1.05, 40, 120),
        ),
        cases=((11, "low", 70, 66, False),),
    ),
    Story(
        name="Mega Resorts International",
        domain="megaresorts.example",
        industry="Hospitality",
        country="United States",
        annual_value=5_822_390,
        customer_days=1_300,
        renewal_in_days=210,
        contacts=(
            ("Diego", "Castillo", "Managing Director", _D),
            ("Grace", "Owens", "Chief Information Officer", _D),
            ("Henrik", "Holm", "Chief Procurement Officer", _D),
            ("Nadia", "Rahman", "VP Operations", _D),
            ("Leo", "Conti", "Head of Procurement", _D),
            ("Esther", "Osei", "Director of Operations", _I),
            ("Paolo", "Bianchi", "IT Manager", _I),
            ("Maya", "Kapoor", "Finance Manager", _I),
            ("Erik", "Larsen", "Programme Manager", _I),
            ("Renata", "Costa", "Purchasing Manager", _I),
            ("Noah", "Mitchell", "Coordinator", _U),
            ("Yuki", "Tanaka", "Planner", _U),
            ("Rosa", "Ortega", "Shift Supervisor", _U),
            ("Ivan", "Petrov", "Administrator", _U),
            ("Leila", "Farah", "Accountant", _U),
        ),
        answers=(
            (0, 55, 8, None, "Commercial>Contract terms"),
            (1, 52, 9, "Stable since day one.", "Product>Reliability"),
            (5, 50, 7, "Good people, average product.", "Product>Features"),
            (6, 51, 8, None, "Service>Knowledge"),
            (10, 49, 6, "The mobile app logs us out every shift.", "Product>Reliability"),
            (11, 48, 9, None, "Product>Ease of use"),
        ),
        invited=tuple(range(15)),
        activities=(
            (1, "meeting", "two_way", 34),
            (5, "email", "outbound", 20),
            (10, "call", "inbound", 9),
        ),
        opportunities=(
            ("renewal", "Closed Won", 0.98, 600, -520),
            ("renewal", "Closed Won", 1.0, 240, -155),
            ("cross_sell", "Proposal", 0.1, 45, 75),
        ),
        cases=((10, "high", 12, None, False), (13, "normal", 30, 25, False)),
    ),
    Story(
        name="Australian Roo Motors",
        domain="roomotors.example",
        industry="Manufacturing",
        country="Australia",
        annual_value=5_409_264,
        customer_days=900,
        renewal_in_days=75,
        contacts=(
            ("Jasper", "Collins", "Purchasing Manager", _I),
            ("Amelia", "Young", "Buyer", _U),
        ),
        answers=(),
        invited=(0, 1),
        activities=((0, "email", "outbound", 30), (0, "call", "two_way", 190)),
        opportunities=(
            ("renewal", "Closed Won", 1.0, 720, -655),
            ("renewal", "Closed Won", 1.0, 360, -290),
            ("renewal", "Qualification", 1.0, 30, 75),
        ),
        team=("Customer Service Manager",),
    ),
    Story(
        name="The Toz Corporation",
        domain="tozcorporation.example",
        industry="Electronics",
        country="United Kingdom",
        annual_value=5_379_792,
        customer_days=1_500,
        renewal_in_days=50,
        contacts=(
            ("Rebecca", "Marsh", "Chief Executive Officer", _D),
            ("Oliver", "Fraser", "Chief Operating Officer", _D),
            ("Zainab", "Hussain", "Chief Information Officer", _D),
            ("William", "Reid", "VP Supply Chain", _D),
            ("Claire", "Bennett", "Head of Procurement", _D),
            ("Samuel", "Hughes", "Director of IT", _I),
            ("Deepa", "Sharma", "Director of Quality", _I),
            ("Liam", "Foster", "Plant Manager", _I),
            ("Johanna", "Berg", "IT Manager", _I),
            ("Omar", "Hassan", "Engineer", _U),
            ("Nina", "Walker", "Technician", _U),
            ("Karim", "Ahmed", "Planner", _U),
            ("Tessa", "Graham", "Analyst", _U),
            ("Kofi", "Mbeki", "Buyer", _U),
        ),
        answers=(
            (1, 25, 2, "Three outages in a quarter. We are preparing a tender.", "Product"),
            (2, 24, 4, "Nobody called us back.", "Service>Response time"),
            (5, 26, 3, "We were promised a fix in spring.", "Product>Reliability"),
            (6, 22, 6, None, "Service>Resolution"),
            (9, 23, 5, "It stops every Monday.", "Product>Performance"),
            (10, 21, 7, None, None),
            (1, 205, 8, None, "Product"),
            (5, 206, 7, None, None),
        ),
        invited=tuple(range(14)),
        activities=(
            (2, "email", "inbound", 18),
            (5, "call", "inbound", 11),
            (1, "meeting", "two_way", 110),
        ),
        opportunities=(
            ("renewal", "Closed Won", 1.2, 760, -680),
            ("renewal", "Closed Won", 1.0, 400, -315),
            ("renewal", "Prospecting", 1.0, 60, 50),
        ),
        cases=(
            (5, "critical", 33, None, True),
            (9, "high", 20, None, True),
            (10, "high", 80, 41, False),
        ),
    ),
    Story(
        name="Galaxy National Bank",
        domain="galaxynationalbank.example",
        industry="Banking",
        country="Canada",
        annual_value=5_345_004,
        customer_days=2_300,
        renewal_in_days=300,
        contacts=(
            ("Hannah", "Laurent", "Chief Financial Officer", _D),
            ("Victor", "Novak", "Chief Information Officer", _D),
            ("Mei", "Zhang", "VP Operations", _D),
            ("Thomas", "Gibson", "Head of Procurement", _D),
            ("Elena", "Moretti", "Director of Operations", _I),
            ("Raj", "Patel", "IT Manager", _I),
            ("Sofia", "Alvarez", "Finance Manager", _I),
            ("Mikkel", "Nielsen", "Programme Manager", _I),
            ("Aiko", "Fujita", "Analyst", _U),
            ("Daniel", "Cohen", "Accountant", _U),
            ("Julia", "Klein", "Administrator", _U),
            ("Bilal", "Khan", "Service Desk Specialist", _U),
        ),
        answers=(
            (0, 75, 8, None, "Commercial>Invoicing"),
            (4, 72, 7, "We would like to hear from you more often.", "Account management"),
            (5, 70, 9, None, "Product>Reliability"),
            (8, 71, 8, None, None),
            (1, 260, 10, "Best supplier we have.", "Account management>Proactivity"),
        ),
        invited=(0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
        activities=((4, "meeting", "two_way", 48), (6, "email", "outbound", 14)),
        opportunities=(
            ("renewal", "Closed Won", 1.0, 520, -430),
            ("renewal", "Closed Won", 1.0, 150, -65),
        ),
        left=((1, 45),),
    ),
    Story(
        name="Express Logistics",
        domain="expresslogistics.example",
        industry="Transportation",
        country="United States",
        annual_value=5_340_779,
        customer_days=1_100,
        renewal_in_days=95,
        contacts=(
            ("Laura", "Stewart", "Chief Operating Officer", _D),
            ("Emeka", "Okafor", "Head of Procurement", _D),
            ("Astrid", "Svensson", "Director of Operations", _I),
            ("Carlos", "Vega", "IT Manager", _I),
            ("Patricia", "Hall", "Operations Manager", _I),
            ("Benedikt", "Keller", "Planner", _U),
            ("Chloe", "Martin", "Coordinator", _U),
            ("Felix", "Wagner", "Analyst", _U),
        ),
        answers=(
            (
                2,
                30,
                4,
                "Our drivers wait at the gate because your time slots are wrong, and support "
                "closes the ticket every time.",
                "Product>Reliability;Service>Resolution",
            ),
            (5, 28, 9, "Easy to use.", "Product>Ease of use"),
        ),
        invited=tuple(range(8)),
        activities=(
            (2, "call", "two_way", 41),
            (0, "meeting", "two_way", 130),
            (6, "email", "outbound", 16),
        ),
        opportunities=(
            ("renewal", "Closed Won", 0.9, 660, -590),
            ("renewal", "Closed Won", 1.0, 300, -225),
            ("upsell", "Proposal", 0.2, 50, 60),
            ("renewal", "Negotiation", 1.0, 45, 95),
        ),
        cases=((2, "high", 35, None, False), (7, "normal", 90, 84, False)),
    ),
)
