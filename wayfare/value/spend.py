"""What a purchase is worth on average, as far as a customer's own purchases tell: the gamma-gamma model.

Source: Fader and Hardie, "The Gamma-Gamma Model of Monetary Value" (2013). Purchases of a customer vary around a
mean of the customer's own, and these means differ between customers. Who has bought little is pulled
towards the mean of all.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Figures = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spend:
    """The fitted parameters."""

    p: float
    q: float
    v: float
    log_likelihood: float
    customers: int

    def expected(self, repeats: Figures, mean: Figures) -> Figures:
        """Return the expected value of a purchase, in the unit of `mean`.

        `mean` is that of the `repeats` purchases after the first; without any it is not looked at. Equation 5.
        """
        known = np.where(repeats > 0, repeats * mean, 0.0)
        below = self.p * repeats + self.q - 1
        # With q of 1 or less the model knows no mean for those who have not come back: the median customer's stands in.
        found: Figures = self.p * (self.v + known) / np.where(below > 0, below, self.q)
        return found


def fit(repeats: Figures, mean: Figures) -> Spend:
    """Fit the model to those who came back and spent something. ValueError when there are fewer than two."""
    from scipy.optimize import minimize  # loading scipy takes half a second, and few processes fit
    from scipy.special import gammaln

    used = (repeats > 0) & (mean > 0)
    x, m = repeats[used], mean[used]
    if len(x) < 2:
        raise ValueError("fewer than two customers came back yet: there is nothing to fit")
    scale = float(np.mean(m))
    m = m / scale
    logs_m, logs_x = np.log(m), np.log(x)

    def log_likelihood(p: float, q: float, v: float) -> Figures:
        found: Figures = (
            gammaln(p * x + q)
            - gammaln(p * x)
            - gammaln(q)
            + q * np.log(v)
            + (p * x - 1) * logs_m
            + p * x * logs_x
            - (p * x + q) * np.log(v + m * x)
        )
        return found

    def loss(logs: Figures) -> float:
        found = -float(log_likelihood(*np.exp(logs)).mean())
        return found if np.isfinite(found) else 1e10

    options = {"maxiter": 6000, "xatol": 1e-7, "fatol": 1e-13}
    best = minimize(loss, np.log([2.0, 3.0, 1.0]), method="Nelder-Mead", bounds=[(-12.0, 12.0)] * 3, options=options)
    if not best.success:
        raise ValueError(f"no fit was found: {best.message}")
    p, q, v = (float(one) for one in np.exp(best.x))
    total = float(log_likelihood(p, q, v).sum()) - len(m) * float(np.log(scale))
    return Spend(p, q, v * scale, total, len(m))
