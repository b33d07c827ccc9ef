"""The one writer of what is whole or absent: runs, dictionaries, exports, pages, and files."""

from unbraid._folders._locks import is_abandoned, lock
from unbraid._folders._single import is_temporary, replacing
from unbraid._folders._writing import check_makeable, check_target, writing
from unbraid._folders._written import RECORD, differs, kind_of_whole, remove, steadily

__all__ = [
    "RECORD",
    "check_makeable",
    "check_target",
    "differs",
    "is_abandoned",
    "is_temporary",
    "kind_of_whole",
    "lock",
    "remove",
    "replacing",
    "steadily",
    "writing",
]
