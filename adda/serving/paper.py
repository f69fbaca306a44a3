"""What a digit was written on: the sheet in a photograph, its light, and the lines printed on it.

All pictures here are a few hundred pixels wide: `handwriting.WORKING_SIDE`.
"""

import numpy as np
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError
from skimage.filters import threshold_otsu
from skimage.morphology import convex_hull_image
from skimage.transform import hough_line

NARROWEST_SHEET = 0.4  # of the longer side of the picture; strokes are narrower
BARE = 0.7  # of the area of a sheet, at least, is paper and not ink
SQUARE = 0.9  # of a rectangle around it that a sheet fills; of a disc, a 0 or an 8: 0.79 to 0.85
EDGE = 9  # pixels in which a sheet's edge is over; light fades over more
STEP = 24  # of 255, within EDGE pixels: more than light changes, and noise once it is smoothed
UNBROKEN = 0.85  # of a line's way across the picture that is ink
SHORTEST_LINE = 0.3  # of the picture; a slanting line can leave it early
MARGIN = 0.05  # of the picture: a digit that comes so near to the edge fills it
CRUMB = 0.05  # of the largest piece's area: a rest of a line, no stroke
TILT = np.radians(np.arange(-8, 9))  # of lines against the picture's edges


def cut_sheet(grey: np.ndarray, ink: str = "auto") -> np.ndarray:
    """The sheet alone, where a picture shows one on a desk, or cut out on nothing.

    A sheet is nearly rectangular, of one brightness but for its ink, and has sharp edges.

    Args:
        grey: uint8 [h, w].
        ink: "dark" (on a bright sheet), "light" (on a dark one), or "auto" for either.

    Returns:
        uint8, smaller than [h, w], its corners outside the sheet filled with paper; or `grey`.
    """
    bright = grey > threshold_otsu(grey)
    edge = np.concatenate([bright[0], bright[-1], bright[:, 0], bright[:, -1]])
    dark_desk = edge.mean() < 0.5
    if ink == ("light" if dark_desk else "dark"):
        return grey
    pieces, count = ndimage.label(bright if dark_desk else ~bright)
    if not count:
        return grey
    paper = pieces == 1 + np.argmax(ndimage.sum_labels(pieces > 0, pieces, range(1, count + 1)))
    try:
        area, width, rectangle = _extent(paper)
    except QhullError:  # a single row or column
        return grey
    if width < NARROWEST_SHEET * max(grey.shape) or area < SQUARE * rectangle:
        return grey
    sheet = convex_hull_image(paper)
    desk = ~sheet
    outline = sheet & ndimage.binary_dilation(desk)
    contrast = abs(float(grey[paper].mean()) - float(grey[desk].mean())) if desk.any() else 0
    nearby = ndimage.maximum_filter(grey, EDGE) - ndimage.minimum_filter(grey, EDGE)
    if paper.sum() < BARE * sheet.sum() or np.median(nearby[outline]) < contrast / 2:
        return grey
    inner = ndimage.binary_erosion(sheet, iterations=EDGE // 2, border_value=1)
    nearest = ndimage.distance_transform_edt(~inner, return_distances=False, return_indices=True)
    rows, columns = (np.flatnonzero(inner.any(axis=axis)) for axis in (1, 0))
    return grey[tuple(nearest)][rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def against_paper(grey: np.ndarray) -> np.ndarray:
    """How much brighter each pixel is than the paper beside it: float [h, w].

    The paper is what can be reached from the picture's edge without a step in brightness. Shadows
    and flashes have none, so that they count as paper; ink has.
    """
    smooth = ndimage.gaussian_filter(grey.astype(float), 1)
    steps = ndimage.maximum_filter(smooth, EDGE) - ndimage.minimum_filter(smooth, EDGE)
    areas = ndimage.label(steps < STEP)[0]
    edge = np.concatenate([areas[0], areas[-1], areas[:, 0], areas[:, -1]])
    if not edge.any():
        return grey - np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]]))
    paper = areas == np.bincount(edge[edge > 0]).argmax()
    nearest = ndimage.distance_transform_edt(~paper, return_distances=False, return_indices=True)
    return grey - smooth[tuple(nearest)]


