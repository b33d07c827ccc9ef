"""What a system answered: in memory, on disk, recorded from a model or read from a lab's file."""

from unbraid.responses._betas import Betas, betas
from unbraid.responses._codes import Codes
from unbraid.responses._huggingface import huggingface
from unbraid.responses._images import Images, images
from unbraid.responses._load import check_codes_file, load, load_plainly, save
from unbraid.responses._match import in_rows_of, rows_of
from unbraid.responses._open import open_network
from unbraid.responses._pair import common, follow, in_order_of, pair
from unbraid.responses._preprocess import Preprocess
from unbraid.responses._record import record, record_to
from unbraid.responses._responses import Responses, as_responses
from unbraid.responses._rules import (
    AveragePool,
    Center,
    ChannelMean,
    ClassToken,
    Flatten,
    Positions,
    RandomProjection,
    Rule,
    parse_rule,
)
from unbraid.responses._store import Store, open_store
from unbraid.responses._trials import from_trials
from unbraid.responses._writer import StoreWriter
from unbraid.responses._zoo import Network, network

__all__ = [
    "AveragePool",
    "Betas",
    "Center",
    "ChannelMean",
    "ClassToken",
    "Codes",
    "Flatten",
    "Images",
    "Network",
    "Positions",
    "Preprocess",
    "RandomProjection",
    "Responses",
    "Rule",
    "Store",
    "StoreWriter",
    "as_responses",
    "betas",
    "check_codes_file",
    "common",
    "follow",
    "from_trials",
    "huggingface",
    "images",
    "in_order_of",
    "in_rows_of",
    "load",
    "load_plainly",
    "network",
    "open_network",
    "open_store",
    "pair",
    "parse_rule",
    "record",
    "record_to",
    "rows_of",
    "save",
]
