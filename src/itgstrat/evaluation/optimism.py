"""Optimism: how much of a model's performance on its own training patients is due to having seen them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from itgstrat.cohort import Cohort
from itgstrat.concordance import Pairs, comparable_pairs
from itgstrat.errors import ModelError, OutcomeError
from itgstrat.evaluation.discrimination import uno_weights
from itgstrat.evaluation.metrics import evaluation_times, integrated_brier, observed_weights
from itgstrat.outcome import Outcome

Floats = npt.NDArray[np.float64]
Method = Literal["bootstrap", "632plus"]

#: Measures, and whether more is better.
MEASURES = {"harrell": True, "uno": True, "brier": False}

#: Share of the patients in a subsample: as many different ones as a bootstrap sample has on the average.
SHARE = 1 - np.exp(-1)


@dataclass(frozen=True)
class Corrected:
    """One measure, as it appears and as it may be expected in new patients of the same kind.

    Parameters
    ----------
    measure : {"harrell", "uno", "brier"}
        Harrell's and Uno's concordance, integrated Brier score.
    apparent : float
        On the training patients themselves.
    corrected : float
        Less the optimism.
    left_out : float
        Mean over draws on patients that were not drawn; NaN for ``bootstrap``.
    no_information : float
        What predictions would reach that have nothing to do with the outcome; NaN for ``bootstrap``.
    """

    measure: str
    apparent: float
    corrected: float
    left_out: float = np.nan
    no_information: float = np.nan

    @property
    def optimism(self) -> float:
        """Apparent minus corrected."""
        return self.apparent - self.corrected


@dataclass(frozen=True)
class Optimism:
    """A model's performance corrected for optimism, every learned step in every draw.

    Parameters
    ----------
    method : {"bootstrap", "632plus"}
        How it was corrected.
    draws, failed : int
        Draws that gave a model, and draws that gave none.
    measures : tuple of Corrected
        One a measure.
    """

    method: Method
    draws: int
    failed: int
    measures: tuple[Corrected, ...]

    def measure(self, name: str) -> Corrected:
        """Give one measure."""
        return next(item for item in self.measures if item.measure == name)

    def as_dict(self) -> dict[str, Any]:
        """Give plain JSON types; what does not apply is None."""
        content = asdict(self)
        content["measures"] = [
            {key: None if isinstance(value, float) and np.isnan(value) else value for key, value in one.items()}
            for one in content["measures"]
        ]
        return content


def correct_optimism(
    pipeline: Pipeline,
    cohort: Cohort,
    method: Method = "632plus",
    draws: int = 50,
    seed: int = 0,
    workers: Callable[[Iterable[Any]], Iterable[Any]] | None = None,
) -> Optimism:
    r"""Refit the whole pipeline on samples of the patients, and see how much is lost on those it did not learn from.

    ``bootstrap`` (Harrell): samples with replacement, within cohort; the mean difference between the performance on
    the sample and on all patients is taken off. A patient who is drawn twice stays on one side of every inner fold.

    ``632plus`` (Efron and Tibshirani; Gerds and Schumacher for survival): the apparent error and that of patients not
    drawn are weighed, the latter more the more the model overfits,

    .. math:: \widehat{err}^{.632+} = (1 - w)\, \overline{err} + w\, \widehat{err}^{(1)}, \quad
              w = \frac{.632}{1 - .368 R}, \quad R = \frac{\widehat{err}^{(1)} - \overline{err}}
              {\gamma - \overline{err}}.

    Its samples are drawn without replacement, 63.2% of each cohort: patients drawn twice make a tuned or tree model
    look for finer structure than there is (Binder and Schumacher).

    Parameters
    ----------
    pipeline : Pipeline
        Unfitted, from `build_pipeline`; everything that is learned must be in it.
    cohort : Cohort
        Training patients, with outcome.
    method : {"bootstrap", "632plus"}
        Correction. The bootstrap is too kind to models that overfit strongly.
    draws : int
        Samples.
    seed : int
        Seed; the same for any number of workers.
    workers : callable, optional
        What runs the draws, such as a `joblib.Parallel`; one after the other by default.

    Returns
    -------
    Optimism
        Concordance and integrated Brier score, apparent and corrected.

    Raises
    ------
    ModelError
        If more than half of the samples carry no model.
    OutcomeError
        If there is no event.

    References
    ----------
    Harrell 1996, doi 10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4; Efron and Tibshirani 1997,
    doi 10.1080/01621459.1997.10474007; Gerds and Schumacher 2007, doi 10.1111/j.1541-0420.2007.00832.x; Binder and
    Schumacher 2008, doi 10.2202/1544-6115.1346
    """
    outcome = cohort.require_outcome()
    samples = [draw_sample(outcome, method, int(own)) for own in np.random.SeedSequence(seed).generate_state(draws)]
    times = evaluation_times(outcome, _followed(outcome, samples))
    everyone = np.arange(len(cohort))
    apparent, predicted = _judge(pipeline, cohort, everyone, [everyone], times)
    found = (workers or Parallel())(delayed(_try)(pipeline, cohort, rows, method, times) for rows in samples)
    known = np.array([item for item in found if item is not None])
    if 2 * len(known) < draws:
        raise ModelError(
            f"{draws - len(known)} of {draws} samples of the patients carry no model; optimism cannot be estimated: "
            "use a simpler model, an endpoint with more events, or evaluation.optimism.method none"
        )
    own = apparent[0]
    if method == "bootstrap":
        optimism = np.nanmean(known[:, 0] - known[:, 1], axis=0)
        measures = tuple(Corrected(n, float(a), float(a - o)) for n, a, o in zip(MEASURES, own, optimism, strict=True))
    else:
        left_out, nothing = (
            np.nanmean(known[:, 0], axis=0),
            (0.5, 0.5, _brier_without_information(outcome, predicted, times)),
        )
        measures = tuple(_plus(*item) for item in zip(MEASURES, own, left_out, nothing, strict=True))
    return Optimism(method, len(known), draws - len(known), measures)


def draw_sample(outcome: Outcome, method: Method, seed: int) -> npt.NDArray[np.intp]:
    """Draw patients, stratum by stratum.

    Parameters
    ----------
    outcome : Outcome
        Patients with strata.
    method : {"bootstrap", "632plus"}
        With replacement, or 63.2% of each stratum without.
    seed : int
        Seed.

    Returns
    -------
    ndarray of int
        Positions, rising.
    """
    generator = np.random.default_rng(seed)
    parts = []
    for _, rows in outcome.by_stratum():
        size = len(rows) if method == "bootstrap" else max(1, round(SHARE * len(rows)))
        parts.append(generator.choice(rows, size, replace=method == "bootstrap"))
    return np.sort(np.concatenate(parts))


def take_sample(cohort: Cohort, rows: npt.NDArray[np.intp]) -> Cohort:
    """Take patients, some of them more than once.

    Parameters
    ----------
    cohort : Cohort
        Patients with outcome.
    rows : ndarray of int
        Positions.

    Returns
    -------
    Cohort
        A patient who is taken again is named NAME#2 and so on; the outcome knows who is the same.
    """
    again = np.array([(rows[:at] == row).sum() for at, row in enumerate(rows)])
    names = [f"{name}#{k + 1}" if k else str(name) for name, k in zip(cohort.patients[rows], again, strict=True)]
    index = cohort.patients[:0].append(type(cohort.patients)(names, name=cohort.patients.name))
    return replace(
        cohort,
        expression=cohort.expression.iloc[rows].set_axis(index),
        clinical=cohort.clinical.iloc[rows].set_axis(index),
        batch=cohort.batch[rows],
        outcome=replace(cohort.require_outcome()[rows], patient=rows),
        alterations=None if cohort.alterations is None else cohort.alterations.iloc[rows].set_axis(index),
        n_ranked=None if cohort.n_ranked is None else cohort.n_ranked[rows],
    )


def _followed(outcome: Outcome, samples: Sequence[npt.NDArray[np.intp]]) -> float:
    """Follow-up of the stratum of the sample that was followed for the shortest time."""
    limits = [own.time_days[rows].max() for own in (outcome[s] for s in samples) for _, rows in own.by_stratum()]
    return float(min(limits))


def _try(
    pipeline: Pipeline, cohort: Cohort, rows: npt.NDArray[np.intp], method: Method, times: Floats
) -> Floats | None:
    """Measures of one draw, or None where the sample carries no model."""
    everyone = np.arange(len(cohort))
    tests = [rows, everyone] if method == "bootstrap" else [np.setdiff1d(everyone, rows)]
    try:
        return _judge(pipeline, cohort, rows, tests, times)[0]
    except (ModelError, OutcomeError):
        return None


def _judge(
    pipeline: Pipeline,
    cohort: Cohort,
    train: npt.NDArray[np.intp],
    tests: Sequence[npt.NDArray[np.intp]],
    times: Floats,
) -> tuple[Floats, Floats]:
    """Fit on some rows; measures on each set of rows, shape (n_tests, 3), and survival of the last set."""
    sample = take_sample(cohort, train)
    fitted = clone(pipeline).fit(sample, sample.outcome)
    panel, model = fitted.named_steps["features"], fitted.named_steps["model"].model_
    measures = []
    for rows in tests:
        test = take_sample(cohort, rows)
        features = panel.features(test).values
        survival = model.survival(features, times, test.batch)
        measures.append(_measure(test.require_outcome(), model.risk(features), survival, times))
    return np.array(measures), survival


def _measure(outcome: Outcome, risk: Floats, survival: Floats, times: Floats) -> list[float]:
    pairs = comparable_pairs(outcome)
    weighted = Pairs(pairs.first, pairs.second, uno_weights(outcome, float(times[-1]))[pairs.first])
    score = integrated_brier(outcome, survival, times).mean()
    return [float(pairs.concordance(risk)), float(weighted.concordance(risk)), float(score)]


def _brier_without_information(outcome: Outcome, survival: Floats, times: Floats) -> float:
    """Integrated Brier score of every patient's prediction against every patient's outcome."""
    weights = observed_weights(outcome, times)
    alive = outcome.time_days[:, None] > times
    score = (weights * alive).mean(axis=0) * ((1 - survival) ** 2).mean(axis=0)
    score += (weights * ~alive).mean(axis=0) * (survival**2).mean(axis=0)
    return float(np.trapezoid(score, times) / (times[-1] - times[0]))


def _plus(measure: str, apparent: float, left_out: float, nothing: float) -> Corrected:
    """The .632+ estimate of one measure, where an error is what is worse when larger."""
    sign = -1.0 if MEASURES[measure] else 1.0
    error, own, none = sign * left_out, sign * apparent, sign * nothing
    bounded = min(error, none)
    overfit = (bounded - own) / (none - own) if bounded > own and none > own else 0.0
    weight = SHARE / (1 - (1 - SHARE) * overfit)
    return Corrected(
        measure, float(apparent), float(sign * ((1 - weight) * own + weight * bounded)), float(left_out), float(nothing)
    )
