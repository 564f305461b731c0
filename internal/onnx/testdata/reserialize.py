"""Reads a model with the onnx package and writes it to standard output (versions: stack/requirements/mlflow.txt)."""
import sys

import onnx

sys.stdout.buffer.write(onnx.load(sys.argv[1], load_external_data=False).SerializeToString(deterministic=True))
