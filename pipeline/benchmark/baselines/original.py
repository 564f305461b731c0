"""scikit-learn's side of the baselines benchmark: fits and predicts on command.

usage: original.py winequality-red.csv    reads class names, one a line; fits each to the scaled training part, predicts the test part, and
                                          answers with a line of JSON: {"fit": seconds, "predict": seconds, "labels": [all rows]}
"""

import json
import sys
import time

import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

table = pd.read_csv(sys.argv[1])
x, y = table[["volatile acidity", "citric acid", "sulphates", "alcohol"]], table["quality"]
train, test, y_train, _ = train_test_split(x, y, test_size=0.25, random_state=0)
scaler = StandardScaler().fit(train)
train, test = scaler.transform(train), scaler.transform(test)
classes = {"LinearSVC": LinearSVC, "SVC": SVC, "KNeighborsClassifier": KNeighborsClassifier, "RandomForestClassifier": lambda: RandomForestClassifier(random_state=0)}
print("ready", flush=True)
for line in sys.stdin:
    classifier = classes[line.strip()]()
    start = time.perf_counter()
    classifier.fit(train, y_train)
    fitted = time.perf_counter()
    labels = classifier.predict(test)
    end = time.perf_counter()
    print(json.dumps({"fit": fitted - start, "predict": end - fitted, "labels": labels.tolist()}), flush=True)
