"""`Bundle`: trained categories with their representations and rates, as a directory of JSON and safetensors.

`bundle.json` names, for each category, the model's configuration, the representation's constants, the rate and
the checksum and shapes of the weights, which lie beside it. Nothing in a bundle is executed when it is read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from muforge.conditions import Conditions
from muforge.errors import BundleError, MuforgeError
from muforge.files import atomic_directory, check_output_directory, sha256
from muforge.problem import first_problem
from muforge.resample import resampled
from muforge.sample import FURTHER, OFF_AXIS_FEATURES, PARTNER, features, other_charge

if TYPE_CHECKING:
    from torch import Tensor

    from muforge.dataset.store import Dataset
    from muforge.trained import TrainedModel
    from muforge.trained_completion import TrainedCompletion

MANIFEST_NAME = "bundle.json"
SCHEMA_VERSION: Literal[1] = 1
_OF_COMPLETION = "completion."


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Weights(_Record):
    """One safetensors file."""

    file: str = Field(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._-]*$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    shapes: dict[str, tuple[int, ...]]


class CompletionModel(_Record):
    """What is needed to give a category's muons further columns. Its weights lie in the category's file."""

    columns: tuple[str, ...]
    model: dict[str, Any]
    representation: dict[str, Any]


class CategoryModel(_Record):
    """What is needed to generate one category."""

    columns: tuple[str, ...]
    model: dict[str, Any]
    representation: dict[str, Any]
    rate: float = Field(gt=0, description="muons per proton on target")
    n_eff: float = Field(ge=0, description="effective sample size of the training events")
    weights: Weights
    judged: dict[str, Any] | None = Field(description="figures of merit on the test events, with their nulls")
    completion: CompletionModel | None = None
    conditions: Conditions | None = Field(
        default=None, description="what the network is told beside the latents"
    )


class Provenance(_Record):
    """Where the models come from."""

    muforge_version: str
    inputs: tuple[str, ...] = Field(description="SHA-256 of the files of the training data")


class Manifest(_Record):
    """The content of `bundle.json`."""

    schema_version: Literal[1]
    name: str
    protons_on_target: float = Field(gt=0, description="the protons for which weights are normalised")
    ecut: float | None = Field(description="energy cut of the production, GeV")
    provenance: Provenance
    categories: dict[Annotated[int, Field(ge=1, le=4)], CategoryModel]
    replicas: tuple[str, ...] = Field(
        default=(), description="SHA-256 of the bundle.json of replica-1, replica-2, ... in the bundle"
    )


class Bundle:
    """Models of up to four categories that together make a spill. Use `Bundle.load`."""

    def __init__(self, directory: Path, manifest: Manifest) -> None:
        self.directory = directory
        self.manifest = manifest
        self._models: dict[int, TrainedModel] = {}
        self._building = Lock()

    def __repr__(self) -> str:
        return f"Bundle({self.name} {self.identity[:12]}, categories {', '.join(map(str, self.rates))})"

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def protons_on_target(self) -> float:
        """The protons for which weights of generated muons are normalised."""
        return self.manifest.protons_on_target

    @property
    def ecut(self) -> float | None:
        """Energy cut of the production in GeV, if known."""
        return self.manifest.ecut

    @property
    def rates(self) -> dict[int, float]:
        """Muons per proton on target, by category."""
        return {int(category): record.rate for category, record in sorted(self.manifest.categories.items())}

    @property
    def n_eff(self) -> dict[int, float]:
        """Effective sample size of the training events, by category: what all generated muons know."""
        return {int(category): record.n_eff for category, record in sorted(self.manifest.categories.items())}

    @property
    def modelled(self) -> tuple[str, ...]:
        """The columns that generated muons have: their start, and what all categories have besides."""
        records = self.manifest.categories.values()
        further = [() if each.completion is None else each.completion.columns for each in records]
        return OFF_AXIS_FEATURES + tuple(
            name for name in FURTHER if all(name in columns for columns in further)
        )

    @property
    def has_pairs(self) -> bool:
        """Whether the other muon of a decay is known for every category, and its category is there too."""
        records = self.manifest.categories
        return all(
            each.completion is not None
            and {*PARTNER} <= {*each.completion.columns}
            and other_charge(category) in records
            for category, each in records.items()
        )

    @cached_property
    def replicas(self) -> tuple[Bundle, ...]:
        """The same models trained on resampled events."""
        return tuple(
            Bundle.load(self.directory / replica_name(number))
            for number in range(1, len(self.manifest.replicas) + 1)
        )

    def _check_replicas(self) -> None:
        for replica, expected in zip(self.replicas, self.manifest.replicas, strict=True):
            if replica.identity != expected:
                raise BundleError(f"{replica.directory}: is not the replica that {MANIFEST_NAME} names")
            if replica.rates.keys() != self.rates.keys():
                raise BundleError(f"{replica.directory}: has other categories than the bundle")

    @cached_property
    def identity(self) -> str:
        """SHA-256 of `bundle.json`, which in turn holds the checksums of the weights."""
        return hashlib.sha256((self.directory / MANIFEST_NAME).read_bytes()).hexdigest()

    @classmethod
    def load(cls, directory: str | Path) -> Bundle:
        """Open a bundle and check that everything it names is there and unchanged.

        Raises:
            BundleError: Not a bundle, an unknown schema version, a missing file, a checksum or a shape that
                does not agree.
        """
        path = Path(directory)
        manifest = _read_manifest(path)
        for category, record in manifest.categories.items():
            _check_weights(path, category, record)
        bundle = cls(path, manifest)
        bundle._check_replicas()
        return bundle

    def weights(self, category: int) -> dict[str, NDArray[np.float32]]:
        """Tensors of a category's model without those of its completion, by name, read without torch."""
        from safetensors.numpy import load_file

        tensors = load_file(self.directory / self.manifest.categories[category].weights.file)
        return {name: each for name, each in tensors.items() if not name.startswith(_OF_COMPLETION)}

    def model(self, category: int) -> TrainedModel:
        """The trained model of a category.

        Raises:
            BundleError: The bundle has no such category, or its parts do not fit together.
        """
        with self._building:
            if category not in self._models:
                self._models[category] = self._build(category)
            return self._models[category]

    def _build(self, category: int) -> TrainedModel:
        from safetensors.torch import load_file

        from muforge.trained import TrainedModel
        from muforge.trained_completion import TrainedCompletion

        record = self.manifest.categories.get(category)
        if record is None:
            raise BundleError(
                f"{self.directory}: has no category {category}, only {', '.join(map(str, self.rates))}"
            )
        try:
            own, further = _split(load_file(self.directory / record.weights.file))
            told = None if record.conditions is None else record.conditions.model_dump()
            model = TrainedModel.restore(category, record.model, record.representation, own, told)
            if record.completion is None:
                return model
            completion = record.completion
            return model.completed_by(
                TrainedCompletion.restore(completion.model, completion.representation, further)
            )
        except MuforgeError as error:
            raise BundleError(f"{self.directory}: category {category}: {error}") from error
        except (ValueError, KeyError, TypeError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise BundleError(
                f"{self.directory}: category {category}: parts do not fit ({reason})"
            ) from error


def save_bundle(
    directory: str | Path,
    models: Mapping[int, TrainedModel],
    dataset: Dataset,
    *,
    name: str,
    judged: Mapping[int, dict[str, Any]] | None = None,
    replicas: Sequence[Mapping[int, TrainedModel]] = (),
    force: bool = False,
) -> Bundle:
    """Write trained models as a bundle.

    Arguments:
        directory: Where; it must not exist unless `force`.
        models: Trained model of each category.
        dataset: What they were trained on; the rates and normalisation are taken from it.
        name: What to call the bundle.
        judged: Figures of merit by category, as `Comparison.to_dict` gives them.
        replicas: Trained models of each category of replicas 1, 2, ...

    Raises:
        BundleError: No models, or one stands under another category than its own, or a replica lacks a category.
        OutputError: The directory exists or cannot be written.
    """
    path = Path(directory)
    check_output_directory(path)
    if path.exists() and not (force and (path / MANIFEST_NAME).is_file()):
        hint = "give --force to replace it" if (path / MANIFEST_NAME).is_file() else "choose another name"
        raise BundleError(f"{path}: exists already; {hint}")
    if not models:
        raise BundleError(f"{path}: a bundle needs at least one trained category")
    for category, model in models.items():
        if model.category != category:
            raise BundleError(f"{path}: a model of category {model.category} given as category {category}")
    for number, replica in enumerate(replicas, 1):
        if replica.keys() != models.keys():
            raise BundleError(f"{path}: replica {number} has other categories than the models")
    with atomic_directory(path) as partial:
        written = []
        for number, replica in enumerate(replicas, 1):
            inner = partial / replica_name(number)
            inner.mkdir()
            _write(inner, replica, dataset, f"{name}, replica {number}", replica=number)
            written.append(sha256(inner / MANIFEST_NAME))
        _write(partial, models, dataset, name, judged=judged or {}, replicas=tuple(written))
    return Bundle.load(path)


def replica_name(number: int) -> str:
    """Name of a replica's directory in a bundle."""
    return f"replica-{number}"


def _write(
    directory: Path,
    models: Mapping[int, TrainedModel],
    dataset: Dataset,
    name: str,
    *,
    judged: Mapping[int, dict[str, Any]] | None = None,
    replicas: tuple[str, ...] = (),
    replica: int = 0,
) -> None:
    """The files of a bundle without those of its replicas."""
    from safetensors.torch import save

    from muforge import __version__

    records = {}
    for category, model in sorted(models.items()):
        file = f"category-{category}.safetensors"
        tensors = model.tensors() | _prefixed(model.completion)
        (directory / file).write_bytes(save(tensors))
        records[category] = CategoryModel(
            columns=model.representation.columns,
            model=model.config.model_dump(mode="json"),
            representation=model.representation.state(),
            rate=_rate(dataset, category, replica),
            n_eff=dataset.load(category, "train").n_eff,
            weights=Weights(
                file=file,
                sha256=sha256(directory / file),
                shapes={key: tuple(tensor.shape) for key, tensor in sorted(tensors.items())},
            ),
            judged=dict(judged[category]) if judged and category in judged else None,
            completion=_completion(model.completion),
            conditions=model.conditions,
        )
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        name=name,
        protons_on_target=dataset.protons_on_target,
        ecut=dataset.manifest.ecut,
        provenance=Provenance(
            muforge_version=__version__, inputs=tuple(file.sha256 for file in dataset.manifest.files)
        ),
        categories=records,
        replicas=replicas,
    )
    (directory / MANIFEST_NAME).write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")


