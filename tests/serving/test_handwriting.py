"""People's pictures of digits, in MNIST's convention."""

import warnings

import numpy as np
import pytest
from PIL import Image, ImageDraw

from adda.serving.handwriting import bright_ink, to_digit


def seven(size=(400, 300), ink=30, paper=220, width=16):
    image = Image.new("L", size, paper)
    ImageDraw.Draw(image).line([(120, 60), (240, 60), (180, 240)], fill=ink, width=width)
    return image


def test_a_digit_is_scaled_to_twenty_pixels_and_centred_by_its_mass():
    digit = to_digit(seven())
    rows, columns = np.nonzero(digit)
    assert digit.shape == (28, 28)
    assert digit.dtype == np.uint8
    assert np.ptp(rows) + 1 == 20
    weights = digit[rows, columns]
    centre = np.average(rows, weights=weights), np.average(columns, weights=weights)
    np.testing.assert_allclose(centre, (13.5, 13.5), atol=0.6)
    assert digit[rows.min() + 1, columns.min() : columns.max()].min() > 0  # the bar of the seven


def on_nothing(ink):
    clear = Image.new("RGBA", (400, 300), (0, 0, 0, 0))
    corners = [(120, 60), (240, 60), (180, 240)]
    ImageDraw.Draw(clear).line(corners, fill=(ink, ink, ink, 255), width=16)
    return clear


def test_light_ink_dark_ink_colour_and_transparency_give_the_same_digit():
    expected = to_digit(seven())
    light = to_digit(seven(ink=220, paper=30))
    colour = to_digit(seven().convert("RGB"))
    for digit in (light, colour, to_digit(on_nothing(30)), to_digit(on_nothing(225))):
        assert (digit == expected).all()


def test_uneven_light_and_specks_are_not_ink(rng):
    picture = np.asarray(seven(), float)
    picture += np.linspace(-80, 30, 400)[None, :] + rng.normal(0, 4, (300, 400))
    picture[280:283, 20:23] = 0
    digit = to_digit(Image.fromarray(picture.clip(0, 255).astype(np.uint8)))
    assert np.mean((digit > 0) == (to_digit(seven()) > 0)) > 0.97


def on_a_desk(width):
    """A sheet of this many pixels, of 700 that the picture has."""
    desk = Image.new("L", (700, 600), 60)
    desk.paste(seven().resize((width, width * 3 // 4)), (150, 150))
    return desk


def on_squared_paper():
    picture = seven()
    draw = ImageDraw.Draw(picture)
    for x in range(15, 400, 40):
        draw.line([(x, 0), (x, 300)], fill=90, width=2)
    return picture


def under_a_thumb():
    picture = seven()
    picture.paste(40, (0, 0, 90, 100))
    return picture


def cut_closely():
    return seven().crop((120, 52, 242, 246))


@pytest.mark.parametrize(
    "picture",
    [on_squared_paper(), under_a_thumb(), cut_closely(), *map(on_a_desk, (400, 300, 150, 100))],
)
def test_more_than_a_digit_on_plain_paper_is_recognised(picture):
    with pytest.raises(ValueError, match="crop it to the digit and plain paper around it"):
        to_digit(picture)


def test_several_digits_are_warned_about():
    pair = Image.new("L", (700, 300), 220)
    for x in (-60, 300):
        pair.paste(seven(), (x, 0))
    with pytest.warns(UserWarning, match="2 large pieces of ink"):
        to_digit(pair)
    with warnings.catch_warnings(action="error"):
        to_digit(seven())


def test_a_thin_line_becomes_as_thick_as_mnists():
    thin, thick = (to_digit(seven(width=width)) > 0 for width in (2, 16))
    assert thin.sum() > 0.6 * thick.sum()
    assert thin.any(axis=1).sum() == 20


def small():
    ink = np.zeros((28, 28), np.uint8)
    ink[5:20, 10:13] = 200
    return ink


def test_a_digit_of_mnists_size_is_neither_scaled_nor_moved():
    assert (to_digit(Image.fromarray(small())) == small()).all()
    assert (to_digit(Image.fromarray(255 - small())) == small()).all()


def test_paper_that_is_not_black_is_no_ink(rng):
    noisy = small() + rng.integers(0, 20, (28, 28), np.uint8) + 10
    for picture in (noisy, 255 - noisy):
        assert ((to_digit(Image.fromarray(picture)) > 0) == (small() > 0)).all()
    stack = np.stack([noisy, 255 - noisy])
    assert ((bright_ink(stack) > 0) == (small() > 0)).all()


def test_the_ink_can_be_forced():
    framed = small()[None] + 10
    framed[0, 0, :5] = 0
    assert (bright_ink(framed) == small()).all()
    assert (bright_ink(framed, "light") == small()).all()
    assert not bright_ink(framed, "dark").any()
    assert (bright_ink(255 - framed, "dark") == small()).all()
    assert not bright_ink(255 - framed, "light").any()


@pytest.mark.parametrize("size", [(90, 60), (28, 28), (1, 1)])
@pytest.mark.parametrize("paper", [0, 128, 255])
def test_an_empty_page_has_no_digit(paper, size):
    with pytest.raises(ValueError, match="no ink"):
        to_digit(Image.new("L", size, paper))


@pytest.mark.parametrize(
    "picture", [seven().convert("CMYK"), seven().resize((4000, 3000)), seven(ink=150, paper=185)]
)
def test_pictures_as_people_have_them(picture):
    """They give the digit of `seven` alone, but for a little of its outline."""
    digit, expected = to_digit(picture) > 0, to_digit(seven()) > 0
    assert (digit & expected).sum() > 0.85 * (digit | expected).sum()


@pytest.mark.parametrize("size", [(1, 40), (40, 1), (2, 300), (29, 29)])
def test_narrow_pictures_end_in_a_digit_or_in_a_sentence(size):
    picture = Image.new("L", size, 255)
    picture.putpixel((0, size[1] // 2), 0)
    try:
        assert to_digit(picture).shape == (28, 28)
    except ValueError as error:
        assert "crop it to the digit" in str(error)  # noqa: PT017
