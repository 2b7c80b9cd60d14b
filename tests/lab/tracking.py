"""What MLflow holds, read back to compare it with the journals."""

from __future__ import annotations


def client_of(uri: str):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri)


def stored(uri: str) -> dict[str, dict]:
    """Everything that MLflow holds of each trial, without MLflow's own ids, in one order."""
    client = client_of(uri)
    experiment = client.get_experiment_by_name("papers/tiny")
    trials: dict[str, dict] = {}
    for run in client.search_runs([experiment.experiment_id]):
        tags = run.data.tags
        assert tags["harness.trial"] not in trials, "a trial has two runs"
        trials[tags["harness.trial"]] = {
            "name": run.info.run_name,
            "status": run.info.status,
            "times": (run.info.start_time, run.info.end_time),
            "params": dict(sorted(run.data.params.items())),
            "tags": {key: tags[key] for key in sorted(tags) if key[:7] in ("harness", "final.g")},
            "metrics": {key: history(client, run, key) for key in sorted(run.data.metrics)},
            "files": sorted(file.path for file in client.list_artifacts(run.info.run_id)),
            "data": [(i.dataset.name, i.dataset.digest) for i in run.inputs.dataset_inputs],
            "use": [(tag.key, tag.value) for i in run.inputs.dataset_inputs for tag in i.tags],
            "own": {key: text for key, text in sorted(tags.items()) if key.startswith("mlflow.")},
            "latest": {key: repr(run.data.metrics[key]) for key in sorted(run.data.metrics)},
        }
    return dict(sorted(trials.items()))


def history(client, run, key: str) -> list[tuple[int, int, float]]:
    points = client.get_metric_history(run.info.run_id, key)
    return sorted((point.step, point.timestamp, point.value) for point in points)


def values(trial: dict, key: str) -> list[tuple[int, float]]:
    return [(step, value) for step, _, value in trial["metrics"][key]]
