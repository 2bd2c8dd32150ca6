"""What a run found, for readers: figures, the HTML reports and the model card."""

from itgstrat.reporting.card import model_card
from itgstrat.reporting.report import prediction_report, training_report
from itgstrat.reporting.response import response_card, response_prediction_report, response_report

__all__ = [
    "model_card",
    "prediction_report",
    "response_card",
    "response_prediction_report",
    "response_report",
    "training_report",
]
