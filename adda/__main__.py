"""The command line: python -m adda."""

import argparse
import json
import subprocess
import sys
from functools import partial
from pathlib import Path

from adda.common.errors import AddaError, counted, warn
from adda.common.outputs import atomic, write_csv
from adda.common.runner import run_command
from adda.evaluation.validators import RESOLUTION, SCORE, VALIDATORS
from adda.reporting.experiments import leave_out_unfinished, over_seeds, ranked
from adda.reporting.provenance import OTHERS, leave_out_others


def main() -> str:
    parser = argparse.ArgumentParser(
        prog="python -m adda",
        description="What to do with a trained translator, and with experiments. The pipeline "
        "itself runs with dvc repro and dvc exp run; README.md says how.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    seeds = commands.add_parser(
        "seeds",
        help="mean and deviation of every metric over seeds",
        description="Group the experiments of this commit that differ in one seed alone, and "
        "print the mean and the standard deviation of every metric.",
    )
    seeds.add_argument("--seed", default="train.seed", metavar="PARAM", help="%(default)s")
    seeds.add_argument("--csv", metavar="FILE", help="write the table there, a row for each group")
    rank = commands.add_parser(
        "rank",
        help="experiments by a score that needs no target label, the best first",
        description="Sort the experiments of this commit by a validator (docs/measurement.md says "
        "how well each does), the best first.",
    )
    rank.add_argument(
        "--by", choices=VALIDATORS, default=SCORE, metavar="VALIDATOR", help="%(default)s"
    )
    digits = commands.add_parser(
        "translate",
        help="translate your own images of digits into the target's style",
        description="Translate images of digits into the style of target images: pictures of "
        "any size, one digit each, or .npy stacks, uint8 [n, size, size] or [n, size, size, 3]. "
        "Each output has its input's name (pictures become PNG); a contact sheet shows the first.",
    )
    digits.add_argument("--model", default="data/model", help="what *translate* wrote: %(default)s")
    digits.add_argument("--output", required=True, type=Path, metavar="FOLDER")
    digits.add_argument(
        "--style",
        metavar="PATH",
        help="a target image, or a folder of them; without it, styles that came with the model. "
        "The original recipe, and so the original's weights, knows one style",
    )
    digits.add_argument("--seed", type=int, default=0, help="of the choice of styles: %(default)s")
    digits.add_argument(
        "--ink",
        choices=("auto", "dark", "light"),
        default="auto",
        help="%(default)s: unlike the border",
    )
    digits.add_argument("--reverse", action="store_true", help="from target images to digits")
    classes = commands.add_parser(
        "classify",
        help="classify your own images of the target's kind",
        description="Classify images of the target's kind with the adapted classifier: pictures of "
        "any size, of which the middle square is read, or .npy stacks, uint8 [n, size, size, 3]. "
        "The table has a row for each image; a contact sheet beside it shows the first ones.",
    )
    classes.add_argument("--model", default="data/adapted", help="what *adapt* wrote: %(default)s")
    classes.add_argument("--output", required=True, type=Path, metavar="FILE", help="a .csv file")
    classes.add_argument(
        "--copy-to",
        type=Path,
        metavar="FOLDER",
        help="copy pictures into a folder for each class there",
    )
    for command in (digits, classes):
        command.add_argument(
            "--input", required=True, nargs="+", metavar="PATH", help="files or folders"
        )
    original = commands.add_parser(
        "import-weights",
        help="read a TensorFlow 1 checkpoint of the original project",
        description="Turn a checkpoint of Munjal's networks into a model of the original recipe, "
        "for `dvc exp run -S model.weights=OUT` and for `python -m adda translate --model OUT`.",
    )
    original.add_argument("checkpoint", help="its path, one of its files, or its folder")
    original.add_argument("out", help="the folder to write")
    forms = commands.add_parser(
        "export",
        help="write the translator and the classifier as SavedModels and in ONNX",
        description="Write OUT/translator.onnx, a function of `digit` and `style`, and "
        "OUT/classifier.onnx, one of `image`, and a SavedModel of each, translator_saved_model and "
        "classifier_saved_model, and check them against the model. All arrays are float32 "
        "[n, size, size, 3] in [0, 1], digits 0 or 1.",
    )
    forms.add_argument("--model", default="data/model", help="what *translate* wrote: %(default)s")
    forms.add_argument(
        "--classifier",
        default="data/adapted",
        help='what *adapt* wrote: %(default)s; "" for the translator alone',
    )
    forms.add_argument("out", help="the folder to write")
    page = commands.add_parser(
        "report",
        help="one page of HTML with a run's metrics, curves and pictures",
        description="Write one page of HTML that needs no other file: metrics beside published "
        "ones, curves, pictures, parameters, and where the data came from.",
    )
    page.add_argument(
        "revisions",
        nargs="*",
        metavar="REVISION",
        help="commits, branches or experiments to compare; none: this folder as it is",
    )
    page.add_argument("--output", default="report.html", metavar="FILE", help="%(default)s")
    demo = commands.add_parser(
        "demo",
        help="a page on this machine: draw a digit, drop a picture",
        description="Serve a page on which one draws a digit and sees it in the target's styles, "
        "and drops a picture and sees its class. It needs Gradio, which make demo installs.",
    )
    demo.add_argument("--model", default="data/model", help="what *translate* wrote: %(default)s")
    demo.add_argument(
        "--classifier", default="data/adapted", help="what *adapt* wrote: %(default)s"
    )
    demo.add_argument("--port", type=int, default=7860, help="%(default)s")
    demo.add_argument(
        "--host", default="127.0.0.1", help="%(default)s, this machine alone; 0.0.0.0: any machine"
    )
    seeds.set_defaults(run=show_seeds)
    rank.set_defaults(run=show_ranked)
    digits.set_defaults(run=translate)
    classes.set_defaults(run=classify)
    original.set_defaults(run=import_original)
    forms.set_defaults(run=export_forms)
    page.set_defaults(run=write_report)
    demo.set_defaults(run=show_demo)
    options = parser.parse_args()
    return options.run(options)


