"""Train a classifier on source digits in the target's style, and test it on target images."""

import pandas as pd

from adda.classification.adaptation import both_ways, confident, in_halves, translations
from adda.classification.classifier import fit_classifier, labelled, load_classifier, predict_digits
from adda.common.array_files import read_images, read_labels
from adda.common.outputs import remove, write_csv, write_json
from adda.common.params import read_params
from adda.common.runner import CHECKPOINTS, run_stage
from adda.engine.checkpoints import Checkpoints, run_key
from adda.engine.devices import use_device
from adda.evaluation.scores import accuracy, gap_recovered, with_interval
from adda.inference.translation import styles
from adda.recipes.split import SplitCode
from adda.recipes.storage import load_model


def main() -> str:
    params = read_params("params.yaml")
    print("device:", use_device(params.train.device))
    source = read_images("data/processed/images/source_train.npy")
    digits = read_labels("data/processed/labels/source_train.npy", len(source))
    target = read_images("data/processed/images/target_train.npy")
    model = load_model("data/model")
    # The same classifier, trained for as long, as those that it is compared with.
    judge, seconds = params.judge, params.train.checkpoint_seconds
    weights = [weight.numpy() for network in model for weight in network.variables]
    groups = [judge.model_dump_json(), params.adapt.model_dump_json()]
    kept = CHECKPOINTS / run_key(groups, [source, digits, target, *weights])
    redrawn = model, source, digits, styles(model, target)
    draw = translations(*redrawn, judge.batch_size, judge.seed)
    classifier = fit_classifier(draw, judge, "adapted", Checkpoints(kept / "adapted", seconds))

    test = read_images("data/processed/images/target_test.npy")
    labels = read_labels("data/processed/labels/target_test.npy", len(test))
    predicted = predict_digits(classifier, test)
    right = predicted == labels
    source_only, target_only = map(load_classifier, ("data/source_only", "data/judge"))
    ends = [predict_digits(end, test) == labels for end in (source_only, target_only)]
    figures = {
        **accuracy("adapted_accuracy", right),
        **with_interval("gap_recovered", gap_recovered, right, *ends),
    }
    if isinstance(model, SplitCode):
        likely = both_ways(classifier, source_only, model, test)
        figures |= accuracy("two_way_accuracy", likely.argmax(axis=1) == labels)
    if params.adapt.self_training:
        sure, read = confident(classifier, target, params.adapt.confidence)
        half = judge.batch_size // 2
        draw = in_halves(
            translations(*redrawn, half, judge.seed),
            labelled(sure, read, judge.batch_size - half, judge.seed + 1),
        )
        checkpoints = Checkpoints(kept / "self-trained", seconds)
        trained = fit_classifier(draw, judge, "self-trained", checkpoints)
        figures["self_training_share"] = len(sure) / len(target)
        figures |= accuracy("self_trained_accuracy", predict_digits(trained, test) == labels)
    write_csv("metrics/adapted.csv", pd.DataFrame({"actual": labels, "predicted": predicted}))
    write_json("metrics/adaptation.json", figures)
    remove(kept)
    return f"metrics/adaptation.json: adapted_accuracy {figures['adapted_accuracy']:.3f}"


if __name__ == "__main__":
    run_stage(main)
