"""What a multi-buy remembers while units pass by, from the dearest to the cheapest: what is paid, and what is owed.

The states of one multi-buy are numbered as they appear. A walk over many units keeps one number for all multi-buys
together, with `BITS` bits for each of them, so that a step is one addition.
"""

from wayfare.promotions.effects import BuyGet, Sets
from wayfare.promotions.offers import Offer

GET, PAY, PAY_ELSEWHERE = 0, 1, 2  # the last one pays, and is not itself in the scope of what is got
BITS = 20
State = tuple[int, int, int]


class Automaton:
    """The states of one multi-buy. For sets: (paid towards a reward, rewards owed, sets begun).

    For buy_get: (rewards still to come of what is begun, bought and not used up, promised by units that only buy and
    applications begun in one number). Begun is counted only where `repeat` limits it.
    """

    def __init__(self, offer: Offer, place: int, repeat: int | None) -> None:
        self.shift, self.repeat = place * BITS, repeat
        effect = offer.effect
        self.is_pair = isinstance(effect, BuyGet)
        if isinstance(effect, Sets):
            self.wins, self.pays = effect.reward.units, effect.size - effect.reward.units
        else:
            assert isinstance(effect, BuyGet)  # noqa: S101  # the caller chose
            self.wins, self.pays = effect.get.quantity, effect.buy.quantity
        self.states: list[State] = [(0, 0, 0)]
        self._numbers: dict[State, int] = {(0, 0, 0): 0}
        self.moves: tuple[dict[int, int | None], ...] = ({}, {}, {})  # role to state to what the step adds
        self._settled: dict[int, int] = {}

    def step(self, number: int, role: int) -> int | None:
        """Return what a unit in this role adds to the state of the walk; None where the rules forbid it."""
        after = self._pair(self.states[number], role) if self.is_pair else self._sets(self.states[number], role)
        self.moves[role][number] = found = None if after is None else (self._number(after) - number) << self.shift
        return found

    def settle(self, number: int) -> int:
        """Return what the end of one price adds: what is owed then must be made up for by units that only buy.

        Units of one price may buy and be rewarded in any order; those that are cheaper cannot pay for them any more.
        """
        if number not in self._settled:
            open_, balance, code = self.states[number]
            after = (open_, balance, max(code % 1024, -balance) + code // 1024 * 1024)
            self._settled[number] = (self._number(after) - number) << self.shift
        return self._settled[number]

    def credit(self, number: int) -> int:
        """Return what has been paid for and not been got, `wins` for a payer and `pays` for a reward."""
        one, other, _ = self.states[number]
        if self.is_pair:
            return self.wins * other + self.pays * one
        return self.wins * one + self.pays * other

    def is_lost(self, number: int, gets: int, pays: int) -> bool:
        """Tell whether so many units to come cannot complete what has begun."""
        if self.is_pair:
            open_, balance, code = self.states[number]
            waiting = -(-balance // self.pays) * self.wins if balance > 0 else 0
            return open_ + waiting > gets or code % 1024 > pays or -balance > pays
        partial, owed, _ = self.states[number]
        if not self.pays:
            return owed > gets
        return owed + (self.wins if partial else 0) > gets or (partial > 0 and self.pays - partial > pays)

    def is_done(self, number: int) -> bool:
        """Tell whether nothing is begun and not completed."""
        one, other, _ = self.states[number]
        return one == 0 and other == 0

    def _number(self, state: State) -> int:
        if state not in self._numbers:
            self._numbers[state] = len(self.states)
            self.states.append(state)
        return self._numbers[state]

    def _sets(self, state: State, role: int) -> State | None:
        partial, owed, begun = state
        wins, pays, repeat = self.wins, self.pays, self.repeat
        if role == GET:
            if pays:
                return (partial, owed - 1, begun) if owed else None
            begun += owed == 0 and repeat is not None
            return (partial, (owed or wins) - 1, begun) if repeat is None or begun <= repeat else None
        if not pays:
            return None
        begun += partial == 0 and repeat is not None
        if repeat is not None and begun > repeat:
            return None
        return (partial + 1, owed, begun) if partial + 1 < pays else (0, owed + wins, begun)

    def _pair(self, state: State, role: int) -> State | None:
        open_, balance, code = state
        promised, begun = code % 1024, code // 1024
        if role == GET:
            if open_ == 0:
                balance -= self.pays
                begun += self.repeat is not None
                open_ = self.wins
                if self.repeat is not None and begun > self.repeat:
                    return None
            return open_ - 1, balance, promised + 1024 * begun
        if role == PAY_ELSEWHERE:
            promised = max(0, promised - 1)
        return open_, balance + 1, promised + 1024 * begun
