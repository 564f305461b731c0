"""Describes the columns that come as JSON on standard input with pandas and scipy, and prints the figures as JSON.

The reference of describe_test.go; it runs in the environment of stack/requirements/mlflow.txt.
"""

import json
import sys

import numpy
import pandas
from scipy import stats

PLACES = 50


def density(values):
    """The curve that seaborn's kdeplot draws: gaussian_kde between three band widths beyond both ends."""
    kernel = stats.gaussian_kde(values)
    width = float(numpy.sqrt(kernel.covariance[0, 0]))
    x = numpy.linspace(min(values) - 3 * width, max(values) + 3 * width, PLACES)
    return {"X": x.tolist(), "Y": kernel(x).tolist()}


def ratio(values, classes):
    frame = pandas.DataFrame({"v": values, "c": classes})
    groups = frame.groupby("c")["v"]
    between = float((groups.count() * (groups.mean() - frame["v"].mean()) ** 2).sum())
    return float(numpy.sqrt(between / ((frame["v"] - frame["v"].mean()) ** 2).sum()))


case = json.load(sys.stdin)
frame = pandas.DataFrame({str(i): column for i, column in enumerate(case["Columns"])})
described = frame.describe()
json.dump(
    {
        "Describe": [described[name].tolist() for name in frame],
        "Distinct": [int(frame[name].nunique()) for name in frame],
        "Correlation": frame.corr().to_numpy().tolist(),
        "Ratio": [ratio(column, case["Classes"]) for column in case["Columns"]],
        "Density": [density(column) for column in case["Columns"]],
    },
    sys.stdout,
)
