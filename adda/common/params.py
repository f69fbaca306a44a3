"""The typed form of params.yaml; what each value means is written there, beside it."""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adda.common.errors import AddaError

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=10**9)]
Width = Annotated[float, Field(gt=0, le=16)]
FileName = Annotated[str, Field(pattern=r"^[\w-][\w.-]*$")]
Urls = Annotated[list[str], Field(min_length=1)]
Digest = Annotated[str, Field(pattern="^(sha256:[0-9a-f]{64}|md5:[0-9a-f]{32})$")]
Seed = Annotated[int, Field(ge=0, lt=2**31)]


class Group(BaseModel):
    """A group of parameters. Unknown keys are refused; strings such as "1e-05" are coerced,
    because DVC writes YAML 1.2 and PyYAML, which reads 1.1, takes that for a string."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class MnistParams(Group):
    urls: Urls
    hashes: Annotated[list[Digest], Field(min_length=4, max_length=4)]


class PhotographsParams(Group):
    file: FileName
    urls: Urls
    hash: Digest | None
    splits: Annotated[list[Literal["train", "val", "test"]], Field(min_length=1)]


class MnistmParams(Group):
    file: FileName
    urls: Urls
    hash: Digest | None


class DataParams(Group):
    source: Literal["packaged", "build", "pickle", "folders"]
    seed: Seed
    directory: str | None
    mnist: MnistParams
    photographs: PhotographsParams
    mnistm: MnistmParams


class SplitParams(Group):
    valid_fraction: Annotated[float, Field(gt=0, lt=1)]
    seed: Seed


class ModelParams(Group):
    recipe: Literal["split", "baseline"]
    width: Width
    code_size: Count
    weights: str | None = None


class LossParams(Group):
    l2_weight: Weight
    adversarial_weight: Weight
    content_adversarial_weight: Weight
    cycle_weight: Weight
    class_weight: Weight


class TrainParams(Group):
    device: Literal["auto", "cpu", "gpu"]
    strategy: Literal["auto", "multi_worker"]
    seed: Seed
    steps: Count
    batch_size: Count
    learning_rate: Rate
    adversary_learning_rate: Rate
    steps_per_call: Count
    checkpoint_seconds: Seconds
    precision: Literal["auto", "float32", "bfloat16"]
    xla: bool


class JudgeParams(Group):
    width: Width
    steps: Count
    batch_size: Count
    learning_rate: Rate
    seed: Seed


class AdaptParams(Group):
    self_training: bool
    confidence: Annotated[float, Field(ge=0, le=1)]


class Params(Group):
    data: DataParams
    split: SplitParams
    model: ModelParams
    loss: LossParams
    train: TrainParams
    judge: JudgeParams
    adapt: AdaptParams


def read_params(path: str | Path) -> Params:
    """Read and validate a params file.

    Raises:
        AddaError: the file is missing, is not YAML, or holds an unknown key or a bad value;
            the message names each key.
    """
    try:
        values = yaml.safe_load(Path(path).read_text())
    except FileNotFoundError:
        raise AddaError(f"{path} is missing; run this from the root of the repository") from None
    except yaml.YAMLError as error:
        raise AddaError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    except (OSError, ValueError, RecursionError) as error:  # no text, or a date that is none
        raise AddaError(f"{path} cannot be read ({error}); restore it") from None
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        raise AddaError(f"{path}: {'; '.join(map(_explain, error.errors()))}") from None


def _explain(error: dict) -> str:
    key = ".".join(map(str, error["loc"])) or "the file"
    if error["type"] == "extra_forbidden":
        return f"{key} is not a parameter; remove it or correct its spelling"
    if error["type"] == "missing":
        return f"{key} is missing; give it a value"
    return f"{key} is {error['input']!r}: {error['msg'][0].lower()}{error['msg'][1:]}"
