"""Digits as people have them, brought to MNIST's convention: bright, centred, 20 of 28 pixels."""

import warnings

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.measure import regionprops

from adda.common.array_files import SIZE

WORKING_SIDE = 280  # pixels: what a large image is shrunk to first
FAINTEST = 24  # of 255: what differs less from the paper is paper
SPECK = 0.05  # of the largest stroke's area
ANOTHER = 0.3  # of the largest stroke's area: perhaps a digit of its own
NO_INK = "there is no ink to be seen; crop it to the digit and plain paper around it"
NOT_ALONE = (
    "it shows more than a digit on plain paper: perhaps a sheet's edge, a printed line, a shadow; "
    "crop it to the digit and plain paper around it"
)
MOST_INK = 0.25  # of the picture; where a sheet lies on a desk, the sheet looks like ink
# A label on a desk fills its outline and is no bar, as a 1 is; of 4,000 MNIST digits none does.
FILLED, ROUND = 0.85, 0.45  # share of the convex hull; shortest of longest axis
STROKE = 2  # pixels of 28: a pen's thin line becomes at least so thick


def to_digit(image: Image.Image, ink: str = "auto", size: int = SIZE) -> np.ndarray:
    """A picture of one digit as MNIST would hold it.

    A picture of this size stays as it is, but for `bright_ink`. Of any other the ink is found (Otsu
    1979), without specks; it is scaled to 20 pixels of 28 along its longer side and put with its
    centre of mass in the middle, as in MNIST (LeCun et al. 1998, section III.A). Warns
    (UserWarning) of several large pieces of ink, which may be several digits.

    Args:
        image: of 8 bits, as `open_picture` returns it, of any size: a digit on plain paper.
        ink: "dark" on light, "light" on dark, or "auto": unlike the border.
        size: pixels along each side of the result.

    Returns:
        uint8 [size, size], 0 where there is no ink.

    Raises:
        ValueError: there is no ink, or something else on the paper.
    """
    grey = _grey(image, ink)
    if grey.size == (size, size):
        digit = bright_ink(np.asarray(grey)[None], ink)[0]
        if not digit.any():
            raise ValueError(NO_INK)
        return digit
    grey.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.BOX)
    strokes = _strokes(bright_ink(np.asarray(grey)[None], ink)[0])
    rows, columns = (np.flatnonzero(strokes.any(axis=axis)) for axis in (1, 0))
    digit = Image.fromarray(strokes[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    scale = 20 / SIZE * size / max(digit.size)
    digit = digit.resize([max(1, round(side * scale)) for side in digit.size], Image.Resampling.BOX)
    centre = ndimage.center_of_mass(np.asarray(digit))
    canvas = Image.new("L", (size, size))
    middle = (size - 1) / 2  # pixels' centres lie at whole numbers
    canvas.paste(digit, (round(middle - centre[1]), round(middle - centre[0])))
    return np.asarray(canvas)


def luminance(images: np.ndarray) -> np.ndarray:
    """Colour images as grey ones: uint8 [n, h, w, 3] to the same [n, h, w] (ITU-R BT.601)."""
    return (images @ np.array([0.299, 0.587, 0.114])).round().astype(np.uint8)


def bright_ink(images: np.ndarray, ink: str = "auto") -> np.ndarray:
    """Ink as its difference from the paper, and 0 where that is too faint: uint8 [n, h, w], both.

    The paper is the median of the border. Where all the border is alike, as MNIST's is, the paper
    is clean, and nothing is too faint.
    """
    border = np.concatenate(
        [images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]], axis=1
    )
    paper = np.median(border, axis=1)
    if ink == "auto":
        dark = paper > np.mean([images.min(axis=(1, 2)), images.max(axis=(1, 2))], axis=0)
    else:
        dark = np.full(len(images), ink == "dark")
    difference = (images - paper[:, None, None]) * np.where(dark, -1, 1)[:, None, None]
    faintest = np.where(np.ptp(border, axis=1) > 0, FAINTEST, 1)
    return np.where(difference < faintest[:, None, None], 0, difference).astype(np.uint8)


def _grey(image: Image.Image, ink: str) -> Image.Image:
    """Luminance, 0 to 255; transparent pictures on paper that their ink can be seen on."""
    if image.has_transparency_data:
        clear = image.convert("RGBA")
        alpha = np.asarray(clear.getchannel("A"), float) + 1e-9
        light = np.average(np.asarray(clear.convert("RGB").convert("L")), weights=alpha) > 127
        paper = "black" if ink == "light" or (ink == "auto" and light) else "white"
        image = Image.alpha_composite(Image.new("RGBA", clear.size, paper), clear)
    return image.convert("L")


def _strokes(grey: np.ndarray) -> np.ndarray:
    """What is narrow and bright in uint8 [h, w], and as thick as MNIST's strokes: 0 or 255."""
    # Ink is narrower than a third of the picture; light that falls unevenly is wider.
    flat = ndimage.white_tophat(grey, size=max(grey.shape) // 3 + 1)
    if flat.max() < FAINTEST:
        raise ValueError(NO_INK)
    ink = flat > max(threshold_otsu(flat), FAINTEST / 2)
    pieces, count = ndimage.label(ink, structure=np.ones((3, 3)))
    areas = ndimage.sum_labels(ink, pieces, range(count + 1))
    large = areas >= SPECK * areas.max()
    ink &= large[pieces]
    wide = (grey > grey.max() / 2) & ~ink
    at_the_edge = ink[[0, -1]].any() or ink[:, [0, -1]].any()
    outline = regionprops(ink.astype(np.uint8))[0]
    shortest = outline.axis_minor_length / max(outline.axis_major_length, 1)
    blot = outline.solidity > FILLED and shortest > ROUND
    if at_the_edge or blot or wide.sum() > ink.sum() or ink.mean() > MOST_INK:
        raise ValueError(NOT_ALONE)
    if (several := (areas >= ANOTHER * areas.max()).sum()) > 1:
        warnings.warn(f"it shows {several} large pieces of ink; is it one digit?", stacklevel=3)
    # Within a stroke the mean distance to its edge is a quarter of its width.
    width = 4 * ndimage.distance_transform_edt(ink)[ink].mean()
    side = max(np.ptp(np.nonzero(ink), axis=1)) + 1
    missing = (STROKE * side / 20 - width) / 2
    ink |= ndimage.distance_transform_edt(~ink) <= max(missing, 0)
    return np.where(ink, np.uint8(255), np.uint8(0))
