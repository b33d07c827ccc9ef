"""Dictionary learning without an encoder: pursuit, sparse coding, spike and slab."""
