"""Prints the labels that MLflow's own loader gives for all rows of a CSV file, as a JSON list.

labels.py MODEL_URI CSV FEATURE…      (environment: MLFLOW_TRACKING_URI)
"""

import json
import sys

import mlflow
import pandas as pd

uri, csv, *features = sys.argv[1:]
frame = pd.read_csv(csv, sep=None, engine="python")[features].astype("float64")
answer = mlflow.pyfunc.load_model(uri).predict(frame)
print(json.dumps([int(label) for label in answer]))
