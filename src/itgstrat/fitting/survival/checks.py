"""What a survival model needs of its training patients, checked before a library is asked."""

import pandas as pd

from itgstrat.errors import ModelError
from itgstrat.outcome import Outcome, require_events


def check_training(X: pd.DataFrame, y: Outcome, events: int, model: str) -> None:
    """Check that there are patients, events and features to learn from.

    Parameters
    ----------
    X : DataFrame of shape (n_patients, n_features)
        Features.
    y : Outcome
        Outcome.
    events : int
        Fewest events that will do.
    model : str
        What is to be fitted, with its article, for the message.

    Raises
    ------
    OutcomeError
        If there are too few events.
    ModelError
        If there are fewer than two patients, or every feature is the same in all of them.
    """
    require_events(y, events, model)
    if len(y) < 2:
        raise ModelError(f"{model} compares patients; found only one")
    if not X.to_numpy().std(axis=0).any():
        raise ModelError(f"every feature is the same in all {len(y)} patients; {model} has nothing to learn from")
