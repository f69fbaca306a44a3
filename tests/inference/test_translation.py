import pytest
from conftest import small_recipe

from adda.inference.translation import codes


@pytest.mark.parametrize(("recipe", "size"), [("layered", 784), ("original", 8)])
def test_codes_of_either_recipe(recipe, size, domains):
    model = small_recipe(recipe)
    found = codes(model, domains[2])
    assert found.shape == (30, size)
    assert found.std() > 0
