"""Writes classification sets that scikit-learn's package ships as CSV files, and prints what scikit-learn's default classifiers predict on them.

Usage: othersets.py FOLDER. Standard output is JSON: for each set the target's name and, for each classifier, the labels of the test part as texts.
The sets: iris, wine (three growers), breast_cancer (two classes), with names as classes; digits, with numbers as classes.
"""

import json
import os
import sys
import warnings

import pandas
from sklearn import datasets
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

warnings.simplefilter("ignore", ConvergenceWarning)
out = {}
for name, load in (
    ("iris", datasets.load_iris),
    ("wine", datasets.load_wine),
    ("breast_cancer", datasets.load_breast_cancer),
    ("digits", datasets.load_digits),
):
    bunch = load()
    table = pandas.DataFrame(bunch.data, columns=[str(feature) for feature in bunch.feature_names])
    # digits' classes stay numbers
    table["class"] = bunch.target if name == "digits" else [str(bunch.target_names[label]) for label in bunch.target]
    path = os.path.join(sys.argv[1], name + ".csv")
    table.to_csv(path, index=False)
    table = pandas.read_csv(path)
    x, y = table.drop(columns="class").to_numpy(float), table["class"].to_numpy()
    train_x, test_x, train_y, test_y = train_test_split(x, y, test_size=0.25, random_state=0)
    models = {}
    for model in (LinearSVC(), SVC(), KNeighborsClassifier(), RandomForestClassifier(random_state=0, n_jobs=1)):
        pipeline = make_pipeline(StandardScaler(), model).fit(train_x, train_y)
        models[type(model).__name__] = [str(label) for label in pipeline.predict(test_x)]
    out[name] = models
json.dump(out, sys.stdout)
