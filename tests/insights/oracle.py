"""The main figures once more, in plain loops over plain rows, straight from the rules.

Written apart from `insights`: it shares no code with it, only the names of the results.
"""

import math
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from tests.insights.worlds import Row, Rows

CURVES: dict[str, list[tuple[float, float]]] = {
    "sentiment": [(0, 0), (6, 30), (7, 50), (8, 65), (9, 85), (10, 100)],
    "coverage": [(0, 0), (0.5, 50), (1, 100)],
    "engagement": [(14, 100), (30, 80), (90, 40), (180, 0)],
    "usage": [(0, 0), (0.5, 30), (1, 70), (1.2, 100)],
    "spend": [(0, 0), (0.5, 10), (0.9, 50), (1, 65), (1.3, 100)],
    "support": [(0, 100), (1, 70), (3, 30), (6, 0)],
    "commitment": [(0, 0), (0.5, 40), (0.9, 90), (1, 100)],
}
WEIGHTS = {
    "sentiment": 30,
    "coverage": 15,
    "engagement": 20,
    "usage": 10,
    "spend": 10,
    "support": 10,
    "commitment": 5,
}
CHURN = {"healthy": 0.03, "watch": 0.10, "unknown": 0.12, "at_risk": 0.30}
TITLES = {"CEO": "decision_maker", "IT Manager": "influencer", "Engineer": "user"}
ROLES = {"Economic Buyer": "decision_maker", "END_USER;INFLUENCER": "influencer"}
FAR = datetime(9999, 1, 1)  # noqa: DTZ001 - beside dates, which have no zone
LEVELS = ["decision_maker", "influencer", "user"]


def line(points: list[tuple[float, float]], x: float) -> float:
    """The y of x on straight lines between the points, level beyond the ends."""
    if x <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in pairwise(points):
        if x <= x1:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return points[-1][1]


def required(value: float | None, customer: bool) -> int | None:
    """The book's rule by counting digits; of whole amounts and cents alike."""
    if not customer:
        return 0
    if value is None:
        return None
    if value <= 0:
        return 0
    return max(1, math.floor(round(3 * math.log10(value / 1000), 9)))


