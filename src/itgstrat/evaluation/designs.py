"""Designs: what is judged beside the configured model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from itgstrat.biology import Signature, every_gene, load_catalogue
from itgstrat.config import RunConfig
from itgstrat.errors import CatalogueError
from itgstrat.evaluation.nulls import find_matches, random_signatures
from itgstrat.evaluation.trials import Trial
from itgstrat.fitting.pipeline import Design, design_of


@dataclass(frozen=True, eq=False)
class Entry:
    """One model of a trial.

    Parameters
    ----------
    name : str
        Key of its row; draws of random signatures and permutations have a number behind it.
    design : Design or None
        What goes into it; None stands for Kaplan-Meier.
    role : {"row", "random", "permuted"}
        A row of the comparison; or a draw of random signatures, or a permutation of the outcome, which need only
        the risk.
    seed : int
        Seed of the permutation.
    """

    name: str
    design: Design | None
    role: str = "row"
    seed: int = 0


def designs_of(config: RunConfig) -> dict[str, Design | None]:
    """List what is judged beside the configured model.

    Parameters
    ----------
    config : RunConfig
        The run.

    Returns
    -------
    dict of str to Design or None
        Key of the row -> design; None stands for Kaplan-Meier.
    """
    main, settings = design_of(config), config.evaluation
    proliferation = load_catalogue().select(["proliferation"])
    designs: dict[str, Design | None] = {"model": main}
    if (rest := leave_integrins_out(main)) is not None:
        designs["without_integrins"] = rest
    if main.covariates:
        designs["signatures"] = replace(main, covariates=())
        designs["clinical"] = replace(main, signatures=())
        designs["clinical_proliferation"] = replace(main, signatures=proliferation)
    designs["proliferation"] = replace(main, signatures=proliferation, covariates=())
    if settings.tumour_type:
        designs["tumour_type"] = replace(main, signatures=(), covariates=(settings.tumour_type,))
    designs["kaplan_meier"] = None
    return designs


def leave_integrins_out(design: Design) -> Design | None:
    """Leave every integrin subunit out of every signature.

    Parameters
    ----------
    design : Design
        The configured model.

    Returns
    -------
    Design or None
        Signatures that are nothing but integrins are gone, and so are heterodimers; of a joint pair the other part
        stays. None where no signature is left, which is the clinical model, or none held an integrin.
    """
    genes = load_catalogue().integrin_genes()
    rest = tuple(kept for one in design.signatures if (kept := _leave_out(one, genes)) is not None)
    return None if not rest or rest == design.signatures else replace(design, signatures=rest)


def _leave_out(signature: Signature, genes: Sequence[str]) -> Signature | None:
    if signature.rule == "every_gene":
        return every_gene(but=genes)
    parts = tuple((name, members) for name, members in signature.parts if not set(members) <= set(genes))
    if len(parts) < len(signature.parts):  # the other part by itself, where the rule of the signature has a part
        if not parts or signature.rule == "lower_subunit":
            return None
        of_parts = {gene for _, members in parts for gene in members}
        kept = {gene: sign for gene, sign in signature.genes.items() if gene in of_parts}
        signature = replace(signature, genes=kept, parts=parts)
    try:
        return replace(signature.without(genes, "integrins"), id=signature.id)
    except CatalogueError:  # nothing else is in it
        return None


def list_entries(config: RunConfig, trial: Trial) -> Iterator[Entry]:
    """List everything that is judged in one trial.

    Parameters
    ----------
    config : RunConfig
        The run.
    trial : Trial
        Random signatures are drawn among the genes of its training patients.

    Yields
    ------
    Entry
        The rows, then the draws of random signatures, then, in cross-validation, the permutations.
    """
    for name, design in designs_of(config).items():
        yield Entry(name, design)
    main, genes, settings = design_of(config), list(trial.train.genes), config.evaluation
    matched = settings.random_matched and settings.random_signatures > 0
    matches = find_matches(main.signatures, trial.train, trial.trained) if matched else None
    for draw in range(settings.random_signatures):
        drawn = random_signatures(main.signatures, genes, _seed(config, draw), matches)
        yield Entry(f"random {draw}", replace(main, signatures=drawn), "random")
    if trial.kind == "cross-validation":
        for draw in range(settings.permutations):
            yield Entry(f"permuted {draw}", main, "permuted", _seed(config, draw, 1))


def _seed(config: RunConfig, *stream: int) -> int:
    return int(np.random.SeedSequence([config.seed, *stream]).generate_state(1)[0])