def show_seeds(options: argparse.Namespace) -> str:
    table = over_seeds(shown_experiments(), options.seed)
    if options.csv:
        _check_file(options.csv)
        write_csv(options.csv, table)
        return f"{options.csv}: {len(table)} rows"
    # Metrics below each other: they are many, and groups few.
    return table.T.to_string(header=False)


def show_ranked(options: argparse.Namespace) -> str:
    table = ranked(shown_experiments(), options.by)
    near = int((table[options.by] > table[options.by].max() - RESOLUTION).sum())
    if near > 1:
        warn(
            f"the first {near} cannot be told apart: their {options.by} differs by less than "
            f"{RESOLUTION:g}, as it does between two seeds"
        )
    return table.to_string(index=False, float_format="{:.3f}".format, na_rep="-")


def write_report(options: argparse.Namespace) -> str:
    from adda.reporting.report import read_run, render_report

    _check_file(options.output)
    html = render_report([read_run(revision) for revision in options.revisions or [None]])
    with atomic(options.output) as partial:
        partial.write_text(html, encoding="utf-8")
    return f"{options.output}: open it in a browser"


def shown_experiments() -> list[dict]:
    shallow = ["git", "rev-parse", "--is-shallow-repository"]
    if subprocess.run(shallow, capture_output=True, text=True).stdout.strip() == "true":
        warn(
            "this clone is shallow (--depth), in which DVC keeps no queued experiment "
            "though it calls each a success; run: git fetch --unshallow"
        )
    command = [sys.executable, "-m", "dvc", "exp", "show", "--json"]
    shown = subprocess.run(command, capture_output=True, text=True)
    if shown.returncode != 0:
        raise AddaError(f"dvc exp show failed: {' '.join(shown.stderr.split())}")
    experiments = json.loads(shown.stdout)
    if count := leave_out_unfinished(experiments):
        warn(f"{count} queued, running or failed runs do not count")
    if others := leave_out_others(experiments):
        warn(f"{', '.join(others)} left out; {OTHERS}")
    return experiments


