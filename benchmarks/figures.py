"""One figure of a benchmark: printed as a line of JSON, and what a line has to say."""

import json


def report(name: str, ours: float, peer: float | None = None, limit: float | None = None, unit: str = "s") -> bool:
    """Print one figure.

    Parameters
    ----------
    name : str
        What was measured, beside what.
    ours, peer : float
        Both in `unit`, both from this run.
    limit : float, optional
        The highest that ours / peer may be; without a peer, the highest that ours may be.
    unit : str
        Of ours and peer.

    Returns
    -------
    bool
        Whether the limit is kept; True if there is none.
    """
    ratio = None if peer is None else ours / peer
    met = None if limit is None else bool((ours if ratio is None else ratio) <= limit)
    figure = {"name": name, "ours": shorten(ours), "peer": shorten(peer), "limit": shorten(limit)}
    print(json.dumps(figure | {"ratio": shorten(ratio), "unit": unit, "met": met}), flush=True)
    return met is not False


def shorten(number: float | None) -> float | None:
    """Four digits."""
    return None if number is None else float(f"{number:.4g}")
