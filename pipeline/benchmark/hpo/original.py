"""The study that ./pipeline/hpo replaces, in Python: Optuna proposes, scikit-learn trains, MLflow records one run a trial.

Usage: original.py CSV TRIALS, with MLFLOW_TRACKING_URI in the environment. Prints one JSON object: the accuracy of every trial, in order.
"""

import json
import os
import sys

import mlflow
import optuna
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FEATURES = ["volatile acidity", "citric acid", "sulphates", "alcohol"]
TARGET = "quality"


def main(path: str, trials: int) -> None:
    table = pd.read_csv(path)
    train_x, test_x, train_y, test_y = train_test_split(table[FEATURES], table[TARGET], test_size=0.25, random_state=0)
    mlflow.set_experiment(os.environ.get("MLFLOW_EXPERIMENT_NAME", "red-wine-quality-hyperopt"))
    dataset = mlflow.data.from_pandas(table, source=path, name="winequality-red", targets=TARGET)

    def objective(trial: optuna.Trial) -> float:
        params = {
            "n_estimators": trial.suggest_int("n_estimators", 50, 2000, step=50),
            "max_features": trial.suggest_categorical("max_features", ["sqrt", "log2"]),
            "max_depth": trial.suggest_int("max_depth", 10, 100, step=10),
            "bootstrap": trial.suggest_categorical("bootstrap", [True, False]),
            "min_samples_leaf": trial.suggest_int("min_samples_leaf", 1, 4),
            "min_samples_split": trial.suggest_int("min_samples_split", 2, 10),
            "random_state": 0,
        }
        with mlflow.start_run():
            mlflow.set_tag("model", "random_forest_classifier")
            mlflow.log_input(dataset, context="training")
            mlflow.log_params(params)
            model = make_pipeline(StandardScaler(), RandomForestClassifier(**params, n_jobs=-1))
            model.fit(train_x, train_y)
            # One job for the prediction: with several, scikit-learn adds the trees' votes in the order in which threads finish, and
            # an exact tie can then fall either way.
            model[-1].set_params(n_jobs=1)
            accuracy = accuracy_score(test_y, model.predict(test_x))
            mlflow.log_metric("accuracy", accuracy)
        return accuracy

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(objective, n_trials=trials)
    print(json.dumps({"accuracy": [trial.value for trial in study.trials]}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
