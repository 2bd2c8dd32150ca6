"""The scoring methods, by the name that a configuration uses."""

from itgstrat.scoring.expression_methods import add_up, average_z, combine_z, see_z
from itgstrat.scoring.gsva import split_walk
from itgstrat.scoring.method import ScoreMethod
from itgstrat.scoring.plage import learn_loadings
from itgstrat.scoring.rank_methods import (
    average,
    centre,
    mann_whitney,
    recover,
    see_capped,
    see_fraction,
    see_top,
    see_walk,
    walk,
)

_ONE_WAY_OR_SIGNED = "0 to 1 (one direction), -1 to 1 (up and down)"

#: Every scoring method; docs/scoring.md says when to use which.
SCORES: dict[str, ScoreMethod] = {
    method.name: method
    for method in (
        ScoreMethod(
            name="singscore",
            values="rank",
            parts=see_fraction,
            combine=centre,
            formula="(mean rank - least) / (greatest - least) - 1/2 of the up set, plus the same of the "
            "down set with ranks reversed",
            limits="-0.5 to 0.5 (one direction), -1 to 1 (up and down)",
            reference="Foroutan 2018, doi 10.1186/s12859-018-2435-4",
            single_sample=True,
        ),
        ScoreMethod(
            name="mean_rank",
            values="rank",
            parts=see_fraction,
            combine=average,
            formula="mean of (rank - 1/2) / genes over the up set minus the same over the down set",
            limits=_ONE_WAY_OR_SIGNED,
            reference="the uncentred term of singscore, doi 10.1186/s12859-018-2435-4",
            single_sample=True,
        ),
        ScoreMethod(
            name="ssgsea",
            values="rank",
            parts=see_walk,
            combine=walk,
            formula="sum over the list of the weighted share of the set minus the share of the other genes, "
            "weights rank^0.25, not normalised; up set minus down set",
            limits="about -N/2 to N/2 for N genes",
            reference="Barbie 2009, doi 10.1038/nature08460",
            single_sample=True,
        ),
        ScoreMethod(
            name="aucell",
            values="rank",
            parts=see_top,
            combine=recover,
            formula="area under the recovery curve in the top 5% of genes, as a share of the greatest; up minus down",
            limits=_ONE_WAY_OR_SIGNED,
            reference="Aibar 2017, doi 10.1038/nmeth.4463",
            single_sample=True,
        ),
        ScoreMethod(
            name="ucell",
            values="rank",
            parts=see_capped,
            combine=mann_whitney,
            formula="1 - U / (k x greatest rank), ranks cut at 1,500; up minus down",
            limits=_ONE_WAY_OR_SIGNED,
            reference="Andreatta 2021, doi 10.1016/j.csbj.2021.06.043",
            single_sample=True,
        ),
        ScoreMethod(
            name="zscore",
            values="expression",
            parts=see_z,
            combine=combine_z,
            formula="sum of sign x z / sqrt(genes), z against the frozen reference",
            limits="unbounded; standard deviation 1 where genes are independent",
            reference="Lee 2008, doi 10.1371/journal.pcbi.1000217",
            single_sample=False,
        ),
        ScoreMethod(
            name="weighted_mean",
            values="expression",
            parts=see_z,
            combine=average_z,
            formula="sum of weight x z / sum of |weight|, z against the frozen reference",
            limits="unbounded",
            reference="Lee 2008, doi 10.1371/journal.pcbi.1000217 (z-scores), averaged by weight",
            single_sample=False,
        ),
        ScoreMethod(
            name="plage",
            values="expression",
            parts=see_z,
            combine=add_up,
            learn_weights=learn_loadings,
            formula="sum of loading x z / first singular value, loadings the first axis of the set's z in the frozen "
            "reference, turned so that the sum of loading x sign is above 0",
            limits="-1 to 1 in the reference cohort, unbounded beyond",
            reference="Tomfohr 2005, doi 10.1186/1471-2105-6-225",
            single_sample=False,
        ),
        ScoreMethod(
            name="gsva",
            values="density",
            split=split_walk,
            formula="highest plus lowest point of the random walk down the genes by their Gaussian kernel density in "
            "the frozen reference, weights |rank - N/2|; up set minus down set",
            limits="-1 to 1 (one direction), -2 to 2 (up and down)",
            reference="Hanzelmann 2013, doi 10.1186/1471-2105-14-7",
            single_sample=False,
        ),
    )
}
