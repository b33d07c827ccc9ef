"""The one writer of folders that are whole or absent: runs, dictionaries, exports, study pages."""

from unbraid._folders._writing import check_makeable, check_target, writing
from unbraid._folders._written import RECORD, steadily

__all__ = ["RECORD", "check_makeable", "check_target", "steadily", "writing"]
