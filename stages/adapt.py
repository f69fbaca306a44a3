"""Train a classifier on source digits in the target's style, and test it on target images."""

import pandas as pd
from pydantic import BaseModel

from adda.adaptation import both_ways, confident, in_halves, translations
from adda.arrays import read_images, read_labels
from adda.checkpoints import Checkpoints, run_key
from adda.classifier import fit_classifier, labelled, load_classifier, predict_digits
from adda.device import use_device
from adda.files import write_csv, write_json
from adda.models import load_model
from adda.params import read_params
from adda.scores import accuracy, gap_recovered, with_interval
from adda.split_code import SplitCode
from adda.stage import CHECKPOINTS, run_stage


def main() -> str:
    params = read_params("params.yaml")
    print("device:", use_device(params.train.device))
    source = read_images("data/processed/images/source_train.npy")
    digits = read_labels("data/processed/labels/source_train.npy", len(source))
    target = read_images("data/processed/images/target_train.npy")
    model = load_model("data/model")
    # The same classifier, trained for as long, as those that it is compared with.
    judge = params.judge
    size = judge.batch_size
    draw = translations(model, source, digits, target, size, judge.seed)
    weights = [weight.numpy() for network in model for weight in network.variables]
    arrays = [source, digits, target, *weights]

    def checkpoints(*groups: BaseModel) -> Checkpoints:
        key = run_key([group.model_dump_json() for group in groups], arrays)
        return Checkpoints(CHECKPOINTS, key, params.train.checkpoint_seconds)

    kept = [checkpoints(judge), checkpoints(judge, params.adapt)]
    classifier = fit_classifier(draw, judge, "adapted", kept[0])

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
        halves = (
            translations(model, source, digits, target, size // 2, judge.seed),
            labelled(sure, read, size - size // 2, judge.seed + 1),
        )
        trained = fit_classifier(in_halves(*halves), judge, "self-trained", kept[1])
        figures["self_training_share"] = len(sure) / len(target)
        figures |= accuracy("self_trained_accuracy", predict_digits(trained, test) == labels)
    write_csv("metrics/adapted.csv", pd.DataFrame({"actual": labels, "predicted": predicted}))
    write_json("metrics/adaptation.json", figures)
    for each in kept:
        each.discard()
    return f"metrics/adaptation.json: adapted_accuracy {figures['adapted_accuracy']:.3f}"


if __name__ == "__main__":
    run_stage(main)
