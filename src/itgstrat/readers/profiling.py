"""Who was assessed for which genes: lists of profiled samples, and gene panels."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from itgstrat.readers.alterations import SampleIndex, sample_key
from itgstrat.readers.genes import map_genes

#: What stands for a panel where the whole exome or genome was sequenced (cBioPortal's datahub).
WHOLE = frozenset(["WES", "WGS", "WXS", "WHOLE-EXOME", "WHOLE EXOME", "EXOME"])


@dataclass(frozen=True)
class Profiling:
    """Which samples were assessed, and for which genes.

    Parameters
    ----------
    samples : frozenset of str
        Keys (`sample_key`) of samples known to be profiled, with or without a variant.
    panels : mapping of str to (frozenset of str or None)
        Key -> approved symbols of the sample's panel; None where a panel was used whose genes are not known:
        then nothing but what was found is known. A sample that is not listed is held to `genes`.
    genes : frozenset of str or None
        Approved symbols assessed in all samples without a panel of their own; None is all genes.
    """

    samples: frozenset[str] = frozenset()
    panels: Mapping[str, frozenset[str] | None] = field(default_factory=dict, hash=False)
    genes: frozenset[str] | None = None

    def genes_of(self, keys: Iterable[str]) -> dict[str, frozenset[str] | None]:
        """Give the genes assessed in each sample.

        Parameters
        ----------
        keys : iterable of str
            Keys of profiled samples.

        Returns
        -------
        dict of str to (frozenset of str or None)
            None is all genes; an empty set, none that is known.

        Examples
        --------
        >>> Profiling(panels={"a": None}).genes_of(["a", "b"])
        {'a': frozenset(), 'b': None}
        """
        index = SampleIndex(self.panels)
        found: dict[str, frozenset[str] | None] = {}
        for key in keys:
            place = index.find(key)
            found[key] = self.genes if place is None else (self.panels[place] or frozenset())
        return found

    def everyone(self, called: Collection[str]) -> tuple[str, ...]:
        """Name all samples that are known to be profiled.

        A listed sample that is the same as one with variants, or cannot be told from it (one of the two is only
        named by patient), is that one.

        Parameters
        ----------
        called : collection of str
            Keys of the samples in the table of variants.

        Returns
        -------
        tuple of str
            Keys, each once, those of the table first.

        Examples
        --------
        >>> Profiling(frozenset(["TCGA-AA-0001", "TCGA-AA-0002-01"])).everyone(["TCGA-AA-0001-06"])
        ('TCGA-AA-0001-06', 'TCGA-AA-0002-01')
        """
        index = SampleIndex(called)
        listed = SampleIndex(self.samples)
        further = [
            key
            for key in sorted(self.samples)
            if index.find(key) is None and not (key in listed.untyped and key in index.patients)
        ]
        return (*dict.fromkeys(called), *further)


def make_profiling(
    samples: Iterable[str] = (),
    panels: Mapping[str, Collection[str] | None] | None = None,
    genes: Collection[str] | None = None,
) -> Profiling:
    """Make the record from labels and gene names as written.

    Parameters
    ----------
    samples : iterable of str
        Labels of profiled samples or patients.
    panels : mapping of str to (collection of str or None), optional
        Label -> genes of its panel, by any name or id; None where they are not known.
    genes : collection of str, optional
        Genes assessed in all other samples; all genes if not given.

    Returns
    -------
    Profiling
        With sample keys and approved symbols.

    Examples
    --------
    >>> sorted(make_profiling(["TCGA-AA-0001-01A-11D"], genes=["p53", "7157"]).genes)
    ['TP53']
    """
    symbols: dict[frozenset[str], frozenset[str]] = {}
    kept: dict[str, frozenset[str] | None] = {}
    for label, panel in (panels or {}).items():
        kept[sample_key(label)] = None if panel is None else _approved(frozenset(panel), symbols)
    everywhere = None if genes is None else _approved(frozenset(genes), symbols)
    return Profiling(frozenset(map(sample_key, samples)), kept, everywhere)


def _approved(names: frozenset[str], known: dict[frozenset[str], frozenset[str]]) -> frozenset[str]:
    if names not in known:
        known[names] = map_genes(sorted(names)).symbols if names else frozenset()
    return known[names]