def without_lines(ink: np.ndarray) -> np.ndarray:
    """Ink without lines that cross the picture, as those of squared paper do: bool [h, w], both.

    Where what is left would reach an edge that a line joins, the line belongs to a digit that fills
    the picture, and all stays.
    """
    horizontal, vertical = _horizontal_lines(ink), _horizontal_lines(ink.T).T
    kept = ink & ~horizontal & ~vertical
    # A stroke that a line crosses is whole again where there was ink.
    for lines in (horizontal, vertical):
        count = max(1, ndimage.label(lines)[1])
        bridge = np.ones((3 + lines.sum() // (count * ink.shape[lines is horizontal]), 1))
        closed = ndimage.binary_closing(kept, bridge if lines is horizontal else bridge.T)
        kept |= closed & ink & lines
    pieces = ndimage.label(kept)[0]
    areas = np.bincount(pieces.ravel())
    areas[0] = 0
    digit = (areas >= CRUMB * areas.max())[pieces] & kept
    fills = any(
        lines.any() and np.delete(digit, slice(margin, -margin), axis=1 - axis).any()
        for axis, lines in enumerate((horizontal, vertical))
        for margin in [max(2, round(MARGIN * ink.shape[1 - axis]))]
    )
    return ink if fills or not digit.any() else kept


def without_frame(pieces: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """Which of the labelled pieces are no rectangle drawn around another: bool [pieces]."""
    kept = areas > 0
    boxes = ndimage.find_objects(pieces)
    for frame in np.flatnonzero(kept):
        rows, columns = boxes[frame - 1]
        near = [max(2, (side.stop - side.start) // 12) for side in (rows, columns)]
        own = pieces[rows, columns] == frame
        corners = [
            own[:: vertical or None, :: horizontal or None][: near[0], : near[1]].any()
            for vertical in (1, -1)
            for horizontal in (1, -1)
        ]
        inside = any(
            rows.start < other[0].start
            and other[0].stop < rows.stop
            and columns.start < other[1].start
            and other[1].stop < columns.stop
            for number, other in enumerate(boxes, 1)
            if kept[number]
        )
        kept[frame] = not (all(corners) and inside)
    return kept


def _extent(piece: np.ndarray) -> tuple[float, float, float]:
    """A piece's convex area, and the least rectangle around it: its shorter side and its area."""
    hull = ConvexHull(np.argwhere(piece))
    corners = hull.points[hull.vertices]
    sides = np.diff(np.concatenate([corners, corners[:1]]), axis=0)
    angles = np.arctan2(sides[:, 0], sides[:, 1])
    turn = np.stack([[np.cos(angles), np.sin(angles)], [-np.sin(angles), np.cos(angles)]])
    extents = np.ptp(np.einsum("ijn,kj->nik", turn, corners[:, ::-1]), axis=-1)
    best = np.argmin(extents.prod(axis=1))
    return hull.volume, extents[best].min(), extents[best].prod()


def _horizontal_lines(ink: np.ndarray) -> np.ndarray:
    """Where unbroken straight lines run from left to right: bool [h, w], wider than their ink."""
    thick = ndimage.binary_dilation(
        ink, np.ones((3, 3))
    )  # so that a thin, slanting line has no gaps
    counts, angles, distances = hough_line(thick, theta=np.pi / 2 + TILT)
    lengths = hough_line(np.ones_like(ink), theta=angles)[0]
    rows, columns = np.indices(ink.shape, sparse=True)
    lines = np.zeros_like(ink)
    unbroken = (counts >= UNBROKEN * lengths) & (lengths >= SHORTEST_LINE * ink.shape[1])
    for distance, angle in zip(*np.nonzero(unbroken), strict=True):
        position = columns * np.cos(angles[angle]) + rows * np.sin(angles[angle])
        line = abs(position - distances[distance]) <= 1.5
        drawn = np.flatnonzero((line & ink).any(axis=0))
        way = np.flatnonzero(line.any(axis=0))
        if max(drawn[0] - way[0], way[-1] - drawn[-1]) <= 2:
            lines |= line
    return lines
