"""What the answers of all main jobs have.

A verdict and its warnings (`_verdict`), a folder that is whole or absent (`_files`), every
field saved in it and read again (`_saved`), what made it (`_provenance`), and the pictures of its
stimuli (`_pictures`).
"""

from unbraid._answers._files import RESULT, beside_of, check_free, kind_of, write_answer
from unbraid._answers._pictures import Pictures, pictures_of
from unbraid._answers._provenance import made_with, sha256_of
from unbraid._answers._saved import FORMAT_VERSION, codes_codec, config_codec, packed, unpacked
from unbraid._answers._verdict import TONES, Verdict, plain, warned

__all__ = [
    "FORMAT_VERSION",
    "RESULT",
    "TONES",
    "Pictures",
    "Verdict",
    "beside_of",
    "check_free",
    "codes_codec",
    "config_codec",
    "kind_of",
    "made_with",
    "packed",
    "pictures_of",
    "plain",
    "sha256_of",
    "unpacked",
    "warned",
    "write_answer",
]
