"""Exact money: whole minor units, one rounding, shares that add up."""

from collections.abc import Sequence


def half_up(numerator: int, denominator: int) -> int:
    """Round a fraction that is not negative to the nearest whole number, a half upwards."""
    return (2 * numerator + denominator) // (2 * denominator)


def share_out(amount: int, weights: Sequence[int], rooms: Sequence[int] | None = None) -> list[int]:
    """Share `amount` by `weights`: largest remainder, ties to the earlier.

    With `rooms`, no share is larger than its room; what one cannot take moves to the others that have both weight and
    room left. The shares add up to `amount`, or to as much of it as there is room for.
    """
    shares = [0] * len(weights)
    left = [amount] * len(weights) if rooms is None else list(rooms)
    while amount > 0:
        taking = [index for index, weight in enumerate(weights) if weight > 0 and left[index] > 0]
        total = sum(weights[index] for index in taking)
        if not taking:
            break
        part = {index: amount * weights[index] // total for index in taking}
        over = amount - sum(part.values())
        for index in sorted(taking, key=lambda index: -(amount * weights[index] % total))[:over]:
            part[index] += 1
        for index, share in part.items():
            given = min(share, left[index])
            shares[index] += given
            left[index] -= given
            amount -= given
    return shares
