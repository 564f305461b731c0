"""Has the real packages export every kind of classifier, and asks onnxruntime and scikit-learn for their answers (versions:
stack/requirements/exporters.txt).

export.py DIR WINE.csv: one folder a case, named kind-labels-type-options, with model.onnx, in_0.pb and onnxruntime's out_<i>.pb
(TensorProto) for all rows, and scikit-learn's predictions in labels.pb and scores.pb (probabilities, or the decision function).
A case that an exporter refuses has refused.txt, one that onnxruntime refuses error.txt.
"""
import os
import sys
import warnings
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
warnings.filterwarnings("ignore")

import numpy as np
import onnx
import onnxmltools
import onnxruntime as rt
from lightgbm import LGBMClassifier
from onnx import numpy_helper
from onnxmltools.convert.common.data_types import FloatTensorType
from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
from skl2onnx import to_onnx, update_registered_converter
from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes as shapes
from sklearn import ensemble as e, linear_model as l, naive_bayes, neighbors, neural_network, svm, tree
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from xgboost import XGBClassifier

OUT, CSV = Path(sys.argv[1]), sys.argv[2]
wine = np.genfromtxt(CSV, delimiter=",", skip_header=1)
X, quality = wine[:, [1, 2, 9, 10]], wine[:, 11].astype(np.int64)
LABELS = {
    "six": quality,
    "two": (quality > 5).astype(np.int64),
    "texts": np.array([f"quality {q}" for q in quality]),
    "words": np.where(quality > 5, "good", "bad"),
}
TYPES = {"f32": np.float32, "f64": np.float64}
KINDS = {
    "forest": lambda: e.RandomForestClassifier(30, random_state=0),
    "extra": lambda: e.ExtraTreesClassifier(30, random_state=0),
    "tree": lambda: tree.DecisionTreeClassifier(random_state=0),
    "gradient": lambda: e.GradientBoostingClassifier(n_estimators=10, random_state=0),
    "histgradient": lambda: e.HistGradientBoostingClassifier(max_iter=10, random_state=0),
    "bagging": lambda: e.BaggingClassifier(n_estimators=5, random_state=0),
    "ada": lambda: e.AdaBoostClassifier(n_estimators=5, random_state=0),
    "logistic": lambda: l.LogisticRegression(max_iter=500),
    "sgd": lambda: l.SGDClassifier(loss="log_loss", random_state=0),
    "ridge": lambda: l.RidgeClassifier(),
    "linearsvc": lambda: svm.LinearSVC(random_state=0),
    "svc": lambda: svm.SVC(),
    "svclinear": lambda: svm.SVC(kernel="linear"),
    "svcpoly": lambda: svm.SVC(kernel="poly"),
    "svcsigmoid": lambda: svm.SVC(kernel="sigmoid"),
    "svcproba": lambda: svm.SVC(probability=True, random_state=0),
    "knn": lambda: neighbors.KNeighborsClassifier(5),
    "knndistance": lambda: neighbors.KNeighborsClassifier(7, weights="distance"),
    "knnmanhattan": lambda: neighbors.KNeighborsClassifier(3, metric="manhattan"),
    "mlp": lambda: neural_network.MLPClassifier((16,), max_iter=50, random_state=0),
    "bayes": lambda: naive_bayes.GaussianNB(),
    "xgboost": lambda: XGBClassifier(n_estimators=10, max_depth=4, n_jobs=1),
    "lightgbm": lambda: LGBMClassifier(n_estimators=10, num_leaves=15, verbose=-1, n_jobs=1),
}
for cls, convert in ((XGBClassifier, convert_xgboost), (LGBMClassifier, convert_lightgbm)):
    update_registered_converter(cls, cls.__name__, shapes, convert, options={"nocl": [True, False], "zipmap": [True, False, "columns"]})