def _rate(dataset: Dataset, category: int, replica: int) -> float:
    """Muons per proton, of resampled events if it is a replica."""
    rate = dataset.rate(category)
    if not replica:
        return rate
    sample = dataset.load(category)
    return rate * resampled(sample, replica).sum_of_weights / sample.sum_of_weights


def _completion(completion: TrainedCompletion | None) -> CompletionModel | None:
    if completion is None:
        return None
    return CompletionModel(
        columns=completion.representation.columns,
        model=completion.config.model_dump(mode="json"),
        representation=completion.representation.state(),
    )


def _prefixed(completion: TrainedCompletion | None) -> dict[str, Tensor]:
    tensors = {} if completion is None else completion.tensors()
    return {f"{_OF_COMPLETION}{name}": tensor for name, tensor in tensors.items()}


def _split(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """A model's tensors, and its completion's under their own names."""
    own = {name: each for name, each in tensors.items() if not name.startswith(_OF_COMPLETION)}
    further = {name.removeprefix(_OF_COMPLETION): each for name, each in tensors.items() if name not in own}
    return own, further


def _read_manifest(directory: Path) -> Manifest:
    path = directory / MANIFEST_NAME
    if not directory.exists():
        raise BundleError(f"{directory}: no such bundle")
    if not path.is_file():
        raise BundleError(f"{directory}: not a bundle, it has no {MANIFEST_NAME}")
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        if first["loc"] == ("schema_version",):
            found = f"schema version {first['input']}"
            raise BundleError(
                f"{path}: {found}, this muforge reads version {SCHEMA_VERSION}; update muforge"
            ) from None
        raise BundleError(f"{path}: {first_problem(error)}") from None


def _check_weights(directory: Path, category: int, record: CategoryModel) -> None:
    from safetensors import SafetensorError, safe_open

    path = directory / record.weights.file
    if not path.is_file():
        raise BundleError(f"{path}: missing")
    found = sha256(path)
    if found != record.weights.sha256:
        raise BundleError(
            f"{path}: checksum {found[:12]}..., expected {record.weights.sha256[:12]}...: the file was changed"
        )
    if record.columns != features(category):
        needed = features(category)
        raise BundleError(
            f"{directory}: category {category} learns {len(needed)} columns ({', '.join(needed)}), "
            f"the bundle gives it {len(record.columns)} ({', '.join(record.columns)})"
        )
    try:
        with safe_open(path, framework="np") as tensors:
            shapes = {key: tuple(tensors.get_slice(key).get_shape()) for key in tensors.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise BundleError(f"{path}: damaged ({error})") from error
    if shapes != record.weights.shapes:
        wrong = sorted(
            key
            for key in {*shapes, *record.weights.shapes}
            if shapes.get(key) != record.weights.shapes.get(key)
        )
        raise BundleError(f"{path}: tensor '{wrong[0]}' has another shape than {MANIFEST_NAME} says")
