"""Loads a model folder that Go wrote with the real MLflow and predicts (versions: stack/requirements/mlflow.txt).

load.py FOLDER ROWS.json   ROWS holds {"columns", "data"}; prints a JSON object with what each way of loading answers
"""
import json
import subprocess
import sys
import warnings

import mlflow
import mlflow.onnx
import mlflow.pyfunc
import onnx
import pandas as pd
from mlflow.models import Model
from mlflow.models.utils import load_serving_example

warnings.simplefilter("error", UserWarning)  # such as versions that do not match
folder, rows = sys.argv[1], sys.argv[2]
table = json.load(open(rows))
frame = pd.DataFrame(table["data"], columns=table["columns"])
model = mlflow.pyfunc.load_model(folder)
answer = model.predict(frame)
mixed = model.predict(frame[reversed(frame.columns)].assign(extra=0.0))
onnx.checker.check_model(mlflow.onnx.load_model(folder), full_check=True)

args = ["predict", "-m", folder, "-i", rows, "-t", "json", "--env-manager", "local", "-o", rows + ".out"]
wrapped = rows + ".split"
json.dump({"dataframe_split": table}, open(wrapped, "w"))
args[4] = wrapped
subprocess.run([sys.executable, "-m", "mlflow", "models", *args], check=True, capture_output=True)

meta = Model.load(folder)
example = model.input_example
print(json.dumps({
    "predict": answer.to_dict("list"),
    "mixed": mixed.to_dict("list"),
    "cli": json.load(open(rows + ".out"))["predictions"],
    "yaml": meta.to_yaml(),
    "inputs": meta.signature.inputs.to_json(),
    "outputs": meta.signature.outputs.to_json(),
    "example": example.to_dict("split"),
    "serving": load_serving_example(folder),
    "requirements": mlflow.pyfunc.get_model_dependencies(folder),
}))
