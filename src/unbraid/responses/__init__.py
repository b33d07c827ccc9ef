"""What a system answered: in memory, on disk, recorded from a model or read from a lab's file."""

from unbraid.responses._codes import Codes
from unbraid.responses._load import load, save
from unbraid.responses._pair import common, pair
from unbraid.responses._responses import Responses, as_responses
from unbraid.responses._store import Store, open_store
from unbraid.responses._writer import StoreWriter

__all__ = [
    "Codes",
    "Responses",
    "Store",
    "StoreWriter",
    "as_responses",
    "common",
    "load",
    "open_store",
    "pair",
    "save",
]
