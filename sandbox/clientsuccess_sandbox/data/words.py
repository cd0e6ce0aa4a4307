"""Words of which names and texts are made."""

from __future__ import annotations

from typing import Final, NamedTuple


class Place(NamedTuple):
    """A town, with what an address needs."""

    city: str
    state: str | None
    zip: str
    country: str
    timezone: str
    street: str
    currency: str


FIRST_NAMES: Final = (
    *("Ada", "Bruno", "Chiara", "Dmitri", "Élodie", "Femi", "Günther", "Håkon"),
    *("Imani", "Jürgen", "Kwame", "Łucja", "María", "Nadia", "Øystein", "Priya"),
    *("Quinn", "Renée", "Şebnem", "Tomás", "Uma", "Vera", "Wei", "Ximena"),
    *("Yusuf", "Zoë", "美咲", "伟", "Олена", "지민", "Θάλεια", "أمينة"),
)
LAST_NAMES: Final = (
    *("Abara", "Bergström", "Castillo", "D'Amico", "Eriksen", "Fischer", "García"),
    *("Hoffmann", "Ivanov", "Jansen", "Kowalczyk", "Lindqvist", "Müller", "Nguyễn"),
    *("O'Brien", "Petrović", "Quintero", "Rossi", "Schröder", "Takahashi", "Ünal"),
    *("van der Berg", "Weiß", "Xu", "Zając", "佐藤", "王", "Шевченко", "김"),
    "Yılmaz",  # noqa: RUF001 - a Turkish letter, not a mistyped one
)
COMPANY_STEMS: Final = (
    *("Alder", "Birchwood", "Cobalt", "Drift", "Elbe", "Fjord", "Granite", "Harbour"),
    *("Isar", "Juniper", "Königsweg", "Lumen", "Mistral", "Nordlicht", "Orchid"),
    *("Piñón", "Quarry", "Ravine", "Søndergaard", "Tundra", "Umbra", "Vitruv"),
    *("Willow", "Xylem", "Yarrow", "Zephyr", "Ågren", "Café Bleu", "Nakamura"),
)
COMPANY_TRADES: Final = (
    *("Analytics", "Bakeries", "Capital", "Dynamics", "Energy", "Foods", "Gardens"),
    *("Health", "Insurance", "Journeys", "Kitchens", "Labs", "Mobility", "Networks"),
    *("Optics", "Paper", "Robotics", "Software", "Textiles", "Works"),
)
COMPANY_FORMS: Final = ("Inc.", "GmbH", "Ltd", "S.A.", "AB", "& Sons", "Co.", "KK")
PLACES: Final = (
    Place("Salt Lake City", "UT", "84101", "US", "America/Denver", "State St", "USD"),
    Place("Provo", "UT", "84601", "US", "America/Denver", "Center Street", "USD"),
    Place("Austin", "TX", "78701", "US", "America/Chicago", "Congress Ave", "USD"),
    Place("München", "BY", "80331", "DE", "Europe/Berlin", "Sendlinger Str.", "EUR"),
    Place("Zürich", "ZH", "8001", "CH", "Europe/Zurich", "Bahnhofstrasse", "CHF"),
    Place("Malmö", None, "211 34", "SE", "Europe/Stockholm", "Södergatan", "SEK"),
    Place("東京", None, "100-0005", "JP", "Asia/Tokyo", "丸の内", "JPY"),
    Place("São Paulo", "SP", "01310", "BR", "America/Sao_Paulo", "Paulista", "BRL"),
    Place("Leeds", None, "LS1 4DY", "GB", "Europe/London", "The Headrow", "GBP"),
    Place("Łódź", None, "90-001", "PL", "Europe/Warsaw", "Piotrkowska", "PLN"),
)
JOB_TITLES: Final = (
    *("CEO", "Head of Support", "VP Operations", "IT Manager", "Office Manager"),
    *("Geschäftsführerin", "Data Engineer", "CFO", "Director of Success", "営業部長"),
)
DEPARTMENTS: Final = ("Success", "Support", "Sales", "Onboarding", "Operations")
PRODUCT_NAMES: Final = (
    *("Core Platform", "Insights", "Connect", "Mobile", "Onboarding Package"),
    *("Premium Support", "API Access", "Sandbox Seats", "Training Days", "Archive"),
    *("Compliance Pack", "Größenrechner", "Extra Storage", "翻訳 Add-on"),
)
SUBJECTS: Final = (
    *("Quarterly review", "Renewal call", "Kick-off", "Feature request", "Outage"),
    *("Budget question", "New sponsor", "Training", "Rückfrage zur Rechnung", "更新"),
)
SENTENCES: Final = (
    "They are happy with the roll-out so far.",
    "The new sponsor wants a monthly report — see the 2nd attachment.",
    "Adoption dropped after the holidays; we agreed on a training.",
    "Über die Verlängerung wird im März entschieden.",
    "お客様は新しい機能に満足しています。",
    'Asked for a discount & a "quick win" before the board meets.',
    "Usage is up 18 % since June 🎉.",
    "Support answered within < 2 hours, which they noticed.",
    "Ils envisagent d'étendre le contrat à l'équipe de Lyon.",
    "No decision yet.\tFollow up next week.",
)
TASK_NAMES: Final = (
    *("Send the proposal", "Book the review", "Check adoption", "Call the sponsor"),
    *("Prepare onboarding", "Update the forecast", "Rechnung prüfen", "連絡する"),
)
TAGS: Final = ("renewal", "risk", "upsell", "feedback", "exec", "wichtig")
BADGES: Final = ("ADVOCATE", "CHAMPION", "EXEC_SPONSOR", "KEY_CONTACT", "DETRACTOR")
REASONS: Final = (
    *("Low usage", "Champion left", "Budget cut", "Great feedback", "Expansion"),
    *("Late payment", "Product gap", "Support load"),
)
EXTERNAL_SYSTEMS: Final = (
    *("HUBSPOT", "SALESFORCE", "SALESFORCE_V2", "INTERCOM", "ZENDESK", "FRESHDESK"),
    *("FRESHDESK_V2", "ZOHOCRM", "PIPEDRIVE", "BATON", "STATUS", "PRODUCT_SIGNALS"),
)