def _check_file(out: str | Path) -> None:
    if Path(out).is_dir():
        raise AddaError(f"{out} is a folder; name a file")


def _check_new(out: str) -> None:
    if Path(out).exists():
        raise AddaError(f"{out} exists; name a folder that does not, or remove it")


# TensorFlow takes seconds to import: each command that needs it does so itself.


def import_original(options: argparse.Namespace) -> str:
    from adda.serving.tf1_checkpoints import import_weights

    _check_new(options.out)
    width, code_size = import_weights(options.checkpoint, options.out)
    return f"{options.out}: width {width:g}, codes of {code_size}"


def export_forms(options: argparse.Namespace) -> str:
    from adda.classification.adapted import load_adapted
    from adda.recipes.storage import load_model
    from adda.serving.export import classifier, export, translator

    _check_new(options.out)
    modules = [translator(load_model(options.model))]
    if options.classifier:
        modules.append(classifier(load_adapted(options.classifier)))
    difference = export(modules, options.out)
    names = " and ".join(module.name for module in modules)
    return f"{options.out}: {names}, within {difference:.1e} of the model"


def translate(options: argparse.Namespace) -> str:
    """Translate a user's images; files that cannot be used are skipped and make the exit code 1."""
    from adda.serving.image_files import find_images, read_styles, translate_files
    from adda.serving.translator import Translator

    if options.seed < 0:
        raise AddaError(f"--seed is {options.seed}; it must not be negative")
    if options.output.is_file():
        raise AddaError(f"{options.output} is a file; name a folder")
    if options.reverse and options.style:
        raise AddaError("--reverse knows no styles; leave out --style")
    files = find_images(options.input)
    style_files = find_images([options.style]) if options.style else []
    given = [*files, *style_files]
    folders = {place for file in given for place in (file.parent.resolve(), file.resolve().parent)}
    if options.output.resolve() in folders:
        raise AddaError(f"{options.output} holds the inputs; write the output to another folder")
    translator = Translator(options.model, options.seed)
    size = translator.image[0]
    styles = read_styles(style_files, size) if style_files else None
    change = partial(translator.translate, styles=styles)
    if options.reverse:
        translator.check_reversible()
        change = translator.reverse
    whole = "crop" if options.reverse else "pad" if translator.model.domains.colour else ""
    if whole and options.ink != "auto":
        raise AddaError("--ink is about digits on paper, and this takes images; leave it out")
    count, skipped = translate_files(files, options.output, change, options.ink, whole, size)
    _report_skipped(skipped, f"{counted(count, 'image')} translated")
    return f"{options.output}: {counted(count, 'image')}"


def classify(options: argparse.Namespace) -> str:
    """Classify a user's images; files that cannot be used are skipped and make the exit code 1."""
    from adda.serving.classify import Classifier, classify_files
    from adda.serving.image_files import find_images

    _check_file(options.output)
    if options.output.suffix != ".csv":
        raise AddaError(f"{options.output} is not a .csv file; name one that is")
    if options.copy_to and options.copy_to.is_file():
        raise AddaError(f"{options.copy_to} is a file; name a folder")
    classifier = Classifier(options.model)
    files = find_images(options.input)
    count, skipped = classify_files(files, options.output, classifier, options.copy_to)
    _report_skipped(skipped, f"{counted(count, 'image')} classified")
    return f"{options.output}: {counted(count, 'image')}"


def show_demo(options: argparse.Namespace) -> str:
    try:
        from adda.serving.demo import serve
    except ModuleNotFoundError as error:
        raise AddaError(f"the demo needs {error.name}; install it with make demo") from None

    serve(options.model, options.classifier, options.host, options.port)
    return "the demo has ended"


def _report_skipped(skipped: list[str], done: str) -> None:
    for sentence in skipped:
        print(f"skipped: {sentence}", file=sys.stderr)
    if skipped:
        files = counted(len(skipped), "file")
        raise AddaError(f"{files} {'was' if len(skipped) == 1 else 'were'} skipped, and {done}")


if __name__ == "__main__":
    run_command(main)
