"""Predicts with a downloaded folder as MLflow loads it (versions: stack/requirements/mlflow.txt).

labels.py FOLDER NUMBER…   prints the labels as a JSON list
"""
import json
import sys

import mlflow.pyfunc
import pandas as pd

frame = pd.DataFrame({"number": [float(text) for text in sys.argv[2:]]})
print(json.dumps(mlflow.pyfunc.load_model(sys.argv[1]).predict(frame).tolist()))
