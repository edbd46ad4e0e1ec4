"""What each figure of merit is, and what a perfect generator gets."""

from __future__ import annotations

GLOSSARY: tuple[tuple[str, str], ...] = (
    (
        "Null",
        "The same figure with simulated muons of other events in the place of the generated ones: what a perfect "
        "generator would get from samples of this size.",
    ),
    (
        "p",
        "Probability of a figure as far from a perfect generator's, if generated and simulated muons were of one "
        "distribution. Errors and p-values are over events, since muons of one proton are correlated. Differences at "
        "p < 0.01 are marked, and so are violated bounds of physics.",
    ),
    (
        "N_eff",
        "Effective sample size, (sum w)² / sum w²: as many muons of equal weight would have the same statistical "
        "errors.",
    ),
    (
        "ROC AUC, reduced chi2, overlap",
        "Of the outputs of boosted trees that try to tell generated from simulated muons; 0.5, 1 and 1 if they cannot. "
        "The note's boosted trees are those of the 2018 note; the strong classifier sees all rows and derived "
        "quantities and stops before it learns noise. Its excess AUC is that above the null.",
    ),
    (
        "Classifier weight w",
        "D / (1 - D) of the strong classifier's calibrated output D: the factor by which the simulation has more muons "
        "at a point than the generator. Generated muons of w near 0 should not exist; simulated ones of large w are "
        "missed.",
    ),
    (
        "Kolmogorov-Smirnov and Wasserstein-1 distances",
        "Largest distance, and area, between two distribution functions; the area over the standard deviation. 0.",
    ),
    ("chi2 / d.o.f.", "Of the shares in bins of about equal weight. 1."),
    (
        "Most anomalous cell, largest deviation of a slit",
        "Largest of many differences, in standard deviations of its own; its p-value allows for how many were "
        "looked at. As the null.",
    ),
    (
        "Contrast of the slits",
        "1 - (density of start z in the water slits) / (density beside them). As in the simulation.",
    ),
    ("Correlation-matrix distance", "Root of the summed squared differences of rank correlations. 0."),
    (
        "Sliced Wasserstein distance",
        "Wasserstein-1 distance along random directions of phase space, averaged. 0.",
    ),
    (
        "Fréchet and kernel physics distances",
        "FPD compares means and covariances, extrapolated to infinite samples; KPD all moments up to the fourth, "
        "without bias. 0, and they fluctuate below it.",
    ),
    ("Ratio of yields", "Generated over simulated share of muons in a region, with its 68% interval. 1."),
    ("Bounds", "Share of muons that violate a bound of physics. Exactly 0."),
    (
        "Coverage",
        "Share of simulated muons with a generated one among their nearest neighbours. As the null; less if modes are "
        "missing.",
    ),
    (
        "Memorisation",
        "Probability that a generated muon lies nearer to a training muon than a held-out one does: 0.5, more if the "
        "generator copies. Copies and repetitions: 0.",
    ),
    (
        "Amplification",
        "How many times the training statistics the generated muons are worth in a region, from the variance over an "
        "ensemble of generators.",
    ),
    (
        "Uncertainty",
        "Spread of a cell's share over replicas, the generator trained again on resampled events with other seeds: its "
        "systematic error. In 68.3% of the cells the simulated share should lie within all errors.",
    ),
)