def answers(folder, model, x):
    """Runs onnxruntime and keeps its outputs; maps become matrices."""
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    (folder / "in_0.pb").write_bytes(numpy_helper.from_array(x).SerializeToString())
    options = rt.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    try:
        s = rt.InferenceSession(model.SerializeToString(), options)
        values = s.run(None, {s.get_inputs()[0].name: x})
    except Exception as error:
        (folder / "error.txt").write_text(str(error))
        return
    values = [np.array([list(m.values()) for m in v]) if isinstance(v, list) else np.asarray(v) for v in values]
    for i, v in enumerate(values):
        (folder / f"out_{i}.pb").write_bytes(numpy_helper.from_array(v).SerializeToString())


def expect(folder, pipeline, x):
    """scikit-learn's own answers, from the same numbers."""
    scores = pipeline.predict_proba(x) if hasattr(pipeline, "predict_proba") else pipeline.decision_function(x)
    for name, v in (("labels", pipeline.predict(x)), ("scores", scores)):
        v = v.astype(object) if v.dtype.kind == "U" else v
        (folder / f"{name}.pb").write_bytes(numpy_helper.from_array(np.asarray(v)).SerializeToString())


def case(name, pipeline, export, x):
    folder = OUT / name
    folder.mkdir(parents=True)
    try:
        model = export()
    except Exception as error:
        (folder / "refused.txt").write_text(f"{type(error).__name__}: {error}"[:300])
        return
    answers(folder, model, x)
    expect(folder, pipeline, x)


def exports(kind, labels, scaler, types, zipmap=False, **options):
    y = LABELS[labels]
    if kind == "xgboost":  # which takes no labels but 0, 1, 2 …
        y = np.unique(y, return_inverse=True)[1]
    pipeline = make_pipeline(scaler(), KINDS[kind]()).fit(X[::2], y[::2])
    last = pipeline.steps[-1][1]
    opset = options.pop("opset", {"": 18, "ai.onnx.ml": 3})
    for t in types:
        x = X.astype(TYPES[t])
        settings = dict(options)
        if kind != "linearsvc":  # which has no such option
            settings["zipmap"] = zipmap
        extras = [scaler.__name__[:3].lower(), *(["map"] if zipmap is True else [zipmap] if zipmap else []), *options, *([f"opset{opset['']}"] if opset[""] != 18 else [])]
        name = "-".join([kind, labels, t, *extras])
        case(name, pipeline, lambda: to_onnx(pipeline, x[:1], options={id(last): settings}, target_opset=opset), x)


def alone(kind, labels, convert, **options):
    """onnxmltools by itself, without a pipeline."""
    y = LABELS[labels]
    if kind == "xgboost":
        y = np.unique(y, return_inverse=True)[1]
    x = X.astype(np.float32)
    model = KINDS[kind]().fit(x[::2], y[::2])
    export = lambda: convert(model, initial_types=[("input", FloatTensorType([None, 4]))], target_opset=15, **options)
    case("-".join([kind, labels, "f32", "alone", *options]), model, export, x)


for kind in KINDS:
    texts = kind != "xgboost"
    exports(kind, "six", StandardScaler, ["f32", "f64"])
    exports(kind, "words" if texts else "two", StandardScaler, ["f32", "f64"])
for kind in ("forest", "logistic", "svcproba", "svc", "knn", "gradient", "xgboost", "lightgbm"):
    exports(kind, "two", MinMaxScaler, ["f32", "f64"])
    exports(kind, "six", StandardScaler, ["f32", "f64"], zipmap=True)
    exports(kind, "six" if kind == "xgboost" else "texts", StandardScaler, ["f32"], zipmap="columns")
for kind in ("knn", "knndistance", "knnmanhattan"):
    exports(kind, "six", StandardScaler, ["f32", "f64"], optim="cdist")
for kind in ("forest", "gradient", "logistic", "svc", "knn", "sgd", "bayes", "bagging", "ada", "mlp"):
    exports(kind, "six", StandardScaler, ["f32", "f64"], opset={"": 11, "ai.onnx.ml": 1})
for labels in ("six", "two"):
    alone("xgboost", labels, onnxmltools.convert_xgboost)
    alone("lightgbm", labels, onnxmltools.convert_lightgbm)
    alone("lightgbm", labels, onnxmltools.convert_lightgbm, zipmap=False)
