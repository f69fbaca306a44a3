"""A page on this machine to try what was trained: draw a digit, drop a picture."""

from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image, ImageOps

from adda.common.array_files import SIZE
from adda.common.errors import AddaError
from adda.datasets.splits import as_source
from adda.inference.translation import render, styles
from adda.serving.classify import Classifier, together
from adda.serving.handwriting import to_digit
from adda.serving.image_files import read_image
from adda.serving.translator import Translator

SHOWN = 8  # styles of a drawn digit
ZOOM = 6  # screen pixels along each side of a pixel
PAPER = 280  # pixels along each side of the drawing


def serve(model: str, classifier: str, host: str, port: int) -> None:
    """Show the page until it is interrupted.

    Raises:
        AddaError: a model is missing or damaged, or the port is taken.
    """
    page = make_page(Translator(model), Classifier(classifier))
    try:
        _, url, _ = page.launch(
            server_name=host,
            server_port=port,
            quiet=True,
            prevent_thread_lock=True,
            footer_links=["gradio"],
        )
    except (OSError, OverflowError):
        raise AddaError(f"port {port} of {host} cannot be used; name another with --port") from None
    print(f"{url}: open it in a browser; Ctrl-C ends it", flush=True)
    page.block_thread()


def make_page(translator: Translator, classifier: Classifier) -> gr.Blocks:
    """The page; its networks run in this process."""
    found = styles(translator.model, translator.styles)

    def draw(drawing: dict[str, Any], turn: float) -> list[np.ndarray]:
        digit = _read_drawing(drawing["composite"], translator.image[0])
        source = as_source(digit[None], translator.model.domains.grey)
        places = (turn + np.arange(SHOWN) * len(found) / SHOWN) % len(found)
        first, share = np.divmod(places[:, None, None, None], 1)
        first = first.astype(int).ravel()
        second = (first + 1) % len(found)
        mixed = ((1 - share) * found[first] + share * found[second]).round().astype(np.uint8)
        images = render(translator.model, source.repeat(SHOWN, axis=0), mixed)
        return [_enlarged(image) for image in images]

    def classify(path: str | None) -> tuple[dict[str, float], np.ndarray, str]:
        if path is None:
            raise gr.Error("there is no picture; drop or choose one", print_exception=False)
        try:
            image = read_image(Path(path), size=classifier.image[0])
        except AddaError as error:
            raise gr.Error(str(error), print_exception=False) from None
        logits = classifier.views(image[None])
        _, likely = together(logits)
        views = [classifier.names[place] for place in logits[0].argmax(1)]
        said = "The classifier has one view."
        if len(views) > 1:
            said = (
                f"By the image it is **{views[0]}**; by the image translated back, **{views[1]}**."
            )
        chances = dict(zip(classifier.names, likely[0].tolist(), strict=True))
        return chances, _enlarged(image), said

    with gr.Blocks(title="adda", analytics_enabled=False) as page:
        if not translator.model.domains.colour:
            with gr.Tab("Draw"):
                paper = gr.Sketchpad(
                    np.full((PAPER, PAPER, 3), 255, np.uint8),
                    type="pil",
                    label="Your digit",
                    canvas_size=(PAPER, PAPER),
                    brush=gr.Brush(default_size=PAPER // 28, colors=["#000000"]),
                    layers=False,
                )
                button = gr.Button("Translate")
                gallery = gr.Gallery(
                    label="In the target's styles", columns=SHOWN, height=ZOOM * SIZE
                )
                turn = gr.Slider(0, len(found), 0, label="Turn the styles")
                for event in (button.click, turn.release):
                    event(draw, [paper, turn], gallery, api_visibility="private")
        with gr.Tab("Classify"):
            with gr.Row():
                picture = gr.Image(
                    type="filepath",
                    image_mode=None,  # as it is in the file
                    format="png",
                    label="A picture of the target's kind",
                )
                with gr.Column():
                    label = gr.Label(num_top_classes=3, label="Class")
                    views = gr.Markdown()
                seen = gr.Image(label="What the classifier sees")
            results = [label, seen, views]
            gr.Button("Classify").click(classify, picture, results, api_visibility="private")
            example = gr.Button("One of the target's own", visible=not translator.model.one_style)
            example.click(
                lambda: _enlarged(translator.random.choice(translator.styles)),
                outputs=picture,
                api_visibility="private",
            )
    return page


def _read_drawing(drawing: Image.Image | None, size: int) -> np.ndarray:
    # Plain paper all around: ink may touch the edge of the drawing.
    drawing = drawing or Image.new("RGB", (PAPER, PAPER), "white")  # None: a cleared canvas
    paper = ImageOps.expand(drawing.convert("RGB"), PAPER // 2, "white")
    try:
        return to_digit(paper, "dark", size)
    except ValueError:
        raise gr.Error("there is no digit on the paper; draw one", print_exception=False) from None


def _enlarged(image: np.ndarray) -> np.ndarray:
    return image.repeat(ZOOM, axis=0).repeat(ZOOM, axis=1)
