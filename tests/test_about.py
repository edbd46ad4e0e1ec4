"""What files, bundles and data sets say of themselves."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import FrozenInstanceError, asdict
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from safetensors.numpy import load_file

import muforge as mf
from muforge.about import BundleAbout, DatasetAbout, FileAbout, about
from muforge.about.file import Model, Simulation
from muforge.about.judged import Figures, Judged
from muforge.bundle import Bundle, save_bundle
from muforge.errors import BundleError, DatasetError, InputFileError, MuforgeError
from muforge.formats import WRITERS
from muforge.sample import FURTHER, OFF_AXIS_FEATURES, PARTNER, Sample
from muforge.spill.generate import generate_files
from tests.conftest import POT
from tests.dataset.production import write_flat
from tests.formats.muons import some_muons
from tests.shared_data import fairship_file

CERTIFIED = Path(mf.__file__).parent / "quickstart" / "data" / "bundle"
"""A bundle that was judged."""

FLAT_UNITS = {
    **dict.fromkeys(("id", "pythiaid", "parentid", "w"), ""),
    **dict.fromkeys(("px", "py", "pz", "opx", "opy", "opz", "ecut"), "GeV"),
    **dict.fromkeys(("x", "y", "z", "ox", "oy", "oz"), "m"),
}
SHIELD_UNITS = (
    {"pdg": "", "weight": ""} | dict.fromkeys(("px", "py", "pz"), "GeV") | dict.fromkeys("xyz", "m")
)
SAMPLE_UNITS = {"pdg": "", "weight": "", "event": "", "ecut": "GeV"}
SAMPLE_UNITS |= dict.fromkeys(("px", "py", "pz"), "GeV") | dict.fromkeys(OFF_AXIS_FEATURES[:3], "cm")
UNITS = {
    "flat": FLAT_UNITS,
    "rntuple": FLAT_UNITS,
    "parquet": SAMPLE_UNITS,
    "hdf5": SHIELD_UNITS,
    "npy": SHIELD_UNITS,
}


def file_about(path: Path, **options: Any) -> FileAbout:
    found = about(path, **options)
    assert isinstance(found, FileAbout)
    return found


def figures(auc: float) -> dict[str, Any]:
    """As `BDTResult.to_dict` gives them."""
    return {
        "auc": auc,
        "auc_error": 0.01,
        "reduced_chi2": 1.25,
        "reduced_chi2_error": None,
        "degrees_of_freedom": 55.0,
        "overlap": 0.9,
        "overlap_error": None,
        "edges": [0.0, 1.0],
    }


JUDGED = {
    "classifier": "histogram",
    "columns": ["px"],
    "repeats": 1,
    "excess_auc": 0.05,
    "generated": figures(0.55),
    "null": figures(0.5),
}


def written(path: Path, metadata: Mapping[str, Any] | None = None, format: str = "flat") -> Path:
    """A file with these metadata."""
    with WRITERS[format](path, metadata=metadata, title="made-up muons") as writer:
        writer.write(some_muons(7, optional=False))
    return path


@pytest.mark.parametrize("format", list(WRITERS))
def test_a_generated_file_says_how_it_was_made(untrained_bundle: Bundle, tmp_path: Path, format: str) -> None:
    generate_files(untrained_bundle, tmp_path / "spill", muons=150_000, seed=5, shards=2, format=format)
    path = tmp_path / "spill_001"
    found = file_about(path)
    assert found.path == str(path)
    assert found.format == format
    assert found.bytes == path.stat().st_size
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.entries + file_about(tmp_path / "spill_000").entries == 150_000
    assert found.columns == UNITS[format]
    assert found.weights_protons_on_target == POT
    assert found.ecut == 10
    assert "seed 5" in found.title
    origin = found.origin
    assert origin is not None
    assert origin.muforge_version == mf.__version__
    assert origin.model == Model("untrained", untrained_bundle.identity)
    assert (origin.seed, origin.shard, origin.shards, origin.muons) == (5, 1, 2, 150_000)
    assert origin.protons_on_target == pytest.approx(150_000 / sum(untrained_bundle.rates.values()))
    assert origin.training_n_eff == untrained_bundle.n_eff
    assert origin.judged == dict.fromkeys(untrained_bundle.rates)
    assert origin.modelled == OFF_AXIS_FEATURES
    assert origin.not_modelled == FURTHER
    assert origin.smearing == "none: muons before beam smearing and random azimuth"
    assert (origin.pairs, origin.variations, origin.simulation) == (False, 0, None)


@pytest.mark.parametrize("format", list(WRITERS))
def test_a_file_without_our_record_says_what_it_can(tmp_path: Path, format: str) -> None:
    mf.write(some_muons(7, optional=False, pot=50.0), tmp_path / "muons", format)
    found = file_about(tmp_path / "muons")
    assert (found.format, found.entries, found.weights_protons_on_target) == (format, 7, 50)
    assert found.origin is None
    assert found.ecut is None


def test_a_file_of_fairship() -> None:
    found = file_about(fairship_file())
    assert (found.format, found.entries, found.origin) == ("cbmsim", 1000, None)
    assert found.columns["MCTrack.fStartX"] == "cm"
    assert found.columns["vetoPoint.fPx"] == "GeV"
    assert found.columns["vetoPoint.fTrackID"] == ""


def test_a_production_of_fairship(root_files: Path) -> None:
    found = file_about(root_files / "vectors.root")
    assert found.title == "POT = 1000000000 with ecut=10.0 diMu100.0 X100.0"
    assert (found.weights_protons_on_target, found.ecut) == (1e9, 10)
    assert found.columns["MCTrack.fStartT"] == "ns"
    assert found.columns["PlaneHAPoint.fX"] == "cm"


def test_the_file_of_the_reference_simulation() -> None:
    found = file_about(CERTIFIED.parent / "sample.root")
    assert found.origin is not None
    assert (found.origin.simulation, found.origin.seed) == (Simulation(energy=400, ecut=10), 2018)
    assert (found.ecut, found.events_known) == (10, True)
    assert found.columns["time"] == "ns"


def test_a_verdict_is_kept(tmp_path: Path) -> None:
    metadata = {"muforge_version": "1", "judged": {"2": JUDGED, "3": JUDGED | {"null": None}, "4": None}}
    origin = file_about(written(tmp_path / "muons", metadata)).origin
    assert origin is not None
    chi2_and_overlap = (1.25, None, 0.9, None)
    generated = Figures(0.55, 0.01, *chi2_and_overlap)
    assert origin.judged == {
        2: Judged("histogram", 0.05, generated, Figures(0.5, 0.01, *chi2_and_overlap)),
        3: Judged("histogram", 0.05, generated, None),
        4: None,
    }


def test_muons_counted_by_category_are_kept(tmp_path: Path) -> None:
    metadata = {"muforge_version": "1", "muons": {"1": 3, "4": 4}}
    origin = file_about(written(tmp_path / "muons", metadata)).origin
    assert origin is not None
    assert origin.muons == {1: 3, 4: 4}


def test_the_checksum_can_be_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "muons")

    def forbidden(_: Path) -> str:
        raise AssertionError

    monkeypatch.setattr("muforge.about.file.sha256", forbidden)
    assert file_about(path, checksum=False).sha256 is None
    with pytest.raises(AssertionError):
        about(path)


def test_a_column_that_nobody_knows_has_no_unit(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq
    import uproot

    pq.write_table(pa.table({**some_muons(3, optional=False).columns, "colour": [1, 2, 3]}), tmp_path / "a")
    rows = dict.fromkeys(FLAT_UNITS, np.full(3, 13, np.float32)) | {"colour": np.zeros(3)}
    with uproot.recreate(tmp_path / "b") as file:
        file.mktree("pythia8-Geant4", rows)
    with uproot.recreate(tmp_path / "c") as file:
        file.mkrntuple("pythia8-Geant4", rows)
    written(tmp_path / "d", format="hdf5")
    with h5py.File(tmp_path / "d", "a") as file:
        file["colour"] = np.zeros(7)
    for name in "abcd":
        columns = file_about(tmp_path / name).columns
        assert columns["colour"] is None
        assert columns["px"] == "GeV"


def test_an_array_alone_has_columns_that_nobody_knows(tmp_path: Path) -> None:
    np.save(tmp_path / "muons.npy", np.zeros((3, 8), np.float32))
    found = file_about(tmp_path / "muons.npy")
    assert (found.entries, found.columns, found.origin, found.title) == (3, {}, None, "")


@pytest.mark.parametrize("format", ["hdf5", "npy"])
def test_no_muons(tmp_path: Path, format: str) -> None:
    mf.write(some_muons(0), tmp_path / "muons", format)
    assert file_about(tmp_path / "muons").entries == 0


def test_a_bundle_that_was_judged() -> None:
    found = about(CERTIFIED)
    bundle = Bundle.load(CERTIFIED)
    assert isinstance(found, BundleAbout)
    assert (found.name, found.identity) == (bundle.name, bundle.identity)
    assert found.muforge_version == bundle.manifest.provenance.muforge_version
    assert (found.weights_protons_on_target, found.ecut) == (bundle.protons_on_target, 10)
    assert (found.modelled, found.pairs, found.replicas) == (OFF_AXIS_FEATURES, False, 0)
    assert list(found.categories) == [1, 2, 3, 4]
    for category, part in found.categories.items():
        record = bundle.manifest.categories[category]
        weights = CERTIFIED / part.weights
        assert part.family == "flow"
        assert part.parameters == sum(tensor.size for tensor in load_file(weights).values())
        assert (part.rate, part.n_eff) == (bundle.rates[category], bundle.n_eff[category])
        assert part.sha256 == hashlib.sha256(weights.read_bytes()).hexdigest()
        assert part.completion == ()
        assert record.judged is not None
        assert part.judged is not None
        assert part.judged.generated.auc == record.judged["generated"]["auc"]
        assert part.judged.null is not None
        assert part.judged.null.overlap == record.judged["null"]["overlap"]
    assert found.categories[4].title == "mu- off axis"
    assert found.categories[1].columns == ("start_z", "px", "py", "pz")


def test_a_bundle_that_was_not(untrained_bundle: Bundle) -> None:
    found = about(untrained_bundle.directory)
    assert isinstance(found, BundleAbout)
    assert [part.judged for part in found.categories.values()] == [None] * 4
    assert found.categories[3].family == "gan"


def test_a_bundle_with_replicas(untrained_bundle: Bundle, tmp_path: Path) -> None:
    write_flat(tmp_path / "prod.root", 800)
    data = mf.ingest([tmp_path / "prod.root"], tmp_path / "ds").dataset
    models = {4: untrained_bundle.model(4)}
    save_bundle(tmp_path / "bundle", models, data, name="three", replicas=[models, models])
    found = about(tmp_path / "bundle")
    assert isinstance(found, BundleAbout)
    assert (found.name, found.replicas, list(found.categories)) == ("three", 2, [4])


def test_a_bundle_of_whole_muons(tmp_path: Path) -> None:
    shutil.copytree(CERTIFIED, tmp_path / "bundle")
    content = json.loads((CERTIFIED / "bundle.json").read_text())
    columns = ["start_t", *PARTNER]
    for record in content["categories"].values():
        record["completion"] = {"columns": columns, "model": {}, "representation": {}}
    (tmp_path / "bundle" / "bundle.json").write_text(json.dumps(content))
    found = about(tmp_path / "bundle")
    assert isinstance(found, BundleAbout)
    assert found.pairs
    assert found.modelled == (*OFF_AXIS_FEATURES, "start_t")
    assert found.categories[1].completion == tuple(columns)


def test_a_bundle_of_conditional_models(tmp_path: Path) -> None:
    shutil.copytree(CERTIFIED, tmp_path / "bundle")
    content = json.loads((CERTIFIED / "bundle.json").read_text())
    content["categories"]["2"]["conditions"] = {"names": ["dangerous", "rarity"], "category": 2, "share": 0.1}
    (tmp_path / "bundle" / "bundle.json").write_text(json.dumps(content))
    found = about(tmp_path / "bundle")
    assert isinstance(found, BundleAbout)
    assert [part.conditions for part in found.categories.values()] == [(), ("dangerous", "rarity"), (), ()]
    content["categories"]["2"]["conditions"]["names"] = ["rare"]
    (tmp_path / "bundle" / "bundle.json").write_text(json.dumps(content))
    with pytest.raises(BundleError, match=r"categories\.2\.conditions\.names\.0: 'rare'"):
        about(tmp_path / "bundle")


def test_a_data_set(tmp_path: Path) -> None:
    sample = write_flat(tmp_path / "prod.root", 800)
    (tmp_path / "bad.root").write_text("x")
    bad = Sample(sample.columns | {"ecut": np.full(800, 5.0)})
    mf.write(bad, tmp_path / "more.root", event_columns=True)
    files = [tmp_path / name for name in ("prod.root", "more.root", "bad.root")]
    data = mf.ingest(files, tmp_path / "ds", protons_on_target=1e6, seed=3).dataset
    found = about(tmp_path / "ds")
    assert isinstance(found, DatasetAbout)
    assert (found.weights_protons_on_target, found.protons_source) == (data.protons_on_target, "given")
    assert (found.files, found.seed, found.ecut, found.events_known) == (2, 3, 10, True)
    assert list(found.left_out) == [str(tmp_path / "bad.root")]
    assert found.rows_left_out == 0
    assert found.largest_weight == 100
    assert found.columns["start_x"] == "cm"
    assert list(found.categories) == [1, 2, 3, 4]
    for category, content in found.categories.items():
        loaded = data.load(category)
        assert content.muons == len(loaded) == 400
        assert content.n_eff == pytest.approx(loaded.n_eff)
        assert content.rate == data.rate(category)
        assert content.split == {
            split: len(data.load(category, split)) for split in ("train", "validation", "test")
        }
        assert content.sha256 == hashlib.sha256((tmp_path / "ds" / content.file).read_bytes()).hexdigest()


def test_everything_is_json_and_frozen(untrained_bundle: Bundle, tmp_path: Path) -> None:
    write_flat(tmp_path / "prod.root", 800)
    mf.ingest([tmp_path / "prod.root"], tmp_path / "ds")
    for path in (tmp_path / "prod.root", tmp_path / "ds", untrained_bundle.directory, CERTIFIED):
        found = about(path)
        assert json.loads(json.dumps(asdict(found)))["path"] == str(path)
        with pytest.raises(FrozenInstanceError):
            found.path = ""  # type: ignore[misc]


def refusal(path: Path, kind: type[MuforgeError] = InputFileError) -> str:
    """The one line with which a path is refused."""
    with pytest.raises(kind) as caught:
        about(path)
    message = str(caught.value)
    assert "\n" not in message
    return message.replace(str(path), "PATH")


@pytest.mark.parametrize("content", [b"id,px,py\n", b"{}", bytes(range(256)) * 10])
def test_a_file_of_another_kind(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "muons").write_bytes(content)
    assert refusal(tmp_path / "muons") == "PATH: not a ROOT, Parquet, HDF5 or .npy file"


def test_nothing_and_nothing_in_it(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert refusal(tmp_path / "missing") == "PATH: no such file"
    assert refusal(tmp_path / "empty") == "PATH: the file is empty"
    assert refusal(tmp_path) == (
        "PATH: is a directory with neither bundle.json nor dataset.json; expected a file of muons, a bundle or a "
        "data set"
    )


@pytest.mark.parametrize("format", list(WRITERS))
@pytest.mark.parametrize("keep", [0.1, 0.9])
def test_a_truncated_file(tmp_path: Path, format: str, keep: float) -> None:
    mf.write(some_muons(1000), tmp_path / "muons", format)
    content = (tmp_path / "muons").read_bytes()
    (tmp_path / "muons").write_bytes(content[: int(keep * len(content))])
    assert refusal(tmp_path / "muons").startswith(
        ("PATH: truncated", "PATH: cannot be read, perhaps damaged")
    )


def without_px(path: Path) -> None:
    with h5py.File(path, "a") as file:
        del file["px"]


def with_short_px(path: Path) -> None:
    with h5py.File(path, "a") as file:
        file["px"].resize((3,))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without_px, "PATH: column 'px' is missing, found pdg, py, pz, weight, x, y, z"),
        (with_short_px, "PATH: columns of 3 and 7 rows"),
    ],
)
def test_hdf5_of_another_shape(tmp_path: Path, change: Callable[[Path], None], message: str) -> None:
    change(written(tmp_path / "muons", format="hdf5"))
    assert refusal(tmp_path / "muons") == message


def test_arrays_of_another_shape(tmp_path: Path) -> None:
    for shape in ((8,), (3, 7), (3, 8, 1)):
        np.save(tmp_path / "muons.npy", np.zeros(shape))
        assert refusal(tmp_path / "muons.npy") == f"PATH: an array of shape {shape}, expected (n, 8)"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x", "PATH.json: cannot be read, perhaps damaged (JSONDecodeError"),
        ("[]", "PATH.json: not a JSON object"),
        ('{"muforge": []}', "PATH.json: its metadata 'muforge' are not a JSON object"),
        ('{"columns": [{}], "muforge": {}}', "PATH.json: cannot be read, perhaps damaged (KeyError"),
        ('{"muforge": {"weights_protons_on_target": 0}}', "PATH.json: metadata field 'weights_protons"),
    ],
)
def test_damage_beside_an_array(tmp_path: Path, content: str, message: str) -> None:
    written(tmp_path / "muons", format="npy")
    (tmp_path / "muons.json").write_text(content)
    assert refusal(tmp_path / "muons").startswith(message)


@pytest.mark.parametrize("format", list(WRITERS))
def test_a_record_that_is_not_ours(tmp_path: Path, format: str) -> None:
    written(tmp_path / "muons", {"muforge_version": "1", "seed": "five"}, format)
    assert refusal(tmp_path / "muons").startswith(
        "PATH: its metadata 'muforge': seed: 'five': Input should be"
    )


def test_damaged_bundles(tmp_path: Path) -> None:
    shutil.copytree(CERTIFIED, tmp_path / "bundle")
    (tmp_path / "bundle" / "category-2.safetensors").write_bytes(b"x")
    assert "category-2.safetensors: checksum" in refusal(tmp_path / "bundle", BundleError)
    manifest = tmp_path / "bundle" / "bundle.json"
    shutil.copy(CERTIFIED / "category-2.safetensors", tmp_path / "bundle")
    content = json.loads(manifest.read_text())
    del content["categories"]["3"]["judged"]["generated"]["auc"]
    manifest.write_text(json.dumps(content))
    message = "PATH/bundle.json: categories.3.judged.generated.auc: missing"
    assert refusal(tmp_path / "bundle", BundleError) == message


def test_a_damaged_data_set(tmp_path: Path) -> None:
    (tmp_path / "dataset.json").write_text("{}")
    assert "not a data set manifest" in refusal(tmp_path, DatasetError)
