"""A joint dictionary read from its folder."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._formats.arrays.safetensors import numbers, read_header
from unbraid.sharing._beside import Beside
from unbraid.sharing._config import JointConfig
from unbraid.sharing._evidence import Contrast, LeftOut
from unbraid.sharing._infer import Coder
from unbraid.sharing._joint import CODER, SCALE, TABLE, Count, Joint
from unbraid.sharing._latents import Latents
from unbraid.sharing._save import ARRAYS, CONFIG, KIND, RESULT
from unbraid.sharing._stack import Scale
from unbraid.sharing._verdict import Bound, JointVerdict


def load_joint(folder: str | Path) -> Joint:
    """Read what ``Joint.save`` wrote.

    Raises
    ------
    InputError
        No such folder; another kind of result; a file that is missing or damaged.
    """
    path = Path(folder).expanduser()
    record = _read_json(path / RESULT, path)
    if record.get("kind") != KIND:
        raise InputError(f"{path} holds another kind of result; it is none of unbraid.joint.")
    config = _read_json(path / CONFIG, path)
    if not (path / ARRAYS).is_file():
        raise InputError(f"{path} has no {ARRAYS}: it is not whole.")
    tensors, _ = read_header(path / ARRAYS)
    arrays = {name: numbers(path / ARRAYS, tensor) for name, tensor in tensors.items()}
    try:
        return _rebuilt(record, config, arrays)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path} does not hold a whole joint dictionary ({type(error).__name__}: {error})."
        ) from None


def _rebuilt(record: dict[str, Any], config: dict[str, Any], arrays: dict[str, Any]) -> Joint:
    options = {key: value for key, value in config.items() if key not in ("name", "seed")}
    names = tuple(each["name"] for each in record["systems"])
    table = {name: arrays[f"latents.{name}"] for name in TABLE}
    table["lies"] = table["lies"].astype(bool)
    contrast = dict(record["contrast"])
    systems = tuple(_made(LeftOut, each) for each in contrast.pop("systems"))
    said = record["verdict"]
    return Joint(
        config=JointConfig(**options),
        names=names,
        sizes=tuple(int(each["n_units"]) for each in record["systems"]),
        evidence=Latents(kind=tuple(record["latents"]["kind"]), **table),
        counts={kind: Count(**count) for kind, count in record["counts"].items()},
        expected_shared=_number(record["expected_shared"]),
        contrast=Contrast(**{k: _number(v) for k, v in contrast.items()}, systems=systems),
        beside=tuple(_made(Beside, each) for each in record["beside"]),
        bounds=tuple(_made(Bound, each) for each in record["bounds"]),
        variance={each["name"]: _number(each["variance"]) for each in record["systems"]},
        carried={each["name"]: _number(each["carried_by_shared"]) for each in record["systems"]},
        values_r=arrays["latents.values_r"],
        verdict=JointVerdict(
            tone=said["tone"], sentence=said["sentence"], reasons=tuple(said["reasons"])
        ),
        warnings=tuple(record["warnings"]),
        coder=Coder(**{name: arrays[f"coder.{name}"] for name in CODER}, **record["coder"]),
        scale=Scale(**{name: arrays[f"scale.{name}"] for name in SCALE}),
        joint_rows=int(record["joint_rows"]),
        held_stimuli=np.array(record["held_stimuli"]),
        provenance=record["provenance"],
    )


def _made(kind: type, data: dict[str, Any]) -> Any:
    """Return a result of plain data; None stands for NaN."""
    known = {field.name for field in fields(kind)}
    return kind(**{k: _number(v) if v is None else v for k, v in data.items() if k in known})


def _number(value: Any) -> float:
    return float("nan") if value is None else value


def _read_json(path: Path, folder: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise InputError(
            f"{folder} has no {path.name}; give a folder that Joint.save wrote."
        ) from None
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}.") from None
    if not isinstance(data, dict):
        raise InputError(f"{path} must hold a JSON object, got {type(data).__name__}.")
    return data
