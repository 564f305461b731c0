"""Scores the predictions on standard input with scikit-learn: {"truth": [...], "predicted": [...]} a line, one JSON answer a line."""

import json
import sys
import warnings

from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

warnings.filterwarnings("ignore")
for line in sys.stdin:
    case = json.loads(line)
    truth, predicted = case["truth"], case["predicted"]
    precision, recall, f1, support = precision_recall_fscore_support(truth, predicted)
    macro = precision_recall_fscore_support(truth, predicted, average="macro")
    print(json.dumps({
        "accuracy": accuracy_score(truth, predicted),
        "confusion": confusion_matrix(truth, predicted).tolist(),
        "precision": precision.tolist(),
        "recall": recall.tolist(),
        "f1": f1.tolist(),
        "support": support.astype(int).tolist(),
        "macro": list(macro[:3]),
    }))
