"""The words the seeded portfolio is written with. Every person and company is invented."""

FIRST_NAMES = tuple(
    """
    Aiko Alejandro Amara Amelia Anders Anika Arjun Astrid Beatriz Benedikt Bilal Bruno Camille
    Carlos Chen Chiara Chloe Claire Dagny Daniel Deepa Diego Elena Eleni Elias Emeka Emma Erik
    Esther Fatima Felix Fiona Florian Freya Gabriel Giulia Grace Hana Hannah Haruto Helena
    Henrik Hugo Ibrahim Ines Ingrid Isabel Ivan Jakub James Jana Jasper Johanna Jorge Julia
    Kaito Karim Katarzyna Kenji Kofi Lars Laura Leila Leo Liam Linh Lotte Lucia Lukas Magnus
    Maja Malik Marco Maria Marta Mateo Maya Mei Mikkel Milan Miriam Mohammed Nadia Naomi
    Nikolai Nina Noah Nora Oliver Olivia Omar Oscar Paolo Patricia Pavel Petra Priya Rachel
    Rafael Rahul Raj Rebecca Renata Rosa Samir Samuel Sandra Sanjay Sara Sebastian Selin Sofia
    Stefan Tariq Tessa Thomas Tomas Valentina Vera Victor Wei William Yara Yasmin Yuki Yusuf
    Zainab Zoe
    """.split()  # noqa: SIM905 - a word per line would bury the rest
)
LAST_NAMES = tuple(
    """
    Abbott Adeyemi Agarwal Ahmed Alvarez Andersen Baker Banerjee Barbosa Bauer Becker Bennett
    Berg Bianchi Blanc Brandt Brooks Carvalho Castillo Chandra Chang Chevalier Cohen Collins
    Conti Costa Cruz Dahl Davies Diaz Dubois Duran Eriksen Evans Farah Fernandes Ferrari
    Fischer Fleming Fontaine Foster Fraser Fujita Garcia Gibson Gomez Graham Greco Gupta Haddad
    Hall Hansen Hassan Hayashi Hoffmann Holm Hughes Hussain Ito Ivanov Jansen Jensen Johansson
    Kapoor Karlsson Kato Keller Khan Kim Klein Kovacs Kowalski Kruger Kumar Lambert Larsen
    Laurent Lee Lehmann Leroy Lim Lind Lindgren Lopez Mancini Marino Marsh Martin Mbeki Mehta
    Mendes Meyer Mitchell Molina Moreau Moretti Morgan Murphy Nakamura Nguyen Nielsen Novak
    Nowak Okafor Olsen Ortega Osei Owens Park Patel Pereira Petrov Popov Quinn Rahman Ramos Rao
    Reid Ricci Rivera Romano Rossi Roux Sato Schmidt Schneider Sharma Silva Singh Soto Stewart
    Suzuki Svensson Tanaka Torres Tran Vargas Vega Vogel Wagner Walker Wang Weber Wong Yamada
    Young Zhang Zimmermann
    """.split()  # noqa: SIM905 - a word per line would bury the rest
)

# A company is called by one of each: 96 x 96 x 120 = 1,105,920 names before one comes again.
STEMS = tuple(
    """
    Al Ambi Apex Aqui Arca Astra Auri Avan Bal Bela Bori Bright Cal Cana Cara Cedar Cela Cera
    Cobalt Cora Crest Cura Dela Delta Dora Echo Elara Elm Ember Enna Equi Ever Fair Falcon Fera
    Fjord Flora Gala Gemi Glen Grand Haven Helio Hori Iber Ida Iron Isla Jade Juni Kala Kesta
    Kilo Lana Laurel Lumi Lyra Mara Meri Mira Mono Nava Nexa Nori North Nova Oaken Octa Omni
    Opti Orbi Pana Pax Pela Pine Prima Quanta Quill Rega Rivo Rosa Saga Sera Silva Sola Stella
    Strata Summit Tera Terra Tri Ultra Vela Veri Vista Zeni
    """.split()  # noqa: SIM905 - a word per line would bury the rest
)
ENDINGS = tuple(
    """
    bar bay beck bella bis borne bridge burn by cade calis cera cliff con cor corda cross dale
    dana data deck dell den dex dian don dora dova dyne fell ferra field fin fix flow fold ford
    forge form fort gate gen glen gray grid grove hall hart haven helm holt ix kin lake land
    lane lens leon line link lith loft lux lyn mar mark mere met mill mont mora net nex nova
    pact path pel point port quest ra rell ridge rise rock run sen shore span stead stone ton
    trail vale vane ward
    """.split()  # noqa: SIM905 - a word per line would bury the rest
)
SECTORS = tuple(
    """Adhesives|Advisory|Aerospace|Agri|Airports|Analytics|Apparel|Appliances|Automation|Automotive
    |Bakeries|Banking|Batteries|Bearings|Beverages|Biotech|Brewing|Broadband|Capital|Care|Cargo
    |Ceramics|Chemicals|Cinemas|Clinics|Cloud|Coatings|Coffee|Components|Computing|Concrete
    |Construction|Consulting|Cosmetics|Couriers|Dairy|Dental|Design|Diagnostics|Digital|Displays
    |Distribution|Education|Electric|Electronics|Elevators|Energy|Engineering|Engines|Environmental
    |Events|Ferries|Fibre|Filters|Finance|Fitness|Foods|Footwear|Freight|Furniture|Games|Gas|Glass
    |Graphics|Health|Homes|Hospitals|Hotels|Hydraulics|Imaging|Instruments|Insurance|Interiors|Labs
    |Learning|Leasing|Legal|Lighting|Logistics|Machinery|Marine|Markets|Materials|Media|Medical|Metals
    |Mining|Mobility|Motors|Networks|Optics|Packaging|Paper|Payments|Pharma|Plastics|Power|Precision
    |Press|Properties|Pumps|Rail|Recycling|Retail|Robotics|Security|Semiconductors|Shipping|Software
    |Solar|Sports|Steel|Systems|Telecom|Textiles|Tools|Toys|Travel|Water|Wind"""
    .replace("\n", "").replace(" ", "").split("|")
)  # fmt: skip
LEGAL_FORMS = {
    "United States": ("Inc", "LLC", "Corp"),
    "Canada": ("Inc", "Ltd"),
    "United Kingdom": ("Ltd", "PLC"),
    "Ireland": ("Ltd", "DAC"),
    "Germany": ("GmbH", "AG"),
    "Netherlands": ("BV", "NV"),
    "France": ("SAS", "SA"),
    "Spain": ("SL", "SA"),
    "Denmark": ("ApS", "A/S"),
    "Norway": ("AS",),
    "Sweden": ("AB",),
    "Australia": ("Pty Ltd",),
    "Singapore": ("Pte Ltd",),
    "Japan": ("KK",),
    "Brazil": ("SA", "Ltda"),
}
COUNTRIES = tuple(LEGAL_FORMS)
TIME_ZONES = (
    "America/New_York", "America/Chicago", "America/Los_Angeles", "Europe/London", "Europe/Berlin",
    "Europe/Paris", "Europe/Oslo", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney",
    "America/Sao_Paulo",
)  # fmt: skip
INDUSTRIES = (
    "Aerospace", "Banking", "Chemicals", "Construction", "Education", "Electronics", "Energy",
    "Food & Beverage", "Healthcare", "Hospitality", "Insurance", "Manufacturing", "Media",
    "Retail", "Technology", "Telecommunications", "Transportation", "Utilities",
)  # fmt: skip

