import numpy as np
import pytest

from itgstrat.biology.hgnc import load_hgnc
from itgstrat.errors import InputError
from itgstrat.readers.genes import collapse_genes, map_genes

from .builders import INTEGRINS

TABLE = load_hgnc()
FIRST, SECOND = INTEGRINS[:2]
ENTREZ = {symbol: number for number, symbol in TABLE.entrez.items()}
ENSEMBL = {symbol: name for name, symbol in TABLE.ensembl.items()}
OLD = {symbol: name for name, symbol in TABLE.previous.items() if "|" not in symbol}
RENAMED = next(symbol for symbol in sorted(OLD) if TABLE.resolve(OLD[symbol]).how == "previous")
AMBIGUOUS = next(name for name, found in sorted(TABLE.alias.items()) if TABLE.resolve(name).how == "ambiguous")
AMBIGUOUS_INTEGRIN = [
    name
    for name, found in sorted({**TABLE.alias, **TABLE.previous}.items())
    if "|" in found and set(found.split("|")) & set(INTEGRINS) and TABLE.resolve(name).how == "ambiguous"
]


@pytest.mark.parametrize(
    ("write", "identifier"),
    [
        (lambda symbol: symbol, "HGNC symbol"),
        (lambda symbol: f" {symbol} ", "HGNC symbol"),
        (lambda symbol: ENSEMBL[symbol], "Ensembl gene"),
        (lambda symbol: f"{ENSEMBL[symbol]}.12", "Ensembl gene"),
        (lambda symbol: ENTREZ[symbol], "Entrez gene"),
        (lambda symbol: f"ENTREZ_{ENTREZ[symbol]}", "Entrez gene"),
        (lambda symbol: f"{symbol}|{ENTREZ[symbol]}", "SYMBOL|ENTREZ"),
        (lambda symbol: f"?|{ENTREZ[symbol]}", "SYMBOL|ENTREZ"),
        (lambda symbol: f"{symbol}|999999999", "SYMBOL|ENTREZ"),
    ],
)
def test_every_identifier_leads_to_the_symbol(write, identifier):
    mapping = map_genes([write(symbol) for symbol in INTEGRINS])
    assert mapping.identifier == identifier
    assert [meaning.symbol for meaning in mapping.meanings] == list(INTEGRINS)
    assert mapping.share == 1


def test_mixed_identifiers_say_the_majority():
    mapping = map_genes([FIRST, SECOND, ENSEMBL[FIRST]])
    assert mapping.identifier == "HGNC symbol"
    assert mapping.kinds == {"HGNC symbol": 2, "Ensembl gene": 1}


def test_old_names_count_only_when_unique():
    mapping = map_genes([OLD[RENAMED], AMBIGUOUS, "no such gene", f"{FIRST}///{SECOND}"])
    assert [meaning.symbol for meaning in mapping.meanings] == [RENAMED, "", "", ""]
    assert mapping.n_renamed == 1
    reasons = {record.reason: record.names for record in mapping.lost("c")}
    assert reasons == {
        "label of several genes (A///B)": (f"{FIRST}///{SECOND}",),
        "no approved gene has this label": ("no such gene",),
        "old name of several genes": (AMBIGUOUS,),
    }


def test_lost_integrins_are_named_first():
    labels = ["AAA///BBB", f"ZZZ///{SECOND}", "CCC///DDD"]
    (record,) = map_genes(labels).lost()
    assert record.names == (f"ZZZ///{SECOND}", "AAA///BBB", "CCC///DDD")


@pytest.mark.skipif(not AMBIGUOUS_INTEGRIN, reason="the HGNC table has no ambiguous integrin name")
def test_an_ambiguous_integrin_name_is_named_first():
    labels = [name for name, _ in zip(["A1B2C3", AMBIGUOUS_INTEGRIN[0], AMBIGUOUS], range(3), strict=True)]
    record = next(record for record in map_genes(labels).lost() if record.reason == "old name of several genes")
    assert record.names[0] == AMBIGUOUS_INTEGRIN[0]


def test_no_labels():
    with pytest.raises(InputError, match="no gene labels"):
        map_genes([])


VALUES = np.array([[1, 5, 2, 9], [1, 7, 4, 9]], np.float32)


@pytest.mark.parametrize(
    ("policy", "expected", "reason"),
    [
        ("highest_mean", [5, 7], "another row of the same gene has the higher mean"),
        ("mean", [8 / 3, 4], "averaged with other rows of the same gene"),
        ("first", [1, 1], "an earlier row of the same gene stays"),
    ],
)
def test_duplicates(policy, expected, reason):
    mapping = map_genes([FIRST, FIRST, FIRST, SECOND])
    symbols, values, dropped = collapse_genes(VALUES, mapping, policy, "c")
    assert symbols == (FIRST, SECOND)
    np.testing.assert_allclose(values[:, 0], expected, rtol=1e-6)
    np.testing.assert_array_equal(values[:, 1], [9, 9])
    assert [(record.reason, len(record.names), record.cohort) for record in dropped] == [(reason, 2, "c")]


def test_duplicates_may_be_refused():
    with pytest.raises(InputError, match=f"genes occur more than once: {FIRST}"):
        collapse_genes(VALUES, map_genes([FIRST, FIRST, FIRST, SECOND]), "fail")
    with pytest.raises(InputError, match="duplicates 'best' is not known"):
        collapse_genes(VALUES, map_genes([FIRST, FIRST, FIRST, SECOND]), "best")


def test_missing_values_do_not_win_or_spoil_the_mean():
    values = np.array([[np.nan, 5, np.nan, 1], [np.nan, np.nan, 4, 1]], np.float32)
    mapping = map_genes([FIRST, FIRST, FIRST, SECOND])
    np.testing.assert_array_equal(collapse_genes(values, mapping)[1][:, 0], [5, np.nan])
    np.testing.assert_array_equal(collapse_genes(values, mapping, "mean")[1][:, 0], [5, 4])


def test_the_approved_name_beats_old_names_whatever_the_numbers():
    mapping = map_genes([OLD[RENAMED], RENAMED, FIRST, SECOND])
    symbols, values, dropped = collapse_genes(VALUES, mapping)
    assert symbols == (RENAMED, FIRST, SECOND)
    np.testing.assert_array_equal(values[:, 0], VALUES[:, 1])
    assert dropped[0].names == (OLD[RENAMED],)


def test_of_two_old_names_the_choice_does_not_depend_on_the_numbers():
    names: dict[str, list[str]] = {}
    for name in TABLE.previous:
        found = TABLE.resolve(name)
        if found and found.how == "previous" and found.symbol:
            names.setdefault(found.symbol, []).append(name)
    several = next(sorted(found) for _, found in sorted(names.items()) if len(found) > 1)
    mapping = map_genes([several[1], several[0], FIRST, SECOND])
    for values in (VALUES, VALUES[:, ::-1], VALUES[:1]):
        _, kept, _ = collapse_genes(values, mapping)
        np.testing.assert_array_equal(kept[:, 0], values[:, 1])
