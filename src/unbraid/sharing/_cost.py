"""What a joint dictionary will cost, told from its sizes before it starts; rough."""

from __future__ import annotations

from collections.abc import Sequence

from unbraid.align._dense import check_memory
from unbraid.sharing._config import JointConfig
from unbraid.sharing.evidence._pairings import WRONG
from unbraid.sharing.learning._infer import left_out_groups
from unbraid.sparse._cost import START, Cost, again_seconds, learning_seconds, width_of

# Seconds of one core at 2 GHz, measured at 1,500 to 5,000 stimuli of 20 to 200 units and 32 to 100
# latents, two and three systems.
_INFER, _INFER_EACH = 1.2e-5, 1e-9  # a stimulus' code; each of units times latents
_TRIED = 15  # inferences that are tried on the judging stimuli
_JUDGING = 400  # of these stimuli at most, as the fit takes
_ALONE = 2.0  # a system that is too small for its features takes longer to learn
_BESIDE = 0.4  # ridge and matching, each system
_FLOP = 1e-10  # of a drawn pairing's sums


def cost_of(sizes: Sequence[int], n_train: int, n_held: int, config: JointConfig) -> Cost:
    """Return what a joint dictionary will cost, within a factor of about three.

    ``sizes``: units of each system.

    Raises
    ------
    InputError
        It would need more than 80 % of the memory that is free.
    """
    units, systems = sum(sizes), len(sizes)
    m = width_of(config.method, n_train, units)
    infer = _INFER + _INFER_EACH * units * m
    groups = sum(len(left_out_groups(size)) for size in sizes)
    choosing = _TRIED * groups * min(n_train, _JUDGING) * infer
    drawing = _FLOP * 2.0 * config.permutations * n_held * m * systems
    evidence = groups * (WRONG + 1) * n_held * infer + drawing
    again = again_seconds(config.method, n_train, min(units, m), m) + choosing
    seconds = learning_seconds(config.method, n_train, units, m) + choosing + evidence
    seconds += (config.seeds - 1 + config.refits) * (again + evidence)
    if config.baselines:
        alone = (again_seconds(config.method, n_train, size, m) for size in sizes)
        seconds += _ALONE * sum(alone) + systems * (choosing + _BESIDE)
    numbers = 5.0 * (n_train + n_held) * units + 7.0 * n_held * m + config.permutations * m + 2**25
    cost = Cost(seconds=seconds, memory=START + 8.0 * numbers)
    remedy = "Use fewer stimuli, units or latents."
    check_memory(cost.memory, f"A joint dictionary of {n_train} stimuli, {units} units", remedy)
    return cost
