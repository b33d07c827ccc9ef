"""Dictionaries of sparse features: learned from responses, and codes inferred under them.

In the order in which to read: `_method` (what a way of learning promises), `_dictionary` (what it
returns) and `_fit` (the one verb); `autoencoders`, `crosscoders` (of several systems) and
`training`, `learning` (without an encoder) and `inference` (codes under given atoms: the lasso),
`auto` (what chooses), `baselines` (what to compare with), `evidence` (how good it is) and `formats`
(files, other libraries).
A new method is one file with a subclass of `Method`, imported here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._evidence import Evidence
from unbraid.sparse._fit import fit
from unbraid.sparse._latent_parts import LatentParts, parts_around, parts_within
from unbraid.sparse._latent_rows import Latent, latent_rows
from unbraid.sparse._latent_views import LatentView, latent_views
from unbraid.sparse._method import Method, known_methods, parse_method
from unbraid.sparse._parts_given import parts_given, parts_shown
from unbraid.sparse._seeds import fit_seeds
from unbraid.sparse._shuffle import shuffle_latents
from unbraid.sparse.auto.auto import Auto
from unbraid.sparse.autoencoders.abs_topk import AbsTopK
from unbraid.sparse.autoencoders.archetypal import Archetypal
from unbraid.sparse.autoencoders.batch_topk import BatchTopK
from unbraid.sparse.autoencoders.gated import Gated
from unbraid.sparse.autoencoders.jump_relu import JumpRelu
from unbraid.sparse.autoencoders.longon2025 import Longon2025Dnn, Longon2025Toy
from unbraid.sparse.autoencoders.matching_pursuit import MatchingPursuit
from unbraid.sparse.autoencoders.matryoshka import Matryoshka
from unbraid.sparse.autoencoders.relu_l1 import ReluL1
from unbraid.sparse.autoencoders.topk import TopK
from unbraid.sparse.baselines.controls import RandomDictionary, RandomExpansion, ShuffledLatents
from unbraid.sparse.baselines.frozen import FrozenDecoder, FrozenEncoder, SoftFrozenDecoder
from unbraid.sparse.baselines.ica import ICA
from unbraid.sparse.baselines.k_means import KMeans
from unbraid.sparse.baselines.nmf import NMF
from unbraid.sparse.baselines.pca import PCA
from unbraid.sparse.baselines.random_like import random_like
from unbraid.sparse.crosscoders.batch_topk_crosscoder import BatchTopKCrosscoder
from unbraid.sparse.crosscoders.l1_crosscoder import L1Crosscoder
from unbraid.sparse.crosscoders.partitioned_crosscoder import PartitionedCrosscoder
from unbraid.sparse.crosscoders.sparc import Sparc
from unbraid.sparse.crosscoders.usae import Usae
from unbraid.sparse.evidence._stability import stability, with_stability
from unbraid.sparse.evidence._subspace import SubspaceStability, subspace_stability
from unbraid.sparse.evidence.consensus import Consensus, consensus
from unbraid.sparse.evidence.splitting.correspondence import (
    Correspondence,
    LatentKinds,
    correspondence,
)
from unbraid.sparse.formats.export import export
from unbraid.sparse.formats.foreign._imported import Imported
from unbraid.sparse.formats.hub import push_to_hub, save_pretrained
from unbraid.sparse.formats.loading import from_pretrained, load_foreign
from unbraid.sparse.inference._encoder import Encoder
from unbraid.sparse.learning.pursuit import Pursuit
from unbraid.sparse.learning.refined import Refined
from unbraid.sparse.learning.sparse_coding import SparseCoding
from unbraid.sparse.learning.spike_and_slab import SpikeAndSlab
from unbraid.sparse.learning.untangled import Untangled
from unbraid.sparse.training._ranks import together
from unbraid.sparse.training._training import Training

if TYPE_CHECKING:
    from unbraid.sparse.estimator import DictionaryTransformer

METHODS: dict[str, type[Method]] = {
    name: kind for name, kind in known_methods().items() if kind.can_learn
}
"""The methods of this room by name, as ``parse_method`` and the command line take them."""


def __getattr__(name: str) -> Any:
    """Import the scikit-learn face when it is first used: scikit-learn is slow to import."""
    if name == "DictionaryTransformer":
        from unbraid.sparse.estimator import DictionaryTransformer

        return DictionaryTransformer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "METHODS",
    "AbsTopK",
    "Archetypal",
    "Auto",
    "BatchTopK",
    "BatchTopKCrosscoder",
    "Consensus",
    "Correspondence",
    "FrozenDecoder",
    "FrozenEncoder",
    "Gated",
    "JumpRelu",
    "Matryoshka",
    "ReluL1",
    "Dictionary",
    "DictionaryTransformer",
    "Encoder",
    "Evidence",
    "ICA",
    "Imported",
    "KMeans",
    "L1Crosscoder",
    "Latent",
    "LatentParts",
    "LatentView",
    "LatentKinds",
    "Longon2025Dnn",
    "Longon2025Toy",
    "MatchingPursuit",
    "Method",
    "NMF",
    "PCA",
    "PartitionedCrosscoder",
    "Pursuit",
    "SparseCoding",
    "SpikeAndSlab",
    "RandomDictionary",
    "RandomExpansion",
    "Refined",
    "ShuffledLatents",
    "SoftFrozenDecoder",
    "SubspaceStability",
    "Sparc",
    "TopK",
    "Training",
    "Untangled",
    "Usae",
    "consensus",
    "correspondence",
    "export",
    "fit",
    "fit_seeds",
    "from_pretrained",
    "latent_rows",
    "latent_views",
    "load_foreign",
    "parse_method",
    "parts_around",
    "parts_given",
    "parts_shown",
    "parts_within",
    "push_to_hub",
    "random_like",
    "save_pretrained",
    "shuffle_latents",
    "stability",
    "subspace_stability",
    "together",
    "with_stability",
]
