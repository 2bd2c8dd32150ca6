"""What a model folder is, and what a new cohort must have to be predicted by it: for `itgstrat inspect`."""

import re
from collections.abc import Iterator, Mapping
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from itgstrat.learned import ModelBundle


def find_model(source: str) -> Path | None:
    """Find the model folder at a path.

    Parameters
    ----------
    source : str
        A model folder, or a run folder that holds one.

    Returns
    -------
    Path or None
        The model folder; None where there is none.

    Examples
    --------
    >>> find_model("survset:gse1992") is None
    True
    """
    for folder in (Path(source), Path(source) / "model"):
        # another tool's folder may have a manifest.json, too; a damaged model still has one of its arrays
        if (folder / "manifest.json").is_file() and any(folder.glob("*.npz")):
            return folder
    return None


def describe_model(bundle: "ModelBundle") -> dict[str, Any]:
    """Describe a model in plain values.

    Parameters
    ----------
    bundle : ModelBundle
        The model.

    Returns
    -------
    dict
        Name, what it is in the words of its card, what it predicts, cohorts, features, covariates, alterations,
        agents, optional parts, how good it is, versions; what it does not know is None or empty.
    """
    from itgstrat.prediction_stream import wanted_genes

    info, recipe = bundle.info, bundle.recipe
    card = _read_card(bundle.card)
    return {
        "layout": "itgstrat model",
        "name": bundle.name,
        "what_it_is": card.get("What it is", ""),
        "endpoint": _find_endpoint(info),
        "horizons_days": list(bundle.horizons_days),
        "cohorts": dict(info.get("cohorts", {})),
        "n_patients": info.get("patients"),
        "n_events": info.get("events"),
        "n_positive": info.get("positive"),
        "unit": info.get("unit"),
        "batches": list(map(str, recipe.batches)),
        "signatures": list(map(str, recipe.signatures)),
        "score": recipe.score,
        "scores_take": recipe.method.values,
        "min_coverage": float(recipe.min_coverage),
        "n_features": len(recipe.names),
        "n_signature_genes": len(recipe.signature_genes),
        "n_genes": len(wanted_genes(bundle)),
        "covariates": list(_describe_covariates(bundle)),
        "alterations": list(info.get("alterations", ())),
        "not_assessed": info.get("not_assessed"),
        "agents": _describe_agents(bundle),
        "lower_bound": None if bundle.lower_bound is None else float(bundle.lower_bound.level),
        "risk_interval": None if bundle.spread is None else len(bundle.spread.coef),
        "recalibration": info.get("recalibration"),
        "finding": info.get("finding", ""),
        "how_good": list(_read_measures(bundle.card)),
        "versions": dict(info.get("versions", {})),
        "seed": info.get("seed"),
    }


def print_model(found: Mapping[str, Any], folder: Path) -> None:
    """Print what `describe_model` gave, in the width of the terminal.

    Parameters
    ----------
    found : mapping
        The description.
    folder : Path
        The model folder.
    """
    from itgstrat.cli.facts import print_record, say

    print_record(f"Model {found['name']}", dict(_word_model(found)))
    print_record("\nTo be predicted, a new cohort needs", dict(_word_needs(found)))
    agents = found["agents"]
    covariates = " --clinical FILE" if found["covariates"] or agents["tumour_type"] else ""
    altered = " --alterations FILE" if found["alterations"] or agents["alterations"] else ""
    say(
        f"itgstrat predict {folder} EXPRESSION{covariates}{altered} --out DIR",
        f"{folder}/card.md says what the model must not be used for.",
        "Hypothesis-generating, not for clinical use.",
    )


