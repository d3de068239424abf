"""Does a text keep what an intent states? `check` answers fact by fact, without a model."""

from t2v_recaption.fidelity.check import check
from t2v_recaption.fidelity.report import FactVerdict, Invention, Report, Status

__all__ = ["FactVerdict", "Invention", "Report", "Status", "check"]