class Oracle:
    """One world at one instant, account by account."""

    def __init__(self, rows: Rows, as_of: datetime) -> None:
        self.rows, self.as_of = rows, as_of
        self.naive = as_of.replace(tzinfo=None)
        self.contacts = {c["contact_id"]: c for c in rows["contacts"]}
        self.accounts = {a["account_id"]: self.account(a) for a in rows["accounts"]}

    def inside(self, when: datetime | None, days: float, newer: float = 0) -> bool:
        if when is None:
            return False
        now = self.as_of if when.tzinfo else self.naive
        return now - timedelta(days=days) < when <= now - timedelta(days=newer)

    def past(self, when: datetime | None) -> bool:
        return when is not None and when <= (self.as_of if when.tzinfo else self.naive)

    def age(self, when: datetime) -> float:
        return (self.as_of - when).total_seconds() / 86400

    def whose(self, row: Row) -> str | None:
        if row["account_id"] is not None:
            return str(row["account_id"])
        person = self.contacts.get(row["contact_id"])
        return person["account_id"] if person else None

    def own(self, row: Row) -> Row | None:
        person = self.contacts.get(row["contact_id"])
        return person if person and person["account_id"] == self.whose(row) else None

    def level(self, person: Row | None) -> str:
        if person is None:
            return "unassigned"
        return str(
            person["level"]
            or ROLES.get(person["role"])
            or TITLES.get(person["title"])
            or "unassigned"
        )

    def active(self, person: Row) -> bool:
        gone = self.past(person["left_at"]) or self.past(person["bounced_at"])
        return person["is_active"] is not False and not gone

    def mine(self, kind: str, account_id: str) -> list[Row]:
        return [row for row in self.rows[kind] if self.whose(row) == account_id]

    def deals(self, account_id: str) -> list[Row]:
        return [d for d in self.rows["opportunities"] if d["account_id"] == account_id]

    def won(self, account_id: str, days: float, newer: float = 0) -> list[float]:
        return [
            d["amount"]
            for d in self.deals(account_id)
            if d["is_won"] and d["amount"] is not None and self.inside(d["close_date"], days, newer)
        ]

    def account(self, a: Row) -> dict[str, Any]:
        """Every figure of stage 1 for one account."""
        i = a["account_id"]
        customer = a["is_customer"] is not False and not self.past(a["churned_at"])
        value = a["annual_value"]
        if value is None and self.won(i, 365):
            value = sum(self.won(i, 365))
        people = [c for c in self.rows["contacts"] if c["account_id"] == i]
        active = [c for c in people if self.active(c)]
        answers = [r for r in self.mine("responses", i) if self.past(r["answered_at"])]
        window = [r for r in answers if self.inside(r["answered_at"], 365)]
        acts = [x for x in self.mine("activities", i) if self.past(x["occurred_at"])]
        responded = {c["contact_id"] for r in window if (c := self.own(r)) and self.active(c)}
        touched = {
            c["contact_id"]
            for x in acts
            if self.inside(x["occurred_at"], 180)
            and (x["direction"] == "two_way" or x["kind"] in ("usage", "login"))
            and (c := self.own(x))
        }
        touched |= {
            c["contact_id"]
            for r in answers
            if self.inside(r["answered_at"], 180) and (c := self.own(r))
        }
        need = required(value, customer)
        latest = self.latest(window, "relationship")
        beside = self.latest(window, "transactional")
        counts = [
            sum(low <= r["score"] <= high for r in latest)
            for low, high in ((9, 10), (7, 8), (0, 6))
        ]
        n = sum(counts)
        nps = 100 * (counts[0] - counts[2]) / n if n else None
        coverage = None
        if need:
            coverage = (min(1, len(active) / need) + min(1, len(responded) / need)) / 2
        raw = self.raw(i, latest, window, acts, coverage)
        parts = {k: line(CURVES[k], v) for k, v in raw.items() if v is not None}
        invited = any(self.inside(x["sent_at"], 365, 14) for x in self.mine("invitations", i))
        if invited and not window:
            parts["sentiment"] = 30
        weights = {k: w for k, w in WEIGHTS.items() if not (k == "coverage" and need == 0)}
        parts = {k: v for k, v in parts.items() if k in weights}
        present = sum(weights[k] for k in parts)
        points = sum(weights[k] * v for k, v in parts.items())
        whole = sum(weights.values())
        stale = 0.0
        renewal = self.renewal(i)
        if "commitment" in parts and renewal and renewal["close_date"]:
            overdue = (self.naive - renewal["close_date"]).total_seconds() / 86400
            stale = 0.5 * weights["commitment"] if overdue > 90 else 0.0
        confidence = (present - stale) / whole
        limit = 100.0
        if any(
            self.level(self.own(r)) == "decision_maker"
            and r["score"] <= 6
            and self.inside(r["answered_at"], 90)
            for r in latest
        ):
            limit = 39.0
        elif any(
            self.level(c) == "decision_maker" and self.inside(c["left_at"], 90) for c in people
        ):
            limit = 69.0
        health = min(points / present, limit) if present else None
        band = "unknown"
        if health is not None and confidence >= 0.5:
            band = "healthy" if health >= 70 else "watch" if health >= 40 else "at_risk"
        unhappy_boss = any(
            r["score"] <= 6 and self.level(self.own(r)) == "decision_maker" for r in latest
        )
        risky = band == "at_risk" or (nps is not None and nps < 0) or unhappy_boss
        by_level = {v: sum(self.level(c) == v for c in active) for v in LEVELS}
        signs = [self.inside(r["answered_at"], 150) for r in answers]
        signs += [x["direction"] == "two_way" and self.inside(x["occurred_at"], 150) for x in acts]
        lost = any(
            self.level(c) in LEVELS[:2]
            and (self.inside(c["left_at"], 90) or self.inside(c["bounced_at"], 90))
            for c in people
        )
        alerts = {
            "contacts_missing": need is not None and len(active) < need,
            "level_missing": any(
                need is not None and (need + 2 - position) // 3 > 0 and by_level[v] == 0
                for position, v in enumerate(LEVELS)
            ),
            "respondents_missing": need is not None and len(responded) < need,
            "contact_left": lost,
            "silent_account": not any(signs),
            "team_role_missing": value is not None and value > 1_000_000,  # no team has all six
        }
        loops = counts[2] + sum(r["score"] <= 6 for r in beside)
        for metric, middle in (("csat", 3), ("ces", 4)):
            loops += sum(r["score"] < middle for r in self.latest(window, None, metric))
        happy = [self.level(self.own(r)) in LEVELS[:2] for r in latest if r["score"] >= 9]
        cases = [c for c in self.mine("cases", i) if self.open(c)]
        why_not = {
            "not_customer": not customer,
            "band_not_healthy": band != "healthy",
            "confidence_low": confidence < 0.6,
            "nps_not_positive": nps is None or nps <= 0,
            "no_promoter": not any(happy),
            "detractor": counts[2] > 0,
            "high_priority_case": any(c["priority"] in ("high", "critical") for c in cases),
            "open_loop": loops > 0,
            "contact_coverage_low": not need or len(active) / need < 0.5,
            "open_growth_opportunity": any(
                self.is_open(d) and d["type"] in ("upsell", "cross_sell") for d in self.deals(i)
            ),
            "renewal_near": self.renewal_near(a, renewal),
        }
        return {
            "account_id": i,
            "segment": a["segment"],
            "is_customer": customer,
            "annual_value": value,
            "required": need,
            "known": len(active),
            "engaged": sum(c["contact_id"] in touched for c in active),
            "respondents": len(responded),
            "coverage": coverage,
            "promoters": counts[0],
            "passives": counts[1],
            "detractors": counts[2],
            "nps": nps,
            "responses": len(window),
            "invitations": sum(self.inside(x["sent_at"], 365) for x in self.mine("invitations", i)),
            "health": health,
            "health_low": min(points / whole, limit),
            "health_high": min((points + 100 * (whole - present)) / whole, limit),
            "confidence": confidence,
            "band": band,
            "revenue_at_risk": (value if risky else 0.0) if customer else 0.0,
            "expected_loss": None
            if value is None and customer
            else (value or 0) * CHURN[band] * customer,
            "clv": value / (1 - (1 - CHURN[band]) / 1.1)
            if value is not None and customer
            else None,
            "alerts": {k for k, v in alerts.items() if v and customer},
            "why_not": {k for k, v in why_not.items() if v},
            "latest": latest,
            "owned": {
                d["product"]
                for d in self.deals(i)
                if d["is_won"] and self.past(d["close_date"]) and d["product"]
            },
            "won": (sum(self.won(i, 365)), sum(self.won(i, 730, 365))),
        }

    def latest(self, window: list[Row], kind: str | None, metric: str = "nps") -> list[Row]:
        newest: dict[Any, Row] = {}
        for r in window:
            fits = r["metric"] == metric and (kind is None or r["survey_type"] == kind)
            if fits and r["score"] is not None:
                key = r["contact_id"] or ("anonymous", r["response_id"])
                best = newest.get(key)
                if best is None or (r["answered_at"], r["response_id"]) > (
                    best["answered_at"],
                    best["response_id"],
                ):
                    newest[key] = r
        return list(newest.values())

    def raw(
        self,
        i: str,
        latest: list[Row],
        window: list[Row],
        acts: list[Row],
        coverage: float | None,
    ) -> dict[str, float | None]:
        weights = {"decision_maker": 3, "influencer": 2, "user": 1, "unassigned": 1}
        votes = [
            (
                weights[self.level(self.own(r))] * 0.5 ** (self.age(r["answered_at"]) / 180),
                r["score"],
            )
            for r in latest
        ]
        met = [x["occurred_at"] for x in acts if x["direction"] == "two_way"]
        signals = [x for x in acts if x["kind"] in ("usage", "login")]

        def amount(days: float, newer: float) -> float:
            inside = [x for x in signals if self.inside(x["occurred_at"], days, newer)]
            return float(sum(1 if x["count"] is None else x["count"] for x in inside))

        monthly = amount(120, 30) / 3
        current, prior = sum(self.won(i, 365)), sum(self.won(i, 730, 365))
        load = 0.0
        for case in self.mine("cases", i):
            if self.open(case):
                by_priority = {"low": 0.5, "high": 2, "critical": 3}.get(case["priority"], 1)
                days = self.age(case["opened_at"]) if case["opened_at"] else 0
                load += by_priority * (1 + min(days / 30, 1))
        renewal = self.renewal(i)
        return {
            "sentiment": sum(w * s for w, s in votes) / sum(w for w, _ in votes) if votes else None,
            "coverage": coverage,
            "engagement": self.age(max(met)) if met else None,
            "usage": amount(30, 0) / monthly if monthly else None,
            "spend": current / prior if prior > 0 else None,
            "support": load,
            "commitment": renewal["probability"] if renewal else None,
        }

    def open(self, case: Row) -> bool:
        opened = case["opened_at"] is None or self.past(case["opened_at"])
        return opened and not self.past(case["closed_at"])

    def is_open(self, deal: Row) -> bool:
        future = deal["created_at"] is not None and not self.past(deal["created_at"])
        return deal["is_closed"] is False and deal["is_won"] is not True and not future

    def renewal(self, i: str) -> Row | None:
        open_ones = [d for d in self.deals(i) if d["type"] == "renewal" and self.is_open(d)]
        return min(
            open_ones,
            key=lambda d: (d["close_date"] or FAR, d["opportunity_id"]),
            default=None,
        )

    def renewal_near(self, a: Row, renewal: Row | None) -> bool:
        today = self.naive.replace(hour=0, minute=0, second=0, microsecond=0)
        if a["renewal_date"] is not None:
            day = a["renewal_date"].replace(hour=0, minute=0, second=0, microsecond=0)
            near = today <= day <= today + timedelta(days=60)
        else:
            date = renewal["close_date"] if renewal else None
            near = date is not None and date <= today + timedelta(days=60)
        likely = renewal is not None and (renewal["probability"] or 0) >= 0.9
        return near and not likely

    def portfolio(self) -> dict[str, Any]:
        """Stage 3."""
        mine = [a for a in self.accounts.values() if a["is_customer"]]
        total = sum(a["annual_value"] or 0 for a in mine)
        heard = [a for a in mine if a["respondents"]]
        counts = [sum(a[k] for a in mine) for k in ("promoters", "passives", "detractors")]
        voices = [a for a in mine if a["promoters"] + a["passives"] + a["detractors"]]
        rich = [a for a in voices if (a["annual_value"] or 0) > 0]
        mid = median([a["annual_value"] for a in mine if a["annual_value"] is not None])
        drivers: dict[tuple[str, str | None], list[float]] = {}
        for a in voices:
            for r in a["latest"]:
                named = self.drivers(r)
                sign = (r["score"] >= 9) - (r["score"] <= 6)
                for driver in named:
                    line = drivers.setdefault(driver, [0, 0, 0])
                    line[0] += 1
                    line[1] += 100 * sign / len(named) / sum(counts)
                    share = (a["annual_value"] or 0) / len(a["latest"])
                    line[2] += share * sign / len(named)
        return {
            "accounts": len(mine),
            "annual_value": total,
            "nps": 100 * (counts[0] - counts[2]) / sum(counts),
            "nps_n": sum(counts),
            "revenue_weighted_nps": 100
            * sum(a["annual_value"] * a["nps"] / 100 for a in rich)
            / sum(a["annual_value"] for a in rich),
            "response_rate": min(
                1, sum(a["responses"] for a in mine) / sum(a["invitations"] for a in mine)
            ),
            "account_coverage": len(heard) / len(mine),
            "revenue_coverage": sum(a["annual_value"] or 0 for a in heard) / total,
            "revenue_coverage_full": sum(
                a["annual_value"] or 0
                for a in heard
                if a["required"] is not None and a["respondents"] >= a["required"]
            )
            / total,
            "silent_revenue": sum(a["annual_value"] or 0 for a in mine if not a["responses"]),
            "unknown_revenue": sum(a["annual_value"] or 0 for a in mine if a["band"] == "unknown"),
            "revenue_at_risk": sum(a["revenue_at_risk"] or 0 for a in mine),
            "expected_loss": sum(a["expected_loss"] or 0 for a in mine),
            "alerts": {
                kind: sum(kind in a["alerts"] for a in mine)
                for kind in (
                    "contacts_missing",
                    "level_missing",
                    "respondents_missing",
                    "contact_left",
                    "silent_account",
                    "team_role_missing",
                )
            },
            "upsell_accounts": sum(not a["why_not"] for a in mine),
            "quadrants": {a["account_id"]: self.quadrant(a, mid) for a in mine},
            "drivers": drivers,
        }

    def quadrant(self, a: dict[str, Any], mid: float) -> str | None:
        if a["nps"] is None:
            return "unheard"
        if a["annual_value"] is None:
            return None
        if a["annual_value"] >= mid:
            return "strength" if a["nps"] >= 0 else "threat"
        return "opportunity" if a["nps"] >= 0 else "weakness"

    def drivers(self, response: Row) -> list[tuple[str, str | None]]:
        known: dict[str | None, list[tuple[str, str | None]]] = {
            None: [("none given", None)],
            "Price": [("Price", None)],
            "Support>Speed; Price": [("Support", "Speed"), ("Price", None)],
            " Quality >": [("Quality", None)],
        }
        return known[response["drivers"]]

    def cross_sell(self, i: str) -> list[str] | None:
        """Products of the segment's healthy customers that the account lacks, best first."""
        a = self.accounts[i]
        if a["segment"] is None or not a["is_customer"]:
            return []
        peers = [
            b
            for b in self.accounts.values()
            if b["is_customer"] and b["segment"] == a["segment"] and b["band"] == "healthy"
        ]
        shares = {
            p: sum(p in b["owned"] for b in peers) / len(peers) for b in peers for p in b["owned"]
        }
        fit = [p for p, share in shares.items() if share >= 0.3 and p not in a["owned"]]
        return sorted(fit, key=lambda p: (-shares[p], p))
