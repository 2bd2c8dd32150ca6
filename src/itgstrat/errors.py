"""Every error that itgstrat raises on purpose: one root, so that a caller can catch them all."""

from collections.abc import Iterable, Sequence


class ItgstratError(Exception):
    """Root of all errors of this package; the message says what was found, what is needed, what to do."""


class FaultsError(ItgstratError):
    """Several faults found in one pass and told together.

    Parameters
    ----------
    subject : str
        What was checked, e.g. a file name.
    faults : sequence of str
        One line a fault.
    """

    def __init__(self, subject: str, faults: Sequence[str]) -> None:
        self.subject = subject
        self.faults = tuple(faults)
        count = f"{len(self.faults)} fault{'' if len(self.faults) == 1 else 's'}"
        super().__init__("\n".join([f"{subject}: {count}", *(f"  - {fault}" for fault in self.faults)]))


class ConfigError(FaultsError):
    """A run configuration that cannot be run; lists every fault by its path."""


class CatalogueError(ItgstratError):
    """A fact file that is malformed, or a signature name that the catalogue does not know."""


class InputError(ItgstratError):
    """A file or table that cannot be read as what it should be."""


class OutcomeError(ItgstratError):
    """Times or events that no survival model can use."""


class CohortError(ItgstratError):
    """Tables that do not fit together: patients, genes or batches that do not match."""


class ModelError(ItgstratError):
    """Data on which a model cannot be fitted or applied."""


class BundleError(ItgstratError):
    """A model bundle that is incomplete, changed, foreign or of an unknown format."""


class OutputError(ItgstratError):
    """A place to write to that is taken or cannot be written."""


def name_some(names: Iterable[object], limit: int = 5) -> str:
    """Name the first few offenders and how many there are in all.

    Parameters
    ----------
    names : iterable
        The offenders.
    limit : int
        How many to spell out.

    Returns
    -------
    str
        For instance ``"a, b, c, d, e (7 in all)"``.

    Examples
    --------
    >>> name_some(["a", "b"], limit=1)
    'a (2 in all)'
    """
    spelled = [str(name) for name in names]
    shown = ", ".join(spelled[:limit])
    return shown if len(spelled) <= limit else f"{shown} ({len(spelled)} in all)"
