"""What a system answered: in memory, on disk, recorded from a model or read from a lab's file.

In the order in which to read: `labelled` (responses, codes and their ids in memory), `_load` and
`_formats` (files, a reader a format), `stores` (what is larger than memory), `recording` (layers of
a model), `networks` (models by name), `pictures` (stimuli), `_betas` (prepared fMRI data sets).
`_files`, `_looks` and `_said` check what is read.
"""

from unbraid.responses._betas import Betas, betas
from unbraid.responses._load import load, load_plainly, options_of
from unbraid.responses._save import check_codes_file, save
from unbraid.responses.labelled._codes import Codes
from unbraid.responses.labelled._match import in_rows_of, rows_of
from unbraid.responses.labelled._pair import common, follow, in_order_of, pair
from unbraid.responses.labelled._parts import StimulusParts, parts_of
from unbraid.responses.labelled._responses import Responses, as_responses
from unbraid.responses.labelled._tokens import tokens_by_id
from unbraid.responses.labelled._training import as_training
from unbraid.responses.labelled._trials import from_trials
from unbraid.responses.networks._huggingface import huggingface
from unbraid.responses.networks._open import open_network
from unbraid.responses.networks._zoo import Network, network
from unbraid.responses.pictures._by_id import pictures_by_id
from unbraid.responses.pictures._images import Images, images
from unbraid.responses.pictures._preprocess import Preprocess
from unbraid.responses.recording._record import record, record_to
from unbraid.responses.recording._rules import (
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
from unbraid.responses.stores._store import Store, open_store
from unbraid.responses.stores._writer import StoreWriter

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
    "StimulusParts",
    "Store",
    "StoreWriter",
    "as_responses",
    "as_training",
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
    "options_of",
    "pair",
    "parse_rule",
    "parts_of",
    "pictures_by_id",
    "record",
    "record_to",
    "rows_of",
    "save",
    "tokens_by_id",
]
