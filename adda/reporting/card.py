"""What the figures of a run mean, and its model card."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

HEADLINES = (
    ("source_only_accuracy", "a classifier of MNIST, tested on the target: the floor"),
    ("target_only_accuracy", "a classifier of labelled target images: the judge"),
    ("translated_accuracy", "of the judge, on translated digits"),
    ("adapted_accuracy", "a classifier of translations, tested on the target"),
    ("two_way_accuracy", "the adapted classifier and the source's of contents, averaged"),
    (
        "self_trained_accuracy",
        "the like, half of it on target images that the adapted one was sure of",
    ),
    ("gap_recovered", "from source only (0) to target only (1) by the adapted classifier"),
    ("reverse_accuracy", "of the source classifier, on the contents of target images"),
    ("content_consistency", "overlap of a translation's content with its digit"),
    ("frechet_distance", "of translations from target images, in the judge's features"),
    ("frechet_distance_reference", "the same of held-back target images"),
    ("style_diversity", "spread of one digit's translations, in units of the target's"),
    ("colour_distance", "of translations' pixel values from the target's; 1: black to white"),
    ("domain_probe_accuracy", "a linear probe tells the domains from codes; 0.5: it cannot"),
    ("digit_probe_accuracy", "a linear probe of source codes reads digits from target codes"),
)


def render_card(params: dict[str, Any], metrics: dict[str, float]) -> str:
    """The model card (Mitchell et al. 2019, arXiv:1810.03993), as Markdown.

    Args:
        params: params.yaml.
        metrics: those of every stage, by name.
    """
    template = templates(autoescape=False).get_template("model_card.md")
    return template.render(**params, metrics=metrics, headlines=HEADLINES, describe=describe)


def templates(autoescape: bool) -> Environment:
    """The templates of this package; a name that is not given is an error."""
    return Environment(
        loader=PackageLoader("adda.reporting"),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def describe(name: str, metrics: dict[str, float]) -> str:
    """A figure with its interval, "0.950 (0.935 to 0.964)", or a hyphen."""
    if name not in metrics:
        return "-"
    text = f"{metrics[name]:.3f}"
    if {f"{name}_low", f"{name}_high"} <= set(metrics):
        text += f" ({metrics[f'{name}_low']:.3f} to {metrics[f'{name}_high']:.3f})"
    return text
