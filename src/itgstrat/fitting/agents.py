"""learn_agents: what training learns of the agents' rules, without looking at any outcome."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from itgstrat.biology import load_catalogue
from itgstrat.biology.catalogue import Signature
from itgstrat.biology.eligibility import Clause, list_clauses, make_pair
from itgstrat.cohort import Cohort
from itgstrat.config import RunConfig
from itgstrat.fitting.panel import FeaturePanel
from itgstrat.fitting.rows import scorable
from itgstrat.learned import LEAST_FOR_REFERENCE, FeatureRecipe, Reference
from itgstrat.learned.agents import AgentRules
from itgstrat.learned.quantiles import learn_quantiles
from itgstrat.learned.references import name_level

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

#: The scores of the rules are ranks within the patient in every model, so that a rule means the same in all.
SCORE = "singscore"

#: The agent that is none: a pair of genes drawn at random, as a target without a context.
CONTROL = "control_random_pair"

_Asked = list[tuple[str, str, tuple[Clause, ...]]]


def learn_agents(config: RunConfig, cohort: Cohort) -> AgentRules | None:
    """Learn the thresholds of the agents' rules from training patients.

    Parameters
    ----------
    config : RunConfig
        Which agents, which quantiles, the tumour type, and what heterodimers are adjusted for.
    cohort : Cohort
        Training patients; their outcome is not looked at.

    Returns
    -------
    AgentRules or None
        None where no agent is asked for, or training measured no gene of any.

    Raises
    ------
    ModelError
        If heterodimers are to be adjusted and nothing that they are adjusted for can be scored.
    """
    facts = load_catalogue()
    asked: _Asked = [
        (name, facts.agents[name].agent_class, list_clauses(facts.agents[name], facts))
        for name in config.antagonists.ids()
    ]
    named = {score.id: score for _, _, clauses in asked for clause in clauses for score in clause.scores}
    usable = scorable(list(named.values()), list(cohort.genes), config.features.min_coverage)
    if not usable:
        return None
    pair = _draw_control(cohort, named, config.seed)
    if pair:
        asked.append((CONTROL, "control", (Clause("target", pair.title, 1, (pair,)),)))
        named[pair.id] = pair
    adjusting = config.features.adjusting()
    beside = {one.id: one for one in config.features.select() if one.id in adjusting}
    covariates = tuple(name for name in config.features.covariates if name in adjusting)
    panel = FeaturePanel(
        signatures=tuple({**named, **beside}.values()),
        score=SCORE,
        covariates=covariates,
        min_coverage=config.features.min_coverage,
        seed=config.seed,
        adjust_for=adjusting,
    )
    return _with_quantiles(config, _lay_out(config, asked, named, panel.learn_recipe(cohort)[0]), cohort)


def _draw_control(cohort: Cohort, named: dict[str, Signature], seed: int) -> Signature | None:
    """Draw two genes that no rule asks for and that were measured in most patients."""
    asked = {gene for score in named.values() for gene in score.genes}
    measured = cohort.count_measured() / len(cohort) > 0.9
    free = sorted(set(cohort.genes[measured]) - asked)
    if len(free) < 2:
        return None
    drawn = np.random.default_rng(seed).choice(len(free), 2, replace=False)
    genes = [free[at] for at in sorted(drawn.tolist())]
    return make_pair(CONTROL, f"random pair of genes ({', '.join(genes)})", genes)


def _lay_out(config: RunConfig, asked: _Asked, named: dict[str, Signature], recipe: FeatureRecipe) -> AgentRules:
    """Lay the rules out as flat arrays; quantiles are learned afterwards."""
    settings = config.antagonists
    clauses = [(a, clause) for a, (_, _, own) in enumerate(asked) for clause in own]
    options = [[score.id for score in clause.scores] or list(clause.alterations) for _, clause in clauses]
    bars = {"target": settings.target_quantile, "state": np.nan}
    steps = {*np.linspace(0, 1, 101).round(2), settings.target_quantile}
    steps |= {settings.context_quantile, 1 - settings.context_quantile}
    return AgentRules(
        recipe=recipe,
        agents=np.array([name for name, _, _ in asked]),
        classes=np.array([kind for _, kind, _ in asked]),
        agent=np.array([a for a, _ in clauses], dtype=np.intp),
        kind=np.array([clause.kind for _, clause in clauses]),
        label=np.array([clause.label for _, clause in clauses]),
        direction=np.array([clause.direction for _, clause in clauses], dtype=float),
        threshold=np.array([bars.get(clause.kind, settings.context_quantile) for _, clause in clauses]),
        start=np.cumsum([0, *map(len, options)]).astype(np.intp),
        option=np.array([name for own in options for name in own]),
        scores=np.array(list(named)),
        genes=np.array([" ".join(score.genes) for score in named.values()]),
        probabilities=np.array(sorted(steps), dtype=float),
        quantiles=np.empty((0, 0, 0, 0)),
        adjusted_quantiles=np.empty((0, 0, 0, 0)),
        groups=np.array([""]),
        sizes=np.zeros(1, dtype=np.intp),
        tumour_type=config.evaluation.tumour_type or "",
        reference=", ".join(map(str, recipe.batches)),
    )


def _with_quantiles(config: RunConfig, rules: AgentRules, cohort: Cohort) -> AgentRules:
    types = _types(rules.tumour_type, cohort)
    names, counts = np.unique(types[types != ""], return_counts=True)
    groups = [*(str(name) for name in names[counts >= LEAST_FOR_REFERENCE]), ""]
    members = [types == name if name else np.ones(len(cohort), dtype=bool) for name in groups]
    arrays = cohort.arrays()
    found: dict[bool, list[Floats]] = {False: [], True: []}
    references: tuple[Reference, ...] = ("pooled", "batch")
    for reference in references:
        featurised = rules.featurise(**arrays, reference=reference)
        for adjusted in (False, True) if config.features.adjusting() else (False,):
            scores = rules.standardised(featurised, adjusted)
            quantiles = [learn_quantiles(scores[mine], cohort.batch[mine], rules.probabilities) for mine in members]
            found[adjusted].append(np.stack(quantiles))
    return replace(
        rules,
        quantiles=np.stack(found[False]),
        adjusted_quantiles=np.stack(found[True]) if found[True] else rules.adjusted_quantiles,
        groups=np.array(groups),
        sizes=np.array([mine.sum() for mine in members], dtype=np.intp),
    )


def _types(tumour_type: str, cohort: Cohort) -> npt.NDArray[np.str_]:
    if not tumour_type or tumour_type not in cohort.clinical:
        return np.full(len(cohort), "")
    column = cohort.clinical[tumour_type]
    return column.astype(object).map(name_level).where(column.notna(), "").to_numpy(dtype=str)
