"""What a system answered: in memory, on disk, recorded from a model or read from a lab's file."""

from unbraid.responses._codes import Codes
from unbraid.responses._load import load, save
from unbraid.responses._pair import common, pair
from unbraid.responses._responses import Responses, as_responses

__all__ = ["Codes", "Responses", "as_responses", "common", "load", "pair", "save"]