def _word_model(found: Mapping[str, Any]) -> Iterator[tuple[str, str | list[str]]]:
    from itgstrat.reporting.wording import count

    # of a label the card goes on with how it was judged, which is told below
    yield "what it is", " ".join(found["what_it_is"].split("\n\n")[:2])
    yield "endpoint", found["endpoint"]
    events = found["n_events"] if found["n_positive"] is None else found["n_positive"]
    of = "events" if found["n_positive"] is None else "with the label"
    if found["n_patients"] is not None:
        cohorts = ", ".join(f"{name} {patients:,}" for name, patients in found["cohorts"].items())
        unit = "cohorts of several units" if found["unit"] == "mixed" else found["unit"]
        yield "trained on", f"{count(found['n_patients'], 'patient')}, {events:,} {of} ({cohorts}); {unit}"
    yield (
        "features",
        f"{found['n_features']}: {count(len(found['signatures']), 'signature')} of "
        f"{count(found['n_signature_genes'], 'gene')}, scored by {found['score']}; "
        f"{count(len(found['covariates']), 'covariate')}",
    )
    yield "finding", found["finding"]
    for measure in dict.fromkeys(one["measure"] for one in found["how_good"]):
        judged = [f"{one['value']} {one['judged_on']}" for one in found["how_good"] if one["measure"] == measure]
        yield "how good", [f"{measure} (95% interval)", *judged]
    yield from _word_parts(found)
    yield "made with", ", ".join(f"{name} {version}" for name, version in found["versions"].items())


def _word_parts(found: Mapping[str, Any]) -> Iterator[tuple[str, str | list[str]]]:
    agents = found["agents"]
    told = f"{len(agents['T1'])}: {', '.join(agents['T1'])}"
    yield "agents (T1)", told if agents["T1"] else "none: `itgstrat agents eligible` does not work with it"
    for tier, nothing in (("T2", "no model of cell lines"), ("T3", "no cohort with arms")):
        lines = [
            f"{one['agent']}: {'withheld: ' * one['withheld']}{one['reason'] or one['source']}" for one in agents[tier]
        ]
        yield f"agents ({tier})", lines or f"{nothing} attached"
    level = found["lower_bound"]
    yield "lower bound", "none" if level is None else f"of survival, {level:.0%} live longer"
    samples = found["risk_interval"]
    yield "risk interval", "none" if samples is None else f"{samples} bootstrap samples of the training patients"
    if one := found["recalibration"]:
        size = f"{one['patients']} patients, {one['events']} events"
        yield "recalibrated", f"on {one['cohort']}, {size} ({one['method']})"


def _word_needs(found: Mapping[str, Any]) -> Iterator[tuple[str, str | list[str]]]:
    by_rank = found["scores_take"] == "rank"
    yield (
        "expression",
        "counts, linear or log2; of one patient or many. "
        + ("Scores are ranks within a sample." if by_rank else "Scores work on log2 values."),
    )
    yield (
        "genes",
        f"the {found['n_signature_genes']} signature genes (symbols, Ensembl or Entrez ids): below half of them "
        f"nothing is told, below {found['min_coverage']:.0%} of its own a signature counts as missing. In all "
        f"it looks at {found['n_genes']:,}{', as ranks are taken among them' * by_rank}",
    )
    covariates = [_word_covariate(one) for one in found["covariates"]]
    if covariates:
        covariates.append("one that is missing is imputed, and the patient says so")
    yield "covariates", covariates or "none"
    policy = {"fail": "a patient not assessed stops the prediction", "drop": "patients not assessed are left out"}
    altered = ", ".join(found["alterations"])
    rest = policy.get(str(found["not_assessed"]), "not assessed is a state of its own")
    yield "alterations", f"{altered}: {rest}" if altered else "none for the model itself"
    agents = found["agents"]
    if agents["alterations"]:
        asked = ", ".join(agents["alterations"])
        yield "for agents", f"{asked}; without them the agents that ask for one say `cannot tell`, or not eligible"
    if agents["tumour_type"]:
        yield "tumour type", f"column {agents['tumour_type']} ({', '.join(agents['groups'])}), for thresholds of T1"
    references = "pooled (as trained), cohort (30 patients or more)"
    yield "reference", f"{references}, batch (a training cohort's own: {', '.join(found['batches'])})"


