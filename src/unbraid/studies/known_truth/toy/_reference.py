"""An independent replication of the toy world, one pair of seeds: what the study should find."""

_NAMES = (
    "loss", "shared features", "semi of weights", "semi N->N", "semi S->S", "semi R->S",
    "soft N->N", "soft S->S", "soft R->S", "ridge N->N", "ridge S->N", "ridge S->S", "ridge R->N",
    "cka N", "cka S", "rsa N", "rsa S", "max r neurons", "max r latents",
)  # fmt: skip
_POWER_LAW = {
    8: (0.0064, 17, 0.362, 0.363, 0.277, 0.240, 0.344, 0.232, 0.206, 0.558, 0.710, 0.409, 0.697,
        0.330, 0.361, 0.251, 0.405, 0.14, 0.18),
    16: (0.0041, 30, 0.330, 0.363, 0.506, 0.258, 0.335, 0.443, 0.237, 0.645, 0.834, 0.596, 0.634,
         0.447, 0.477, 0.343, 0.494, 0.17, 0.475),
    32: (0.0017, 57, 0.306, 0.350, 0.805, 0.252, 0.312, 0.800, 0.223, 0.675, 0.866, 0.824, 0.516,
         0.477, 0.712, 0.416, 0.732, 0.255, 0.84),
}  # fmt: skip
_UNIFORM = {
    8: {"shared features": 6, "semi N->N": 0.258, "semi S->S": 0.142, "semi R->S": 0.097,
        "ridge N->N": 0.385, "ridge S->N": 0.402, "ridge R->N": 0.381},
    16: {"shared features": 39, "semi N->N": 0.274, "semi S->S": 0.117, "semi R->S": 0.107,
         "soft N->N": 0.263, "soft S->S": 0.086, "soft R->S": 0.087, "ridge N->N": 0.492,
         "ridge S->N": 0.463, "ridge R->N": 0.438},
    32: {"shared features": 64, "semi N->N": 0.274, "semi S->S": 0.737, "semi R->S": 0.217,
         "soft N->N": 0.256, "soft S->S": 0.718, "soft R->S": 0.183, "ridge N->N": 0.622,
         "ridge S->N": 0.814, "ridge R->N": 0.463, "max r neurons": 0.20, "max r latents": 0.85},
}  # fmt: skip

REFERENCE: dict[tuple[str, int], dict[str, float]] = {
    **{("power_law", h): dict(zip(_NAMES, row, strict=True)) for h, row in _POWER_LAW.items()},
    **{("uniform", h): row for h, row in _UNIFORM.items()},
}
