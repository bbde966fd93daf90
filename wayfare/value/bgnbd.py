"""How many purchases are to come: the BG/NBD model, fitted by maximum likelihood.

Source: Fader, Hardie, Lee, "'Counting Your Customers' the Easy Way", Marketing Science 24 (2005). A customer buys at a
rate that differs between customers by a gamma distribution (r, alpha), and stops for good after a purchase with a
probability that differs by a beta distribution (a, b). What is known of a customer: `repeats`, the number of purchases
after the first; `last`, the age at the latest of them (0 without); `age`, the time since the first. Any unit of time
will do, weeks as a rule. All arguments are arrays of one length.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Figures = NDArray[np.float64]
_FLAT = 1e-8
"""Log-likelihood a customer: where nearly nobody stops, a and b may grow without end, and it is all the same."""


@dataclass(frozen=True, slots=True)
class Model:
    """The fitted parameters, and how well they fit."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    customers: int

    def expected_purchases(self, weeks: float, repeats: Figures, last: Figures, age: Figures) -> Figures:
        """Return how many purchases each customer is expected to make in the next `weeks`."""
        from scipy.special import hyp2f1  # here and below: loading scipy takes half a second, and few processes fit

        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        if abs(a - 1) < 1e-6:  # the formula has a gap there, its limit has none
            a = 1 + 1e-6
        x = repeats
        z = weeks / (alpha + age + weeks)
        gone = ((alpha + age) / (alpha + age + weeks)) ** (r + x) * hyp2f1(r + x, b + x, a + b + x - 1, z)
        rising: Figures = (a + b + x - 1) / (a - 1) * (1 - gone)
        return rising * self.alive(repeats, last, age)

    def alive(self, repeats: Figures, last: Figures, age: Figures) -> Figures:
        """Return the probability that each customer has not stopped. Who never came back has had no chance to."""
        x = repeats
        odds = np.where(
            x > 0,
            self.a / (self.b + np.maximum(x, 1) - 1) * ((self.alpha + age) / (self.alpha + last)) ** (self.r + x),
            0.0,
        )
        chance: Figures = 1 / (1 + odds)
        return chance


def fit(repeats: Figures, last: Figures, age: Figures) -> Model:
    """Fit the model. ValueError when there is nobody, when nobody came back, or when no fit is found."""
    from scipy.optimize import minimize

    if not len(repeats) or not (repeats > 0).any():
        raise ValueError("nobody came back yet: there is nothing to fit")
    rows, counts = np.unique(np.column_stack((repeats, last, age)), axis=0, return_counts=True)
    x, t, whole = rows.T
    scale = float(whole.max()) or 1.0  # parameters near 1 are found more surely

    def loss(logs: Figures) -> float:
        r, alpha, a, b = np.exp(logs)
        found = float(-(counts * _log_likelihood(r, alpha, a, b, x, t / scale, whole / scale)).sum() / counts.sum())
        return found if np.isfinite(found) else 1e10

    start = np.log([0.5, 0.2, 0.5, 1.5])
    bounds = [(-12.0, 12.0)] * 4
    rough = minimize(
        loss, start, method="Nelder-Mead", bounds=bounds, options={"maxiter": 1000, "xatol": 1e-4, "fatol": 1e-9}
    )
    fine = minimize(
        loss, rough.x, method="Nelder-Mead", bounds=bounds, options={"maxiter": 1000, "xatol": 1e-7, "fatol": 1e-13}
    )
    spread = float(np.ptp(fine.final_simplex[1]))
    if not fine.success and spread > _FLAT:
        raise ValueError(f"no fit was found: {fine.message}")
    r, alpha, a, b = (float(one) for one in np.exp(fine.x))
    alpha *= scale
    likelihood = float((counts * _log_likelihood(r, alpha, a, b, x, t, whole)).sum())
    return Model(r, alpha, a, b, likelihood, int(counts.sum()))


def _log_likelihood(r: float, alpha: float, a: float, b: float, x: Figures, last: Figures, age: Figures) -> Figures:
    """Return ln L of each row: equation 6 of the source, in the form that does not overflow."""
    from scipy.special import betaln, gammaln

    a1 = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    a2 = betaln(a, b + x) - betaln(a, b)
    a3 = -(r + x) * np.log(alpha + age)
    a4 = np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + last)
    found: Figures = a1 + a2 + np.where(x > 0, np.logaddexp(a3, a4), a3)
    return found