def _word_covariate(one: Mapping[str, Any]) -> str:
    if one["categories"]:
        kind = f"one of {', '.join(one['categories'])}"
    elif one["mean"] is None:
        kind = "not looked at: training could not use it"
    else:
        kind = f"a number, training {one['mean']:.3g} (SD {one['sd']:.3g})"
    where: dict[str, list[str]] = {}
    for cohort, column in one["read_from"].items():
        where.setdefault(column, []).append(cohort)
    read = [f"{column} in {', '.join(cohorts)}" for column, cohorts in where.items()]
    return f"{one['name']}: {'; '.join([kind, *read])}"


def _describe_covariates(bundle: "ModelBundle") -> Iterator[dict[str, Any]]:
    """Kind, categories or centre of each clinical variable, and where training found it."""
    from itgstrat.cli.columns import say_values, stored_rules

    recipe, stored = bundle.recipe, stored_rules(bundle)
    for name in bundle.info.get("covariates", ()):
        own = [at for at, known in enumerate(recipe.covariate) if known == name]
        levels = sorted({str(recipe.base[at]) for at in own} | {str(recipe.level[at]) for at in own} - {""})
        first = own[0] if own and not any(levels) else None
        yield {
            "name": name,
            "categories": [level for level in levels if level],
            "mean": None if first is None else float(recipe.covariate_mean[first]),
            "sd": None if first is None else float(recipe.covariate_sd[first]),
            "read_from": {
                cohort: f"{rules[name].column}" + (f" ({codes})" if (codes := say_values(rules[name])) else "")
                for cohort, rules in stored.items()
                if name in rules
            },
        }


def _describe_agents(bundle: "ModelBundle") -> dict[str, Any]:
    from itgstrat.antagonists.tiers import CONTROL

    rules = bundle.agents
    attached = {
        tier: [
            {"agent": one.agent, "withheld": one.withheld, "reason": one.reason, "source": one.source}
            for one in records
        ]
        for tier, records in (("T2", bundle.transfers), ("T3", bundle.benefits))
    }
    return {
        "T1": [] if rules is None else list(map(str, rules.agents[rules.classes != CONTROL])),
        **attached,
        "alterations": [] if rules is None else list(map(str, rules.alterations)),
        "tumour_type": "" if rules is None else str(rules.tumour_type),
        "groups": [] if rules is None else [str(group) for group in rules.groups if group],
    }


def _find_endpoint(info: Mapping[str, Any]) -> str:
    """The label, or event and time of the outcome; where cohorts have their own, each one's."""
    if "label" in info:
        return f"label {info['label']}"
    config = info.get("config") or {}
    own = {one["name"]: one.get("endpoint") for one in config.get("cohorts", ())}
    said = {name: _say_endpoint(one or config.get("endpoint")) for name, one in own.items()}
    if len(set(said.values())) == 1:
        return next(iter(said.values()))
    return "; ".join(f"{name}: {one}" for name, one in said.items())


def _say_endpoint(endpoint: Mapping[str, Any] | None) -> str:
    return f"{endpoint['event']} with {endpoint['time']} ({endpoint['unit']})" if endpoint else "as its layout has it"


def _read_card(card: str) -> dict[str, str]:
    """Sections of a card by their headings."""
    parts = re.split(r"^## (.+)$", card, flags=re.MULTILINE)
    return {heading: unescape(text.strip()) for heading, text in zip(parts[1::2], parts[2::2], strict=True)}


def _read_measures(card: str) -> Iterator[dict[str, str]]:
    """Measures of the model, from the tables of its card: concordances of a risk, AUC of a label."""
    section = _read_card(card).get("Evaluation", "")
    parts = re.split(r"^### (.+)$", section, flags=re.MULTILINE)
    for judged_on, text in zip(["", *parts[1::2]], parts[::2], strict=True):
        lines = [line for line in text.splitlines() if line.startswith("|")]
        head, *rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines] or [[]]
        for label, *cells in rows[1:]:
            values = dict(zip(head[1:], cells, strict=True))
            if label == "the model" or not judged_on:
                measure = next((name for name in values if name.startswith(("Harrell", "AUC"))), None)
                if measure:
                    yield {"judged_on": judged_on or label, "measure": measure, "value": values[measure]}
