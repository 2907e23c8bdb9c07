"""The two ways of counting working hours: as osTicket does, and as people mean them."""

from __future__ import annotations

from collections.abc import Mapping

from sla.calculators.base import Calculation, Calculator, Outcome, Step
from sla.calculators.exact import ExactCalculator
from sla.calculators.osticket import OsticketCalculator

OSTICKET, EXACT = "osticket", "exact"
CALCULATORS: Mapping[str, Calculator] = {OSTICKET: OsticketCalculator(), EXACT: ExactCalculator()}
"""By the name that the setting `due_date_calculator` gives them."""

__all__ = ["CALCULATORS", "EXACT", "OSTICKET", "Calculation", "Calculator", "Outcome", "Step"]
