"""The demo in a real browser, with networks of the pipeline at tiny size."""

import socket
import sys
from contextlib import closing

import numpy as np
import pytest
from PIL import Image
from test_pipeline import finished  # noqa: F401

from adda.serving.classify import Classifier
from adda.serving.demo import make_page
from adda.serving.translator import Translator


@pytest.fixture
def models(finished, monkeypatch):  # noqa: F811
    monkeypatch.chdir(finished.path)


def shown(page):
    """What the gallery shows, once it has eight pictures."""
    page.wait_for_function("document.querySelectorAll('.grid-wrap img').length == 8")
    return [image.get_attribute("src") for image in page.locator(".grid-wrap img").all()]


def test_one_draws_a_digit_and_drops_a_picture(models, browser, tmp_path):
    classifier = Classifier()
    demo = make_page(Translator(), classifier)
    _, url, _ = demo.launch(quiet=True, prevent_thread_lock=True)
    with closing(demo):
        page = browser.new_page(viewport={"width": 1000, "height": 900})
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url)
        page.get_by_role("button", name="Translate").click()
        page.get_by_text("there is no digit on the paper; draw one").wait_for()
        place = page.locator("canvas").first.bounding_box()
        middle = place["x"] + place["width"] / 2
        page.mouse.move(middle, place["y"] + 100)
        page.mouse.down()
        page.mouse.move(middle, place["y"] + 250, steps=5)
        page.mouse.up()
        page.get_by_role("button", name="Translate").click()
        first = shown(page)
        slider = page.get_by_role("slider")
        slider.focus()
        slider.press("ArrowRight")
        slider.dispatch_event("pointerup")
        page.wait_for_function("src => !document.querySelector(`img[src='${src}']`)", arg=first[0])
        assert not set(shown(page)) & set(first)
        page.get_by_text("there is no digit").wait_for(state="detached")
        page.get_by_role("button", name="Clear canvas").click()
        page.get_by_role("button", name="Translate").click()
        page.get_by_text("there is no digit").wait_for()

        page.get_by_role("tab", name="Classify").click()
        image = np.load("data/processed/images/target_test.npy")[0]
        Image.fromarray(image).save(tmp_path / "picture.png")
        page.locator("input[type=file]").last.set_input_files(tmp_path / "picture.png")
        page.get_by_role("button", name="Remove Image").wait_for()
        page.get_by_role("button", name="Classify", exact=True).click()
        page.get_by_text("By the image it is").wait_for()
        (found,), _ = classifier.classify(image[None])
        assert page.get_by_test_id("label-output-value").inner_text() == classifier.names[found]
        assert {address.split("/")[2] for address in asked if address.startswith("http")} == {
            url.split("/")[2]
        }


def test_what_the_demo_lacks_is_named(models, command, monkeypatch, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        for port in (taken.getsockname()[1], 99999):
            said = command("demo", "--port", port).stderr
            assert f"error: port {port} of 127.0.0.1 cannot" in said
    assert f"{tmp_path} cannot be used" in command("demo", "--model", tmp_path).stderr
    monkeypatch.setitem(sys.modules, "gradio", None)
    monkeypatch.delitem(sys.modules, "adda.serving.demo")
    assert "the demo needs gradio; install it with make demo" in command("demo").stderr
