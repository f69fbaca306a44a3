"""Networks on disk, whatever the recipe."""

import numpy as np
import pytest
from conftest import small_recipe

from adda.common.array_files import write_array
from adda.common.errors import AddaError
from adda.inference.capabilities import Reconstructs
from adda.inference.translation import reconstruct, translate
from adda.recipes.all_recipes import RECIPES, make_recipe
from adda.recipes.recipe import Domains
from adda.recipes.storage import STYLES_FILE, load_model, save_model
from adda.serving.translator import Translator


@pytest.mark.parametrize("recipe", RECIPES)
def test_saved_networks_translate_the_same(recipe, tmp_path, domains):
    model = small_recipe(recipe)
    save_model(tmp_path / "model", model)
    loaded = load_model(tmp_path / "model")
    assert (type(loaded), loaded.params) == (type(model), model.params)
    source, _, target = domains
    translated = translate(model, source, target[:20])
    assert translated.dtype == "uint8"
    assert translated.shape == source.shape
    assert (translated == translate(loaded, source, target[:20])).all()
    if isinstance(model, Reconstructs):
        assert (reconstruct(model, target) == reconstruct(loaded, target)).all()


def test_a_model_of_grey_images_neither_takes_nor_gives_black_and_white(tmp_path, domains, rng):
    model = small_recipe("layered")
    save_model(tmp_path / "binary", model)
    model.domains = Domains(grey=True)
    save_model(tmp_path / "grey", model)
    for folder in ("binary", "grey"):
        write_array(tmp_path / folder / STYLES_FILE, domains[2])
    binary, grey = Translator(tmp_path / "binary"), Translator(tmp_path / "grey")
    assert set(np.unique(binary.reverse(domains[2]))) <= {0, 255}
    assert set(np.unique(grey.reverse(domains[2]))) - {0, 255}
    digits = rng.integers(0, 256, (5, 28, 28), np.uint8)
    strokes = np.where(digits > 0, np.uint8(255), np.uint8(0))
    assert (binary.translate(digits) == Translator(tmp_path / "binary").translate(strokes)).all()
    assert (grey.translate(digits) != Translator(tmp_path / "grey").translate(strokes)).any()


def test_a_size_or_source_that_a_recipe_has_no_networks_for():
    with pytest.raises(AddaError, match=r"original has networks for images of 28 .* set data.size"):
        make_recipe("original", 0.05, domains=Domains(size=32))
    with pytest.raises(AddaError, match=r"layered takes ink on black, .* set data.binarise"):
        make_recipe("layered", 0.05, domains=Domains(grey=True, colour=True))


@pytest.mark.parametrize("described", ["[]", "{}", '{"recipe": "none", "params": {}}', "{"])
def test_a_description_of_another_form_is_named(tmp_path, described):
    (tmp_path / "model.json").write_text(described)
    with pytest.raises(AddaError, match="cannot be used"):
        load_model(tmp_path)