TITLES = {
    "decision_maker": (
        "Chief Executive Officer", "Chief Financial Officer", "Chief Operating Officer",
        "Chief Information Officer", "Chief Procurement Officer", "Managing Director",
        "VP Operations", "VP Supply Chain", "VP Customer Service", "Head of Procurement",
    ),
    "influencer": (
        "Director of Operations", "Director of IT", "Director of Quality", "Operations Manager",
        "Purchasing Manager", "IT Manager", "Plant Manager", "Programme Manager",
        "Quality Manager", "Finance Manager",
    ),
    "user": (
        "Analyst", "Buyer", "Coordinator", "Planner", "Service Desk Specialist", "Engineer",
        "Technician", "Administrator", "Shift Supervisor", "Accountant",
    ),
}  # fmt: skip
ROLES = {
    "decision_maker": ("Decision Maker", "Economic Buyer", "Executive Sponsor"),
    "influencer": ("Influencer", "Evaluator", "Technical Buyer"),
    "user": ("Business User",),
}
TEAM_ROLES = (
    "Executive Partner", "Sales Engineer", "Professional Services", "Customer Service Manager",
    "Technical Lead",
)  # fmt: skip

PRODUCTS = (
    ("Core Platform", "Platform"),
    ("Core Platform Enterprise", "Platform"),
    ("Planner", "Planning"),
    ("Planner Forecast", "Planning"),
    ("Field Mobile", "Mobility"),
    ("Track & Trace", "Visibility"),
    ("Control Tower", "Visibility"),
    ("Connect API", "Integration"),
    ("Analytics Studio", "Analytics"),
    ("Premium Support", "Services"),
    ("Onboarding Package", "Services"),
)
STAGES = {  # open stage -> probability of winning; the same in both CRMs
    "Prospecting": 0.1,
    "Qualification": 0.25,
    "Proposal": 0.5,
    "Negotiation": 0.75,
    "Verbal Commitment": 0.9,
}

CHURN_REASONS = (
    "Price", "Moved to a competitor", "Poor support", "Missing features", "Sponsor left",
    "Company acquired", "Out of business", "Built in-house",
)  # fmt: skip
DRIVERS = (
    ("Product", ("Reliability", "Ease of use", "Features", "Performance")),
    ("Service", ("Response time", "Knowledge", "Resolution")),
    ("Account management", ("Communication", "Proactivity", "Understanding our business")),
    ("Delivery", ("On time", "Quality", "Onboarding")),
    ("Commercial", ("Price", "Contract terms", "Invoicing")),
)
COMMENTS = {
    "promoter": (
        "Your team answers within the hour and fixes things for good.",
        "The roll-out was on time and our planners like it.",
        "We recommended you to our sister company last month.",
        "Our account manager knows our business better than some of us do.",
        "Stable since day one.",
    ),
    "passive": (
        "Does the job; the reports could be quicker.",
        "Good people, average product.",
        "Fine, but we would like to hear from you more than once a year.",
        "Invoices keep needing corrections.",
        "No complaints, no excitement.",
    ),
    "detractor": (
        "Third outage this quarter and nobody called us back.",
        "We were promised a fix in March. It is still open.",
        "Since our contact left nobody looks after us.",
        "We are looking at alternatives for next year.",
        "Too expensive for what we use.",
    ),
}
