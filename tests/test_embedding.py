"""What linear probes read from codes, and the files that the projector opens."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from adda.common.params import ModelParams
from adda.evaluation.embedding import codes, flatten, read_digits, tell_domains, write_projector
from adda.recipes.storage import make_model

DIGITS = np.random.default_rng(1).integers(0, 10, 200)


def clouds(rng, shift=0.0):
    """Codes that hold the digit, those of a domain moved by `shift` along an axis of its own."""
    found = rng.normal(0, 0.1, (200, 12))
    found[np.arange(200), DIGITS] += 1
    found[:, 11] += shift
    return found


def test_probes_see_a_shift_between_domains_and_the_digits_in_both(rng):
    source, near, far = clouds(rng), clouds(rng), clouds(rng, shift=2.0)
    assert 0.3 < tell_domains(source, near).mean() < 0.7
    assert tell_domains(source, far).mean() > 0.95
    assert read_digits(source, DIGITS, near, DIGITS).mean() > 0.95
    shuffled = rng.permutation(DIGITS)
    assert read_digits(source, shuffled, near, DIGITS).mean() < 0.4


def test_probes_are_asked_about_other_places_than_they_were_fitted_to(rng):
    """Codes of pure noise, the same in both domains: only who cheats can read them."""
    noise = rng.normal(size=(200, 500))
    assert read_digits(noise, DIGITS, noise, DIGITS).mean() < 0.4


def test_chance_is_a_half_however_many_images_a_domain_has(rng):
    noise = rng.normal(size=(3000, 4))
    assert tell_domains(noise[:2000], noise[2000:]).mean() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(("recipe", "size"), [("split", 784), ("baseline", 8)])
def test_codes_of_either_recipe(recipe, size, domains):
    model = make_model(ModelParams(recipe=recipe, width=0.05, code_size=8))
    found = codes(model, domains[2])
    assert found.shape == (30, size)
    assert found.std() > 0


def test_neighbours_stay_neighbours_and_nothing_changes_from_run_to_run(rng):
    groups = np.repeat(np.eye(3), 20, axis=0) * 10 + rng.normal(size=(60, 3))
    places = flatten(groups.astype(np.float32))
    distances = np.linalg.norm(places[:, None] - places, axis=-1) + 1e9 * np.eye(60)
    assert (distances.argmin(axis=1) // 20 == np.arange(60) // 20).all()
    assert (places == flatten(groups.astype(np.float32))).all()


def test_the_projectors_files_agree(tmp_path, domains, rng):
    images = domains[2][:5]
    points = pd.DataFrame({"domain": ["source"] * 5, "digit": range(5)})
    write_projector(tmp_path / "embedding", rng.random((5, 7)), images, points)
    vectors = np.loadtxt(tmp_path / "embedding/vectors.tsv", delimiter="\t")
    assert vectors.shape == (5, 7)
    assert pd.read_csv(tmp_path / "embedding/metadata.tsv", sep="\t").equals(points)
    sprite = np.asarray(Image.open(tmp_path / "embedding/sprite.png"))
    assert sprite.shape == (84, 84, 3)  # three by three, row by row
    assert (sprite[28:56, :28] == images[3]).all()
    config = (tmp_path / "embedding/projector_config.pbtxt").read_text()
    for name in ("vectors.tsv", "metadata.tsv", "sprite.png"):
        assert f'"{name}"' in config
